// Package run wires the program: configuration, one file per subsystem, and
// an idempotent Start and Stop over all of them.
package run

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
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
	if err := env.ParseWithOptions(&c, env.Options{Environment: variables}); err != nil {
		return c, fault.New(fault.Invalid, "configuration: %s", parseProblems(err))
	}
	return c, validate(c)
}

// parseProblems names the variables that cannot be parsed, without their
// values, which may be secret.
func parseProblems(err error) string {
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return "it cannot be read"
	}
	var problems []string
	for _, e := range aggregate.Errors {
		field := ""
		if parse, ok := errors.AsType[env.ParseError](e); ok {
			field = parse.Name
		}
		for _, v := range contract.Variables() {
			if v.Field == field {
				problems = append(problems, fmt.Sprintf("%s must be of type %s", v.Name, v.Type))
			}
		}
	}
	return strings.Join(problems, "; ")
}

func validate(c contract.Config) error {
	var problems []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	var level slog.Level
	check(level.UnmarshalText([]byte(c.LogLevel)) == nil, "LOG_LEVEL %q must be debug, info, warn or error", c.LogLevel)
	check(c.CacheTTL >= 1, "CACHE_TTL must be at least 1 second")
	check(c.WorkerTimeout >= 1, "WORKER_TIMEOUT must be at least 1 second")
	check(c.APIRateLimit >= 1, "API_RATE_LIMIT must be at least 1")
	check(c.ShutdownPause >= 0, "SHUTDOWN_PAUSE must not be negative")
	check(c.ShutdownDrain >= 1, "SHUTDOWN_DRAIN must be at least 1 second")
	check(c.TraceSampleRatio >= 0 && c.TraceSampleRatio <= 1, "TRACE_SAMPLE_RATIO must be 0 to 1")
	check(c.SecretKey == "" || len(c.SecretKey) >= 32, "SECRET_KEY must have at least 32 characters")
	for name, address := range map[string]string{"LISTEN": c.Listen, "INTERNAL_LISTEN": c.InternalListen} {
		_, _, err := net.SplitHostPort(address)
		check(err == nil, "%s %q must be HOST:PORT", name, address)
	}
	_, err := trustedProxies(c)
	check(err == nil, "TRUSTED_PROXIES must be CIDRs such as 10.0.0.0/16: %v", err)
	if len(problems) > 0 {
		return fault.New(fault.Invalid, "configuration: %s", strings.Join(problems, "; "))
	}
	return nil
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
