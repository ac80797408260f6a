package contract

import (
	"reflect"
	"time"
)

// Seconds is a duration written as a whole number of seconds.
type Seconds int

// Duration converts to the standard type.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// Config is the configuration of the app, from environment variables. The
// tags name the variable, its default, what it is for, whether it is a secret
// and, if it is one that only a worker may hold, the queue of that one; the app parses by them, the infrastructure renders by them and the
// documentation is generated from them.
type Config struct {
	DatabaseURL       string   `env:"DATABASE_URL" secret:"true" doc:"PostgreSQL connection URL. Required except with serve --local."`
	RedisURL          string   `env:"REDIS_URL" secret:"true" doc:"Redis URL, redis:// or rediss://. Empty: limits and caches live in this process only."`
	ModelsBucket      string   `env:"MODELS_BUCKET" doc:"Bucket URL of model packs, such as s3://name?region=us-east-2 or file:///var/lib/ohio/models. Empty: the embedded pack only."`
	SecretKey         string   `env:"SECRET_KEY" secret:"true" doc:"Signs page cursors. The same on every replica; empty: random for each start, so cursors do not outlive it."`
	CFBDAPIKey        string   `env:"CFBD_API_KEY" secret:"true" doc:"Key of the College Football Data API."`
	APIRateLimit      int      `env:"API_RATE_LIMIT" envDefault:"6" doc:"Requests a second of each process towards the College Football Data API."`
	LogLevel          string   `env:"LOG_LEVEL" envDefault:"info" doc:"Least level logged: debug, info, warn or error."`
	CacheTTL          Seconds  `env:"CACHE_TTL" envDefault:"3600" doc:"Seconds that computed slates and rankings may be reused."`
	WorkerTimeout     Seconds  `env:"WORKER_TIMEOUT" envDefault:"30" doc:"Seconds after which a request is given up."`
	Listen            string   `env:"LISTEN" envDefault:":8000" doc:"Address of the public API."`
	InternalListen    string   `env:"INTERNAL_LISTEN" envDefault:":9000" doc:"Address of metrics and profiles; never exposed."`
	TrustedProxies    []string `env:"TRUSTED_PROXIES" doc:"Comma-separated CIDRs of the proxies whose X-Forwarded-For is believed. Empty: none."`
	ShutdownPause     Seconds  `env:"SHUTDOWN_PAUSE" envDefault:"5" doc:"Seconds between readiness off and the start of draining."`
	ShutdownDrain     Seconds  `env:"SHUTDOWN_DRAIN" envDefault:"25" doc:"Most seconds to finish what is in flight."`
	OTLPEndpoint      string   `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"OTLP/HTTP endpoint for traces. Empty: no tracing."`
	BackupBucket      string   `env:"BACKUP_BUCKET" doc:"Bucket URL of backups, such as s3://name?region=us-east-2 or file:///var/lib/ohio/backups. Empty: no backups."`
	BackupRecipient   string   `env:"BACKUP_RECIPIENT" doc:"age recipient that backups are encrypted for. Empty: the bucket's own encryption only."`
	BackupIdentity    string   `env:"BACKUP_IDENTITY" secret:"true" queue:"backup" doc:"age identity that opens encrypted backups, for verification, drills and restores."`
	CFBDMonthlyBudget int      `env:"CFBD_MONTHLY_BUDGET" envDefault:"1000" doc:"Requests a month that the College Football Data API may be asked."`
	SlackWebhookURL   string   `env:"SLACK_WEBHOOK_URL" secret:"true" doc:"Slack incoming webhook for notifications. Empty: no Slack."`
	PagerDutyKey      string   `env:"PAGERDUTY_ROUTING_KEY" secret:"true" doc:"Routing key of a PagerDuty Events v2 integration. Empty: no PagerDuty."`
	SMTPURL           string   `env:"SMTP_URL" secret:"true" doc:"Mail server, such as smtp://user:password@host:587. Empty: no mail."`
	MailFrom          string   `env:"MAIL_FROM" doc:"Sender address of notifications by mail."`
	MailTo            []string `env:"MAIL_TO" doc:"Comma-separated addresses that notifications by mail go to."`
	NotifyRoutes      []string `env:"NOTIFY_ROUTES" doc:"Comma-separated routes of notifications that go before the usual ones, such as report=slack,warning=slack+mail. Before the = stands a severity, a kind or kind/severity, after it pagerduty, slack, mail or log."`
	NotifyRate        int      `env:"NOTIFY_RATE" envDefault:"20" doc:"Most messages a minute for a channel of notifications; what is more is summed up in one."`
	TLSHosts          []string `env:"TLS_HOSTS" doc:"Comma-separated hosts, or host:port, whose certificates the weekly security audit looks at. Empty: none."`
	AlertToken        string   `env:"ALERT_TOKEN" secret:"true" doc:"Bearer token that Alertmanager presents at the alert webhook. Empty: the webhook refuses everything."`
	LogStore          string   `env:"LOG_STORE" doc:"Where logs can be read again: file:///folder, which this program also writes to, or http://host of a Loki with its selector as ?query=. Backups hold the last day of it. Empty: logs go to standard error only."`
	TraceSampleRatio  float64  `env:"TRACE_SAMPLE_RATIO" envDefault:"0.1" doc:"Share of requests traced, 0 to 1, unless the caller decided."`
}

// Variable is one field of Config as its tags describe it.
type Variable struct {
	Field   string // Go field of Config
	Name    string // environment variable
	Type    string
	Default string
	Doc     string
	Secret  bool
	Queue   Queue // whose workers alone may hold the secret; empty for all
}

// Variables lists the configuration in the order of Config.
func Variables() []Variable {
	t := reflect.TypeFor[Config]()
	vars := make([]Variable, 0, t.NumField())
	for f := range t.Fields() {
		kind := f.Type.String()
		switch f.Type {
		case reflect.TypeFor[Seconds]():
			kind = "seconds"
		case reflect.TypeFor[[]string]():
			kind = "list"
		}
		vars = append(vars, Variable{
			Field: f.Name, Name: f.Tag.Get("env"), Type: kind,
			Default: f.Tag.Get("envDefault"), Doc: f.Tag.Get("doc"), Secret: f.Tag.Get("secret") == "true",
			Queue: Queue(f.Tag.Get("queue")),
		})
	}
	return vars
}
