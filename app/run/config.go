// Package run wires the program: configuration, one file per subsystem, and
// an idempotent Start and Stop over all of them.
package run

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/logstore"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// LoadConfig reads the configuration from environment variables, given as
// os.Environ gives them, and reports every problem at once.
func LoadConfig(environ []string) (contract.Config, error) {
	variables := map[string]string{}
	for _, pair := range environ {
		// An empty variable is one that is not set.
		if name, value, _ := strings.Cut(pair, "="); value != "" {
			variables[name] = value
		}
	}
	var c contract.Config
	problems, err := parseProblems(env.ParseWithOptions(&c, env.Options{Environment: variables}))
	if err != nil {
		return c, err
	}
	validate(c, func(name string, ok bool, format string, args ...any) {
		if _, unread := problems[name]; !ok && !unread {
			problems[name] = name + " " + fmt.Sprintf(format, args...)
		}
	})
	var told []string
	for _, v := range contract.Variables() {
		if problem, ok := problems[v.Name]; ok {
			told = append(told, problem)
		}
	}
	if len(told) > 0 {
		return c, fault.New(fault.Invalid, "configuration: %s", strings.Join(told, "; "))
	}
	return c, nil
}

// parseProblems names the variables that cannot be parsed, without their
// values, which may be secret.
func parseProblems(err error) (map[string]string, error) {
	problems := map[string]string{}
	if err == nil {
		return problems, nil
	}
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return nil, fault.New(fault.Internal, "the configuration cannot be read")
	}
	for _, e := range aggregate.Errors {
		parse, ok := errors.AsType[env.ParseError](e)
		if !ok {
			return nil, fault.New(fault.Internal, "the configuration cannot be read")
		}
		for _, v := range contract.Variables() {
			if v.Field == parse.Name {
				problems[v.Name] = fmt.Sprintf("%s must be of type %s", v.Name, v.Type)
			}
		}
	}
	return problems, nil
}

// validate tells check, by variable, what must hold.
func validate(c contract.Config, check func(name string, ok bool, format string, args ...any)) {
	_, err := telemetry.Logger(io.Discard, c.LogLevel)
	check("LOG_LEVEL", err == nil, "%q must be debug, info, warn or error", c.LogLevel)
	check("CACHE_TTL", c.CacheTTL >= 1, "must be at least 1 second")
	check("WORKER_TIMEOUT", c.WorkerTimeout >= 1, "must be at least 1 second")
	check("API_RATE_LIMIT", c.APIRateLimit >= 1, "must be at least 1")
	check("SHUTDOWN_PAUSE", c.ShutdownPause >= 0, "must not be negative")
	check("SHUTDOWN_DRAIN", c.ShutdownDrain >= 1, "must be at least 1 second")
	check("TRACE_SAMPLE_RATIO", c.TraceSampleRatio >= 0 && c.TraceSampleRatio <= 1, "must be 0 to 1")
	check("SECRET_KEY", c.SecretKey == "" || len(c.SecretKey) >= 32, "must have at least 32 characters")
	check("ALERT_TOKEN", c.AlertToken == "" || len(c.AlertToken) >= 16, "must have at least 16 characters")
	_, _, err = net.SplitHostPort(c.Listen)
	check("LISTEN", err == nil, "%q must be HOST:PORT", c.Listen)
	_, _, err = net.SplitHostPort(c.InternalListen)
	check("INTERNAL_LISTEN", err == nil, "%q must be HOST:PORT", c.InternalListen)
	if c.LogStore != "" {
		_, err = logstore.Open(c.LogStore)
		check(logstore.Variable, err == nil, "%s", strings.TrimPrefix(fmt.Sprint(err), logstore.Variable+" "))
	}
	_, err = notify.ParseRules(c.NotifyRoutes)
	check("NOTIFY_ROUTES", err == nil, "%v", err)
	check("NOTIFY_RATE", c.NotifyRate >= 1, "must be at least 1")
	_, err = trustedProxies(c)
	check("TRUSTED_PROXIES", err == nil, "must be CIDRs such as 10.0.0.0/16: %v", err)
}

func trustedProxies(c contract.Config) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}
