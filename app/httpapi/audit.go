package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/script-ohio/platform/app/ops/audit"
)

// Audit lists the audit log, and records in it who looked; audit.Log is one.
type Audit interface {
	List(ctx context.Context, filter audit.Filter) ([]audit.Row, error)
}

// acting says in a context who acts, as the audit log has it.
func acting(ctx context.Context) context.Context {
	call := callOf(ctx)
	actor := audit.Actor{ID: call.who.KeyID, Name: call.who.Name, Role: call.who.Role.String(), RequestID: call.id}
	if call.client.IsValid() {
		actor.ClientIP = call.client.String()
	}
	return audit.WithActor(ctx, actor)
}

// AuditEntry is one row of the audit log.
type AuditEntry struct {
	Seq       int64           `json:"seq" doc:"Counts from 1 without gaps"`
	At        time.Time       `json:"at"`
	Actor     AuditActor      `json:"actor"`
	Action    string          `json:"action" example:"key.revoke"`
	Subject   AuditSubject    `json:"subject"`
	Before    json.RawMessage `json:"before,omitempty" doc:"The state before, without secrets"`
	After     json.RawMessage `json:"after,omitempty" doc:"The state after, without secrets"`
	RequestID string          `json:"request_id,omitempty"`
	Hash      string          `json:"hash" doc:"SHA-256 over the row and the hash of the row before, in hexadecimal"`
}

// AuditActor is who did it.
type AuditActor struct {
	ID       string `json:"id" doc:"Of the API key, or system"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	ClientIP string `json:"client_ip,omitempty"`
}

// AuditSubject is what it was done to.
type AuditSubject struct {
	Type string `json:"type" example:"api_key"`
	ID   string `json:"id"`
}

// AuditPage is one page of the audit log, the newest first.
type AuditPage struct {
	Entries    []AuditEntry `json:"entries" nullable:"false"`
	NextBefore int64        `json:"next_before,omitempty" doc:"Ask again with this as before for the next page; absent on the last"`
}

type auditInput struct {
	Actor       string    `query:"actor" maxLength:"100" doc:"Id of an API key, or system"`
	Action      string    `query:"action" maxLength:"100" doc:"An action, or with a dot at its end all that begin with it" example:"key."`
	SubjectType string    `query:"subject_type" maxLength:"100"`
	SubjectID   string    `query:"subject_id" maxLength:"500"`
	RequestID   string    `query:"request_id" maxLength:"128"`
	Since       time.Time `query:"since"`
	Until       time.Time `query:"until" doc:"Before this time"`
	Before      int64     `query:"before" minimum:"1" doc:"Only rows with a lower number"`
	Limit       int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (a *API) audit(ctx context.Context, in *auditInput) (*reply[AuditPage], error) {
	rows, err := a.deps.Audit.List(ctx, audit.Filter{
		Actor: in.Actor, Action: in.Action, SubjectType: in.SubjectType, SubjectID: in.SubjectID, RequestID: in.RequestID,
		Since: in.Since, Until: in.Until, Before: in.Before, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	page := AuditPage{Entries: make([]AuditEntry, len(rows))}
	for i, r := range rows {
		page.Entries[i] = AuditEntry{
			Seq: r.Seq, At: r.At, Action: r.Action, Before: r.Before, After: r.After, RequestID: r.Actor.RequestID, Hash: r.Hash.String(),
			Actor:   AuditActor{r.Actor.ID, r.Actor.Name, r.Actor.Role, r.Actor.ClientIP},
			Subject: AuditSubject{r.SubjectType, r.SubjectID},
		}
	}
	if len(rows) == in.Limit && rows[len(rows)-1].Seq > 1 {
		page.NextBefore = rows[len(rows)-1].Seq
	}
	return &reply[AuditPage]{page}, nil
}
