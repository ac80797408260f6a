// Package audit keeps the record of every change of state and every privileged
// read: who, what, from where, before and after. An entry is written in the
// transaction of the change, so there is neither without the other. Entries
// are append-only and each carries a hash over itself and the one before it,
// so that whoever removes, alters, moves or inserts one is found out. To find
// out that the end was cut off, or all of it written anew, takes a head that
// was kept elsewhere.
package audit

import (
	"context"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Actor is who did something.
type Actor struct {
	ID        string // of the API key; System for the program itself
	Name      string
	Role      string
	ClientIP  string // "" when there is no client
	RequestID string
}

// System is the id and role of what no key stands behind.
const System = "system"

// SystemActor is the program, or a person at its command line.
func SystemActor(name string) Actor { return Actor{ID: System, Name: name, Role: System} }

type actorKey struct{}

// WithActor says who acts in a context.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf gives the actor of a context, if WithActor said one.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// Entry is what happened. Before and After are anything that JSON can say;
// what is named like a secret or looks like one is taken out, and what is
// larger than 64 KiB is kept as its size and hash. nil is nothing.
type Entry struct {
	Action      string // lower-case words with dots, such as key.revoke
	SubjectType string // such as api_key
	SubjectID   string
	Before      any
	After       any
	Actor       *Actor // default: that of the context, else the system's
}

// Row is an entry as it is kept.
type Row struct {
	Seq         int64
	At          time.Time // kept and hashed to the microsecond
	Actor       Actor
	Action      string
	SubjectType string
	SubjectID   string
	Before      []byte // JSON, nil for nothing
	After       []byte
	Prev        Hash // of the row before; zero for the first
	Hash        Hash
}

// Head is the newest row by number and hash. Who keeps it elsewhere can prove
// later that nothing before it was touched or cut off.
type Head struct {
	Seq  int64
	Hash Hash
}

const maxText = 500 // bytes of a name or id

// row checks an entry and fills in who acts. Sequence and hashes come later.
func (e Entry) row(ctx context.Context, system string, at time.Time) (Row, error) {
	actor := SystemActor(system)
	if known, ok := ActorOf(ctx); ok {
		actor = known
	}
	if e.Actor != nil {
		actor = *e.Actor
	}
	var wrong []fault.Detail
	for _, required := range [][2]string{{"action", e.Action}, {"subject type", e.SubjectType}, {"actor", actor.ID}} {
		if strings.TrimSpace(required[1]) == "" {
			wrong = append(wrong, fault.Detail{Location: required[0], Message: "must not be empty"})
		}
	}
	before, err := document(e.Before)
	if err != nil {
		wrong = append(wrong, fault.Detail{Location: "before", Message: err.Error()})
	}
	after, err := document(e.After)
	if err != nil {
		wrong = append(wrong, fault.Detail{Location: "after", Message: err.Error()})
	}
	if len(wrong) > 0 {
		return Row{}, fault.New(fault.Internal, "the audit entry %q cannot be written", e.Action).With(wrong...)
	}
	actor = Actor{text(actor.ID), text(actor.Name), text(actor.Role), text(actor.ClientIP), text(actor.RequestID)}
	return Row{
		At: at.UTC(), Actor: actor, Action: text(e.Action),
		SubjectType: text(e.SubjectType), SubjectID: text(e.SubjectID), Before: before, After: after,
	}, nil
}

// text makes a string that PostgreSQL keeps as it is.
func text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
