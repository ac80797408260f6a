package main

import (
	"context"
	"fmt"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/auth"
)

type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Create a key. It is shown once."`
	List   keysListCmd   `cmd:"" help:"List keys."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke a key; it stops working within ten seconds."`
}

type keysCreateCmd struct {
	instance
	output
	Role string   `required:"" enum:"readonly,developer,operator" help:"What the key may do: ${enum}."`
	Name string   `required:"" help:"Who or what uses it."`
	Rate *float64 `help:"Requests a second of its own, instead of the role's."`
}

// keyView is a key as programs see it.
type keyView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Rate       *float64   `json:"rate,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	CreatedBy  string     `json:"created_by"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	Key        string     `json:"key,omitempty"`
}

func viewOf(k auth.Key) keyView {
	return keyView{k.ID, k.Name, k.Role.String(), k.Rate, k.CreatedAt, k.CreatedBy, k.RevokedAt, k.LastUsedAt, ""}
}

func (c keysCreateCmd) Run(ctx context.Context, out *console) error {
	role, err := contract.ParseRole(c.Role)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "--role")
	}
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	by := "ohio keys create"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	key, secret, err := auth.NewStore(pool).Recording(auditLog(pool).Change).Create(ctx, c.Name, role, c.Rate, by)
	if err != nil {
		return err
	}
	view := viewOf(key)
	view.Key = secret
	return c.print(out, view, func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "%s\n", secret)
		fmt.Fprintln(out.err, "This is the only time the key is shown. Send it as `Authorization: Bearer KEY`.")
	})
}

type keysListCmd struct {
	instance
	output
}

func (c keysListCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	keys, err := auth.NewStore(pool).List(ctx)
	if err != nil {
		return err
	}
	views := make([]keyView, len(keys))
	for i, k := range keys {
		views[i] = viewOf(k)
	}
	return c.print(out, views, func(w *tabwriter.Writer) {
		row(w, "ID", "NAME", "ROLE", "CREATED", "LAST USED", "REVOKED")
		for _, k := range views {
			row(w, k.ID, k.Name, k.Role, date(&k.CreatedAt), date(k.LastUsedAt), date(k.RevokedAt))
		}
	})
}

type keysRevokeCmd struct {
	instance
	ID string `arg:"" help:"The key's id, from ohio keys list."`
}

func (c keysRevokeCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := auth.NewStore(pool).Recording(auditLog(pool).Change).Revoke(ctx, c.ID); err != nil {
		return err
	}
	fmt.Fprintf(out.out, "revoked %s\n", c.ID)
	return nil
}
