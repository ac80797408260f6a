package security

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/auth"
)

const day = 24 * time.Hour

// What becomes of keys with time.
const (
	unusedAfter = 90 * day
	rotateAfter = 180 * day
	// idleAfter is how long an operator key may do nothing but read.
	idleAfter = 90 * day
)

// actsSQL finds when keys last did what is on record: everything audited,
// activating packs, and asking for jobs.
const actsSQL = `select id, max(at) from (
		select actor_id as id, at from audit_log where actor_id = any($1)
		union all select substring(activated_by from '^key ([0-9a-z]+) '), activated_at from pack_activations
		union all select substring(requested_by from '^key ([0-9a-z]+) '), created_at from job_runs where requested_by <> ''
	) acts where id = any($1) group by id`

// keys reviews the API keys that work.
func (a *Auditor) keys(ctx context.Context, _ *Report) ([]Finding, string, error) {
	keys, err := a.deps.Keys.List(ctx)
	if err != nil {
		return nil, "", err
	}
	acts, err := a.acts(ctx, keys)
	if err != nil {
		return nil, "", err
	}
	var findings []Finding
	working := 0
	for _, k := range keys {
		if k.RevokedAt == nil {
			working++
			findings = append(findings, a.review(k, acts[k.ID])...)
		}
	}
	return findings, fmt.Sprintf("%d keys work", working), nil
}

// acts gives when each operator key last did more than read.
func (a *Auditor) acts(ctx context.Context, keys []auth.Key) (map[string]time.Time, error) {
	operators := []string{}
	for _, k := range keys {
		if k.Role == contract.Operator {
			operators = append(operators, k.ID)
		}
	}
	rows, err := a.deps.Pool.Query(ctx, actsSQL, operators)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "what operators did cannot be read")
	}
	acts := map[string]time.Time{}
	var id string
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error { acts[id] = at; return nil }); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "what operators did cannot be read")
	}
	return acts, nil
}

// review judges one key. A key that nobody uses is told of as that only.
func (a *Auditor) review(k auth.Key, acted time.Time) []Finding {
	where := fmt.Sprintf("key %s (%s, %s)", k.ID, k.Name, k.Role)
	age := a.options.Now().Sub(k.CreatedAt)
	used := k.CreatedAt
	unused := "was never used since it was made"
	if k.LastUsedAt != nil {
		used = *k.LastUsedAt
		unused = "was last used"
	}
	if since := a.options.Now().Sub(used); since >= unusedAfter {
		return []Finding{{
			Severity: contract.Ticket, Where: where, What: fmt.Sprintf("%s %s ago", unused, days(since)),
			Do: "revoke it with `ohio keys revoke " + k.ID + "` unless somebody still needs it",
		}}
	}
	var findings []Finding
	if age >= rotateAfter {
		findings = append(findings, Finding{
			Severity: contract.Ticket, Where: where, What: fmt.Sprintf("has not been renewed for %s", days(age)),
			Do: "create another for the same use, switch over, and revoke this one",
		})
	}
	if k.Role == contract.Operator && age >= idleAfter && a.options.Now().Sub(acted) >= idleAfter {
		what := "only reads, as far as is on record"
		if !acted.IsZero() {
			what = fmt.Sprintf("has only read for %s", days(a.options.Now().Sub(acted)))
		}
		findings = append(findings, Finding{
			Severity: contract.Ticket, Where: where, What: what, Do: "if that is all it is for, replace it by a key with the role readonly or developer",
		})
	}
	return findings
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", int(d/day)) }
