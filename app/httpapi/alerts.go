package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/alert"
)

// Alerts keeps what Alertmanager says; alert.Store is one.
type Alerts interface {
	Receive(ctx context.Context, notices []alert.Notice) (alert.Counts, error)
	List(ctx context.Context, filter alert.Filter) ([]alert.Alert, error)
}

// authenticateAlerts holds Alertmanager to its token, which is no API key: it
// opens this route and nothing else, and no key opens it. Without a configured
// token nothing does. Wrong tokens count against the client's budget.
func (a *API) authenticateAlerts(c *gin.Context, call *call, token string) {
	want, got := sha256.Sum256([]byte(a.opts.AlertToken)), sha256.Sum256([]byte(token))
	if a.opts.AlertToken != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		c.Next()
		return
	}
	if a.spend(c, call) {
		c.Header("WWW-Authenticate", `Bearer realm="`+contract.ServiceName+`"`)
		a.failWith(c, fault.New(fault.Unauthenticated, "this needs the token that Alertmanager is configured with: send it as Authorization: Bearer <token>"))
	}
}

// AlertMessage is a message of Alertmanager's webhook, version 4. Fields that
// are not here may come too.
type AlertMessage struct {
	_       struct{}      `json:"-" additionalProperties:"true"`
	Version string        `json:"version" enum:"4"`
	Status  string        `json:"status,omitempty" doc:"Of the group; each alert has its own"`
	Alerts  []AlertNotice `json:"alerts" maxItems:"500" nullable:"false"`
}

// AlertNotice is one alert of a message.
type AlertNotice struct {
	_            struct{}          `json:"-" additionalProperties:"true"`
	Status       string            `json:"status" enum:"firing,resolved"`
	Labels       map[string]string `json:"labels,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt,omitzero"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
	Fingerprint  string            `json:"fingerprint" minLength:"1"`
}

type alertsReceived struct{ Body AlertMessage }

func (a *API) receiveAlerts(ctx context.Context, in *alertsReceived) (*reply[alert.Counts], error) {
	notices := make([]alert.Notice, len(in.Body.Alerts))
	for i, n := range in.Body.Alerts {
		notices[i] = alert.Notice{
			Fingerprint: n.Fingerprint, Status: alert.Status(n.Status), StartsAt: n.StartsAt, EndsAt: n.EndsAt,
			Labels: n.Labels, Annotations: n.Annotations, GeneratorURL: n.GeneratorURL,
		}
	}
	counts, err := a.deps.Alerts.Receive(ctx, notices)
	if err != nil {
		return nil, err
	}
	return &reply[alert.Counts]{counts}, nil
}

// AlertPage is one page of alerts, those told last first.
type AlertPage struct {
	Alerts     []alert.Alert `json:"alerts" nullable:"false"`
	NextCursor string        `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type alertsInput struct {
	Status   string `query:"status" enum:"firing,resolved"`
	Severity string `query:"severity" enum:"critical,warning,ticket,info"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor   string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) alerts(ctx context.Context, in *alertsInput) (*reply[AlertPage], error) {
	rows, next, err := page(a.cursors, fmt.Sprintf("alerts %q %q", in.Status, in.Severity), in.Cursor, in.Limit,
		func(one alert.Alert) int64 { return one.ID },
		func(before int64, limit int) ([]alert.Alert, error) {
			return a.deps.Alerts.List(ctx, alert.Filter{Status: alert.Status(in.Status), Severity: in.Severity, Before: before, Limit: limit})
		})
	if err != nil {
		return nil, err
	}
	return &reply[AlertPage]{AlertPage{rows, next}}, nil
}
