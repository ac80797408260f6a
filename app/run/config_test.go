package run_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/run"
)

func TestDefaultsAreTheContracts(t *testing.T) {
	want := contract.Config{
		APIRateLimit: 6, LogLevel: "info", CacheTTL: 3600, WorkerTimeout: 30, CFBDMonthlyBudget: 1000, NotifyRate: 20,
		Listen: ":8000", InternalListen: ":9000", ShutdownPause: 5, ShutdownDrain: 25, TraceSampleRatio: 0.1,
	}
	config, err := run.LoadConfig(nil)
	require.NoError(t, err)
	require.Equal(t, want, config)
	require.Equal(t, contract.ShutdownPause, config.ShutdownPause.Duration())
	require.Equal(t, contract.ShutdownDrain, config.ShutdownDrain.Duration())

	var empty []string
	for _, v := range contract.Variables() {
		empty = append(empty, v.Name+"=")
	}
	config, err = run.LoadConfig(empty)
	require.NoError(t, err)
	require.Equal(t, want, config, "an empty variable is one that is not set")
}

func TestEveryVariableIsRead(t *testing.T) {
	config, err := run.LoadConfig([]string{
		"DATABASE_URL=postgres://u:p=1@h/d", "REDIS_URL=redis://h", "MODELS_BUCKET=mem://",
		"SECRET_KEY=" + strings.Repeat("s", 32), "CFBD_API_KEY=k", "API_RATE_LIMIT=1", "LOG_LEVEL=DEBUG",
		"CACHE_TTL=1", "WORKER_TIMEOUT=2", "LISTEN=[::1]:1", "INTERNAL_LISTEN=:2", "TRUSTED_PROXIES=10.0.0.0/8, fd00::/8",
		"SHUTDOWN_PAUSE=0", "SHUTDOWN_DRAIN=3", "OTEL_EXPORTER_OTLP_ENDPOINT=http://a", "TRACE_SAMPLE_RATIO=1",
		"BACKUP_BUCKET=mem://b", "BACKUP_RECIPIENT=age1", "BACKUP_IDENTITY=AGE-SECRET-KEY-1", "CFBD_MONTHLY_BUDGET=7",
		"SLACK_WEBHOOK_URL=https://s", "PAGERDUTY_ROUTING_KEY=p", "SMTP_URL=smtp://m", "MAIL_FROM=a@b", "MAIL_TO=c@d,e@f",
		"TLS_HOSTS=h", "ALERT_TOKEN=" + strings.Repeat("t", 16), "LOG_STORE=file:///l",
		"NOTIFY_ROUTES=report=slack,ticket=log", "NOTIFY_RATE=3",
		"UNRELATED=1", "no assignment",
	})
	require.NoError(t, err)
	require.Equal(t, contract.Config{
		DatabaseURL: "postgres://u:p=1@h/d", RedisURL: "redis://h", ModelsBucket: "mem://",
		SecretKey: strings.Repeat("s", 32), CFBDAPIKey: "k", APIRateLimit: 1, LogLevel: "DEBUG",
		CacheTTL: 1, WorkerTimeout: 2, Listen: "[::1]:1", InternalListen: ":2", TrustedProxies: []string{"10.0.0.0/8", " fd00::/8"},
		ShutdownPause: 0, ShutdownDrain: 3, OTLPEndpoint: "http://a", TraceSampleRatio: 1,
		BackupBucket: "mem://b", BackupRecipient: "age1", BackupIdentity: "AGE-SECRET-KEY-1", CFBDMonthlyBudget: 7,
		SlackWebhookURL: "https://s", PagerDutyKey: "p", SMTPURL: "smtp://m", MailFrom: "a@b", MailTo: []string{"c@d", "e@f"},
		TLSHosts: []string{"h"}, AlertToken: strings.Repeat("t", 16), LogStore: "file:///l",
		NotifyRoutes: []string{"report=slack", "ticket=log"}, NotifyRate: 3,
	}, config)
}

func TestBadValuesAreNamed(t *testing.T) {
	for variable, bad := range map[string]struct{ value, says string }{
		"API_RATE_LIMIT":     {"six", "must be of type int"},
		"CACHE_TTL":          {"0", "at least 1 second"},
		"WORKER_TIMEOUT":     {"30s", "must be of type seconds"},
		"SHUTDOWN_PAUSE":     {"-1", "must not be negative"},
		"SHUTDOWN_DRAIN":     {"0", "at least 1 second"},
		"TRACE_SAMPLE_RATIO": {"NaN", "must be 0 to 1"},
		"LOG_LEVEL":          {"loud", `"loud" must be debug, info, warn or error`},
		"SECRET_KEY":         {"hunter2", "at least 32 characters"},
		"ALERT_TOKEN":        {"hunter2", "at least 16 characters"},
		"LISTEN":             {"8000", `"8000" must be HOST:PORT`},
		"INTERNAL_LISTEN":    {"localhost", "must be HOST:PORT"},
		"NOTIFY_ROUTES":      {"report=fax", "must have channels of"},
		"NOTIFY_RATE":        {"0", "at least 1"},
		"TRUSTED_PROXIES":    {"10.0.0.0/8,10.0.0.1", "must be CIDRs"},
		"LOG_STORE":          {"http://u:hunter2@loki", "must say which lines of the Loki"},
	} {
		_, err := run.LoadConfig([]string{variable + "=" + bad.value})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), variable)
		require.ErrorContains(t, err, variable+" ")
		require.ErrorContains(t, err, bad.says)
		require.NotContains(t, err.Error(), ";", "one problem only")
		require.NotContains(t, err.Error(), "hunter2")
		require.Equal(t, 1, strings.Count(err.Error(), variable))
	}
}

func TestAllProblemsAreToldAtOnceInOrder(t *testing.T) {
	_, err := run.LoadConfig([]string{
		"TRACE_SAMPLE_RATIO=half", "SHUTDOWN_DRAIN=0", "LISTEN=x", "INTERNAL_LISTEN=y", "CACHE_TTL=long", "LOG_LEVEL=loud",
		"SECRET_KEY=hunter2", "DATABASE_URL=postgres://u:hunter2@h/d",
	})
	require.EqualError(t, err, `configuration: SECRET_KEY must have at least 32 characters; `+
		`LOG_LEVEL "loud" must be debug, info, warn or error; CACHE_TTL must be of type seconds; `+
		`LISTEN "x" must be HOST:PORT; INTERNAL_LISTEN "y" must be HOST:PORT; `+
		`SHUTDOWN_DRAIN must be at least 1 second; TRACE_SAMPLE_RATIO must be of type float64`)
}

// A secret never comes back in an error, whatever else is wrong.
func TestSecretsStayOutOfErrors(t *testing.T) {
	environ := []string{"API_RATE_LIMIT=six", "LISTEN=x"}
	secrets := 0
	for _, v := range contract.Variables() {
		if v.Secret {
			secrets++
			environ = append(environ, v.Name+"=hunter2")
		}
	}
	require.Positive(t, secrets)
	_, err := run.LoadConfig(environ)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func FuzzLoadConfig(f *testing.F) {
	f.Add("CACHE_TTL", "12")
	f.Add("TRUSTED_PROXIES", "10.0.0.0/8,,")
	f.Add("TRACE_SAMPLE_RATIO", "1e400")
	f.Fuzz(func(t *testing.T, name, value string) {
		config, err := run.LoadConfig([]string{name + "=" + value})
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			return
		}
		require.Positive(t, config.CacheTTL)
		require.Positive(t, config.WorkerTimeout.Duration())
	})
}

// The environment of the tests must not leak into them.
func TestEnvironIsTheOnlySource(t *testing.T) {
	t.Setenv("CACHE_TTL", "7")
	config, err := run.LoadConfig(nil)
	require.NoError(t, err)
	require.EqualValues(t, 3600, config.CacheTTL)
	config, err = run.LoadConfig(os.Environ())
	require.NoError(t, err)
	require.EqualValues(t, 7, config.CacheTTL)
}
