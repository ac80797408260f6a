// Package ratelimit holds callers to a contract.Rate with the generic cell
// rate algorithm (GCRA, ITU-T I.371): a bucket of Burst tokens that refills at
// PerSecond. Shared counts for all replicas together in Redis and goes on in
// its own memory while Redis is away; Memory counts for one process.
package ratelimit

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

// The values of Decision.Backend.
const (
	BackendRedis  = "redis"
	BackendMemory = "memory"
)

// Decision answers one request.
type Decision struct {
	Allowed    bool
	Limit      int           // tokens of a full bucket
	Remaining  int           // whole tokens left now
	RetryAfter time.Duration // until the same request would be allowed; 0 when it was
	ResetAfter time.Duration // until the bucket is full again
	Backend    string        // where it was counted: BackendRedis or BackendMemory
}

// Limiter decides whether the caller named by key may spend cost tokens now; a
// denial spends nothing. A cost below 1 counts as 1 and a cost above Burst is
// never allowed. It is safe for concurrent use and never fails.
type Limiter interface {
	Allow(ctx context.Context, key string, rate contract.Rate, cost int) Decision
}

// Options of the limiters; the zero value is ready for use.
type Options struct {
	Clock   func() time.Time // default time.Now
	MaxKeys int              // keys held in memory, default 100,000; see Memory
	Logger  *slog.Logger     // told when Redis goes and comes back; default none

	// Timeout is the longest a request waits for Redis, default 100 ms.
	Timeout time.Duration
	// Cooldown is how long Redis is left alone after a failure, default 1 s.
	Cooldown time.Duration
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = 100_000
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = 100 * time.Millisecond
	}
	if o.Cooldown <= 0 {
		o.Cooldown = time.Second
	}
	return o
}

// SetHeaders tells the caller where it stands: RateLimit-Limit,
// RateLimit-Remaining and RateLimit-Reset
// (draft-ietf-httpapi-ratelimit-headers-06) and, on a denial, Retry-After
// (RFC 9110). Times are whole seconds, rounded up.
func (d Decision) SetHeaders(h http.Header) {
	values := [...]string{strconv.Itoa(d.Limit), strconv.Itoa(d.Remaining), seconds(d.ResetAfter), ""}
	// The keys are in the canonical spelling of net/http, which Set would
	// otherwise work out anew for every request.
	h["Ratelimit-Limit"] = values[0:1:1]
	h["Ratelimit-Remaining"] = values[1:2:2]
	h["Ratelimit-Reset"] = values[2:3:3]
	if !d.Allowed {
		values[3] = seconds(d.RetryAfter)
		h["Retry-After"] = values[3:4:4]
	}
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
