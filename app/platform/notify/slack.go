package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

type slack struct {
	poster  poster
	webhook string
}

// NewSlack posts to an incoming webhook, whose URL is the secret. A URL that
// is none is fault.Invalid.
func NewSlack(webhook string, clock func() time.Time) (Channel, error) {
	u, err := url.Parse(webhook)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fault.New(fault.Invalid, "SLACK_WEBHOOK_URL must be the https:// URL of an incoming webhook")
	}
	return &slack{newPoster(clock, newRedactor(urlSecrets(webhook)...)), webhook}, nil
}

// Name implements Channel.
func (s *slack) Name() string { return Slack }

type slackMessage struct {
	Text        string            `json:"text"` // what a phone shows
	Attachments []slackAttachment `json:"attachments"`
}

type slackAttachment struct {
	Color    string       `json:"color"`
	Title    string       `json:"title"`
	Link     string       `json:"title_link,omitempty"`
	Text     string       `json:"text,omitempty"`
	Fallback string       `json:"fallback"`
	Fields   []slackField `json:"fields,omitempty"`
	Footer   string       `json:"footer"`
	At       int64        `json:"ts"` // Unix seconds
}

type slackField struct {
	Title string `json:"title"`
	Value string `json:"value"`
	Short bool   `json:"short"`
}

// slackEscape keeps text from becoming links and mentions.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Send implements Channel.
func (s *slack) Send(ctx context.Context, m Message) error {
	title := slackEscape.Replace(m.headline())
	a := slackAttachment{
		Color: colour(m.Notification), Title: title, Link: m.Link, Text: slackEscape.Replace(m.Body), Fallback: title,
		Footer: slackEscape.Replace(fmt.Sprintf("%s · %s", m.Kind, m.Key)), At: m.At.Unix(),
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		value := slackEscape.Replace(m.Fields[name])
		a.Fields = append(a.Fields, slackField{slackEscape.Replace(name), value, len(value) <= 40})
	}
	body, err := json.Marshal(slackMessage{Text: title, Attachments: []slackAttachment{a}})
	if err != nil {
		return &Failure{Reason: "the message cannot be written as JSON"}
	}
	return s.poster.post(ctx, "Slack", s.webhook, bytes.NewReader(body))
}

// headline says how grave it is and what.
func (m Message) headline() string {
	if m.Resolved {
		return "[resolved] " + m.Title
	}
	return fmt.Sprintf("[%s] %s", m.Severity, m.Title)
}

func colour(n Notification) string {
	if n.Resolved {
		return "#2e7d32"
	}
	switch n.Severity {
	case contract.Critical:
		return "#b71c1c"
	case contract.Warning:
		return "#ef6c00"
	case contract.Ticket:
		return "#1565c0"
	}
	return "#616161"
}
