// Package redis opens the Redis client of the platform, and a Redis inside
// the process for local work.
package redis

import (
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/script-ohio/platform/app/fault"
)

// Redis is an accelerator and never the only copy of anything, so waiting for
// it long is worse than going on without it.
const (
	dialTimeout = 500 * time.Millisecond
	ioTimeout   = 200 * time.Millisecond
)

// Options of Open.
type Options struct {
	// Traced adds a span for every command to the trace of its context.
	// Statements are left out of the spans: keys name callers.
	Traced bool
}

// Open makes a client from a URL such as redis://user:password@host:6379/0 or
// rediss:// for TLS. It does not connect: the first command does. A bad URL is
// fault.Invalid; the fault never repeats the URL, which holds the password.
func Open(url string, opts Options) (*goredis.Client, error) {
	o, err := goredis.ParseURL(url)
	if err != nil {
		// The cause is dropped on purpose: it quotes parts of the URL.
		return nil, fault.New(fault.Invalid, "the Redis URL cannot be read: write redis://user:password@host:6379/0, or rediss:// for TLS, with special characters of the password percent-encoded")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialTimeout, ioTimeout, ioTimeout
	o.ContextTimeoutEnabled = true // callers may wait even less
	o.DialerRetries = 1            // several dials in a row would outlast every caller
	o.MaxRetries = 1               // a connection that broke while idle is replaced once
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	client := goredis.NewClient(o)
	if opts.Traced {
		if err := redisotel.InstrumentTracing(client, redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false)); err != nil {
			_ = client.Close()
			return nil, fault.Wrap(fault.Internal, err, "Redis tracing could not be set up")
		}
	}
	return client, nil
}
