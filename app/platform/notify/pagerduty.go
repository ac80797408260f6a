package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

type pagerDuty struct {
	poster     poster
	routingKey string
	url        string
}

// PagerDutyURL takes events of the Events API v2.
const PagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// NewPagerDuty triggers and resolves alerts at url, which is PagerDutyURL but
// in tests. A notification's key is the deduplication key, so sending one
// twice is harmless.
func NewPagerDuty(routingKey, url string, clock func() time.Time) Channel {
	return &pagerDuty{newPoster(clock, newRedactor(routingKey)), routingKey, url}
}

// Name implements Channel.
func (p *pagerDuty) Name() string { return PagerDuty }

type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"` // of a trigger
	Links      []pagerDutyLink   `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Class     string            `json:"class"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Send implements Channel.
func (p *pagerDuty) Send(ctx context.Context, m Message) error {
	event := pagerDutyEvent{RoutingKey: p.routingKey, Action: "resolve", DedupKey: m.Key}
	if !m.Resolved {
		event.Action = "trigger"
		details := maps.Clone(m.Fields)
		if m.Body != "" {
			if details == nil {
				details = map[string]string{}
			}
			details["details"] = m.Body
		}
		event.Payload = &pagerDutyPayload{
			Summary: m.Title, Source: contract.ServiceName, Severity: pagerDutySeverity(m.Severity),
			Timestamp: m.At.UTC(), Class: m.Kind, Details: details,
		}
		if m.Link != "" {
			event.Links = []pagerDutyLink{{m.Link, "Where to look next"}}
		}
	}
	body, err := json.Marshal(event)
	if err != nil {
		return &Failure{Reason: "the event cannot be written as JSON"}
	}
	return p.poster.post(ctx, "PagerDuty", p.url, bytes.NewReader(body))
}

func pagerDutySeverity(s contract.Severity) string {
	switch s {
	case contract.Critical:
		return "critical"
	case contract.Warning:
		return "warning"
	}
	return "info"
}
