package routing

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/script-ohio/platform/app/contract"
)

// Options say where notifications go. Secrets are paths of files that
// Alertmanager reads; no value of a secret comes here. What is empty does not
// exist: its alerts still reach the webhook, which alone is required.
type Options struct {
	Webhook   WebhookOptions
	PagerDuty PagerDutyOptions
	Slack     SlackOptions
	Mail      MailOptions
	// HeartbeatURLFile holds the URL of a dead-man service, which is asked
	// every few minutes and calls somebody when that stops. Needs Alertmanager
	// 0.26.
	HeartbeatURLFile string
	// TemplatesDir is where Alertmanager finds the files of Templates, absolute
	// or relative to its configuration; empty means templates.
	TemplatesDir string
}

// WebhookOptions are the app's alert webhook.
type WebhookOptions struct {
	// URL is the root of the app, such as http://script-ohio:8000.
	URL string
	// TokenFile holds what the app has as ALERT_TOKEN.
	TokenFile string
}

// PagerDutyOptions are a PagerDuty integration of Events v2.
type PagerDutyOptions struct {
	RoutingKeyFile string
}

// SlackOptions are an incoming webhook of Slack.
type SlackOptions struct {
	URLFile string
	Channel string // other than the webhook's own
}

// MailOptions are a mail server, which must offer TLS, and who writes to whom.
type MailOptions struct {
	Smarthost    string // host:port
	From         string
	To           []string
	Username     string
	PasswordFile string
}

func (m MailOptions) empty() bool {
	return m.Smarthost == "" && m.From == "" && len(m.To) == 0 && m.Username == "" && m.PasswordFile == ""
}

// Validate tells all that is wrong at once.
func (o Options) Validate() error {
	var wrong []error
	miss := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if err := root(o.Webhook.URL); err != nil {
		miss("webhook URL: %w", err)
	}
	if o.Webhook.TokenFile == "" {
		miss("webhook token file: the app refuses alerts without a token; name the file that holds it")
	}
	if o.Slack.Channel != "" && o.Slack.URLFile == "" {
		miss("slack URL file: a channel is named, so name the file that holds the webhook's URL")
	}
	wrong = append(wrong, o.Mail.validate()...)
	if strings.ContainsAny(o.TemplatesDir, `*?[\`) {
		miss("templates folder %q: it is a folder, not a pattern", o.TemplatesDir)
	}
	return errors.Join(wrong...)
}

// root checks the root of the app's URL.
func root(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text may hold a password
		return errors.New("it must look like http://script-ohio:8000")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("%q must look like http://script-ohio:8000", u.Redacted())
	case u.User != nil:
		return errors.New("it holds a user; the token belongs in a file")
	}
	return nil
}

func (m MailOptions) validate() (wrong []error) {
	if m.empty() {
		return nil
	}
	if host, port, err := net.SplitHostPort(m.Smarthost); err != nil || host == "" || port == "" {
		wrong = append(wrong, fmt.Errorf("mail server %q: it must be HOST:PORT", m.Smarthost))
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		wrong = append(wrong, fmt.Errorf("mail sender %q: it must be an address", m.From))
	}
	if len(m.To) == 0 {
		wrong = append(wrong, errors.New("mail recipients: name at least one"))
	}
	for _, to := range m.To {
		if _, err := mail.ParseAddress(to); err != nil {
			wrong = append(wrong, fmt.Errorf("mail recipient %q: it must be an address", to))
		}
	}
	if (m.Username == "") != (m.PasswordFile == "") {
		wrong = append(wrong, errors.New("mail login: user name and password file come together"))
	}
	return wrong
}

// told says whether an own receiver of a severity exists.
func (o Options) told(s contract.Severity) bool {
	switch s {
	case contract.Critical:
		return o.PagerDuty.RoutingKeyFile != "" || o.Slack.URLFile != ""
	case contract.Warning:
		return o.Slack.URLFile != ""
	case contract.Ticket:
		return !o.Mail.empty() || o.Slack.URLFile != ""
	}
	return false
}

func (o Options) templates() string {
	dir := o.TemplatesDir
	if dir == "" {
		dir = "templates"
	}
	return filepath.ToSlash(filepath.Join(dir, "*.tmpl"))
}
