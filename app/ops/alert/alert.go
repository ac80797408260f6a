// Package alert keeps what Alertmanager tells the app: every alert once,
// however often and in whatever order it is told.
package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Status says whether an alert goes on.
type Status string

// The states of an alert. It never fires again once it has been resolved: the
// same trouble later is another alert, with a start of its own.
const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// Notice is what Alertmanager says of one alert.
type Notice struct {
	Fingerprint  string // of the labels
	Status       Status
	StartsAt     time.Time
	EndsAt       time.Time // zero while it fires
	Labels       map[string]string
	Annotations  map[string]string
	GeneratorURL string
}

// Alert is an alert as the database has it.
type Alert struct {
	ID           int64             `json:"id"`
	Fingerprint  string            `json:"fingerprint" doc:"Of the labels"`
	Status       Status            `json:"status" enum:"firing,resolved"`
	Name         string            `json:"name"`
	Severity     contract.Severity `json:"severity" doc:"critical, warning, ticket or info; empty when the alert says none"`
	StartsAt     time.Time         `json:"starts_at"`
	EndsAt       *time.Time        `json:"ends_at,omitempty"`
	Labels       map[string]string `json:"labels" nullable:"false"`
	Annotations  map[string]string `json:"annotations" nullable:"false"`
	GeneratorURL string            `json:"generator_url,omitempty"`
	ReceivedAt   time.Time         `json:"received_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
}

// Limits of one notice; what is longer is cut, because whoever sends it would
// not send it again.
const (
	MaxNotices = 500 // in one message
	maxPairs   = 64
	maxKey     = 200  // bytes
	maxValue   = 4000 // bytes
)

// normal gives a notice within the limits; one that cannot be told from others
// is fault.Invalid.
func (n Notice) normal(now time.Time) (Notice, error) {
	n.Fingerprint = cut(n.Fingerprint, maxKey)
	switch {
	case n.Fingerprint == "":
		return n, fault.New(fault.Invalid, "an alert has no fingerprint")
	case n.Status != Firing && n.Status != Resolved:
		return n, fault.New(fault.Invalid, "alert %s has the status %q: it must be firing or resolved", n.Fingerprint, cut(string(n.Status), 20))
	case n.StartsAt.IsZero():
		return n, fault.New(fault.Invalid, "alert %s has no start", n.Fingerprint)
	}
	n.StartsAt = n.StartsAt.UTC().Truncate(time.Microsecond) // as PostgreSQL keeps it
	if n.Status == Resolved && n.EndsAt.IsZero() {
		n.EndsAt = now
	}
	n.Labels, n.Annotations = pairs(n.Labels), pairs(n.Annotations)
	n.GeneratorURL = cut(n.GeneratorURL, maxValue)
	return n, nil
}

func (n Notice) name() string {
	if name := n.Labels["alertname"]; name != "" {
		return name
	}
	return fmt.Sprintf("alert %s", n.Fingerprint)
}

// pairs keeps so many pairs, the first by name.
func pairs(all map[string]string) map[string]string {
	kept := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if len(kept) == maxPairs {
			break
		}
		kept[cut(key, maxKey)] = cut(all[key], maxValue)
	}
	return kept
}

// cut makes text fit for the database.
func cut(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
