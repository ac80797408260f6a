package routing

import "github.com/prometheus/common/model"

// Config is an Alertmanager configuration, as far as it is used here: every
// field is known to Alertmanager 0.25 and later, but for Webhook.URLFile.
type Config struct {
	Route         Route          `yaml:"route"`
	InhibitRules  []InhibitRule  `yaml:"inhibit_rules"`
	Receivers     []Receiver     `yaml:"receivers"`
	TimeIntervals []TimeInterval `yaml:"time_intervals,omitempty"`
	Templates     []string       `yaml:"templates"`
}

// Route is a node of the routing tree; what it leaves out is its parent's.
type Route struct {
	Receiver string   `yaml:"receiver"`
	Matchers []string `yaml:"matchers,omitempty"`
	// Continue lets an alert also try the routes that follow.
	Continue            bool           `yaml:"continue,omitempty"`
	GroupBy             []string       `yaml:"group_by,flow,omitempty"`
	GroupWait           model.Duration `yaml:"group_wait,omitempty"`
	GroupInterval       model.Duration `yaml:"group_interval,omitempty"`
	RepeatInterval      model.Duration `yaml:"repeat_interval,omitempty"`
	ActiveTimeIntervals []string       `yaml:"active_time_intervals,omitempty"`
	Routes              []Route        `yaml:"routes,omitempty"`
}

// InhibitRule silences targets while a source fires whose labels in Equal are
// the same; a label that both lack counts as the same.
type InhibitRule struct {
	SourceMatchers []string `yaml:"source_matchers"`
	TargetMatchers []string `yaml:"target_matchers"`
	Equal          []string `yaml:"equal,flow,omitempty"`
}

// Receiver is a set of places that are told together.
type Receiver struct {
	Name      string      `yaml:"name"`
	Webhook   []Webhook   `yaml:"webhook_configs,omitempty"`
	PagerDuty []PagerDuty `yaml:"pagerduty_configs,omitempty"`
	Slack     []Slack     `yaml:"slack_configs,omitempty"`
	Email     []Email     `yaml:"email_configs,omitempty"`
}

// Webhook posts the alerts as JSON.
type Webhook struct {
	SendResolved bool   `yaml:"send_resolved"`
	URL          string `yaml:"url,omitempty"`
	URLFile      string `yaml:"url_file,omitempty"` // since 0.26
	MaxAlerts    int    `yaml:"max_alerts,omitempty"`
	HTTP         *HTTP  `yaml:"http_config,omitempty"`
}

// HTTP is how a webhook is asked.
type HTTP struct {
	Authorization   Authorization `yaml:"authorization"`
	FollowRedirects bool          `yaml:"follow_redirects"`
}

// Authorization is a bearer token in a file.
type Authorization struct {
	CredentialsFile string `yaml:"credentials_file"`
}

// PagerDuty triggers and resolves events.
type PagerDuty struct {
	SendResolved   bool              `yaml:"send_resolved"`
	RoutingKeyFile string            `yaml:"routing_key_file"`
	Description    string            `yaml:"description"`
	Severity       string            `yaml:"severity"`
	Class          string            `yaml:"class"`
	Component      string            `yaml:"component"`
	Client         string            `yaml:"client"`
	ClientURL      string            `yaml:"client_url"`
	Details        map[string]string `yaml:"details"`
	Links          []Link            `yaml:"links"`
}

// Link is left out by PagerDuty's notifier when Href comes out empty.
type Link struct {
	Href string `yaml:"href"`
	Text string `yaml:"text"`
}

// Slack posts a message to the channel of an incoming webhook, or to Channel.
type Slack struct {
	SendResolved bool     `yaml:"send_resolved"`
	APIURLFile   string   `yaml:"api_url_file"`
	Channel      string   `yaml:"channel,omitempty"`
	Color        string   `yaml:"color"`
	Title        string   `yaml:"title"`
	TitleLink    string   `yaml:"title_link"`
	Fallback     string   `yaml:"fallback"`
	Text         string   `yaml:"text"`
	MarkdownIn   []string `yaml:"mrkdwn_in,flow"`
}

// Email sends a mail to a list of addresses.
type Email struct {
	SendResolved     bool              `yaml:"send_resolved"`
	To               string            `yaml:"to"`
	From             string            `yaml:"from"`
	Smarthost        string            `yaml:"smarthost"`
	AuthUsername     string            `yaml:"auth_username,omitempty"`
	AuthPasswordFile string            `yaml:"auth_password_file,omitempty"`
	RequireTLS       bool              `yaml:"require_tls"`
	Headers          map[string]string `yaml:"headers"`
	HTML             string            `yaml:"html"`
	Text             string            `yaml:"text"`
}

// TimeInterval is a set of times, in UTC.
type TimeInterval struct {
	Name      string        `yaml:"name"`
	Intervals []TimeOfWeeks `yaml:"time_intervals"`
}

// TimeOfWeeks is hours of the days of a week.
type TimeOfWeeks struct {
	Weekdays []string    `yaml:"weekdays,flow"`
	Times    []TimeOfDay `yaml:"times"`
}

// TimeOfDay is a span of HH:MM.
type TimeOfDay struct {
	Start string `yaml:"start_time"`
	End   string `yaml:"end_time"`
}
