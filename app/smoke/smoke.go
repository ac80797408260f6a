// Package smoke asks a running service from outside, and without changing
// anything, whether every route of the contract does what it is for. It knows
// the contract and HTTP and nothing of how the service is made, so it judges a
// deployment as a caller would.
package smoke

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Options of a smoke test; the zero value is ready for use.
type Options struct {
	// Key is the API key to send; it is never shown. Without one, what needs a
	// key is skipped.
	Key string
	// Timeout of each request; default 10 s.
	Timeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	return o
}

// Run asks everything once, without retries except where the rate limit says
// when to come back, and reports what came. Its
// error means that there is nothing to judge: a bad URL is fault.Invalid, a
// service that cannot be reached fault.Unavailable, a key that is wrong
// fault.Unauthenticated.
func Run(ctx context.Context, base string, opts Options) (Report, error) {
	c, err := newCaller(base, opts)
	if err != nil {
		return Report{}, err
	}
	defer c.close()
	report := Report{URL: c.base}
	began := time.Now()
	seen := &found{}
	for _, route := range order() {
		probes := checks[route.ID]
		if len(probes) == 0 {
			report.Results = append(report.Results, skipped(route, "", "no check is written for it"))
		}
		for _, p := range probes {
			result := c.try(ctx, route, p, seen)
			if !c.reached {
				return Report{}, fault.New(fault.Unavailable, "%s cannot be reached: %s", c.base, result.Reason)
			}
			if !p.instead || result.Verdict != Skipped {
				report.Results = append(report.Results, result)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	if c.keyed > 0 && c.refused == c.keyed {
		return Report{}, fault.New(fault.Unauthenticated, "%s refuses the API key everywhere, which says nothing of its routes", c.base)
	}
	report.finish(seen, time.Since(began))
	return report, nil
}

// order is how the routes are asked: first those whose answers fill the paths
// and bodies of others.
func order() []contract.Route {
	sources := []contract.Route{contract.RouteTeams, contract.RouteRankings, contract.RouteGames, contract.RouteModels}
	return append(sources, slices.DeleteFunc(contract.Routes(), func(r contract.Route) bool { return slices.Contains(sources, r) })...)
}

// pollEvery is how often Wait asks.
const pollEvery = 250 * time.Millisecond

// Wait returns once the service is ready, or fault.Unavailable with its last
// answer when it is not within the time.
func Wait(ctx context.Context, base string, opts Options, within time.Duration) error {
	c, err := newCaller(base, opts)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	last := "there was no time to ask"
	for {
		result := c.try(limited, contract.RouteReady, checks[contract.RouteReady.ID][0], &found{})
		if result.passed() {
			return nil
		}
		if limited.Err() == nil { // else the reason is only that the time is up
			last = result.Reason
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fault.New(fault.Unavailable, "%s is not ready after %s: %s", c.base, within, last)
		case <-time.After(pollEvery):
		}
	}
}

// Self asks the service that listens on an address such as ":8000" on this
// machine whether it lives and may take traffic.
func Self(ctx context.Context, listen string, timeout time.Duration) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fault.New(fault.Invalid, "%q is no HOST:PORT to listen on", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	c, err := newCaller("http://"+net.JoinHostPort(host, port), Options{Timeout: timeout})
	if err != nil {
		return err
	}
	defer c.close()
	for _, route := range []contract.Route{contract.RouteHealth, contract.RouteReady} {
		if result := c.try(ctx, route, checks[route.ID][0], &found{}); !result.passed() {
			return fmt.Errorf("%s %s", route.Path, result.Reason)
		}
	}
	return nil
}
