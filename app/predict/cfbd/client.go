// Package cfbd follows the College Football Data API: a client that keeps to
// the API's rate and to a monthly budget shared by all replicas, and the sync
// that brings its games and lines into the store.
package cfbd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/time/rate"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
)

// BaseURL is where the API lives.
const BaseURL = "https://api.collegefootballdata.com"

// What became of a request, as contract.CFBDRequests counts them.
const (
	Fetched   = "fetched"   // a body came
	Unchanged = "unchanged" // what was stored is still right
	Failed    = "failed"    // sent, and no use
	Refused   = "refused"   // not sent: no budget, or the API has been failing
)

// Results lists them.
func Results() []string { return []string{Fetched, Unchanged, Failed, Refused} }

// Ledger grants requests; Budget is one.
type Ledger interface {
	// Reserve takes one request and says how many are left; fault.RateLimited
	// when there is none.
	Reserve(ctx context.Context) (left int, err error)
}

// Cache keeps the last answer to each question with its validator (RFC 9110
// 8.8.3); Store is one.
type Cache interface {
	Get(ctx context.Context, key string) (Entry, error) // the zero Entry when there is none
	Put(ctx context.Context, key string, e Entry) error
}

// Entry is a stored answer.
type Entry struct {
	ETag string
	Body []byte
}

// Deps are what a Client needs.
type Deps struct {
	Key    string // bearer key of the API
	Ledger Ledger
	Cache  Cache
	Logger *slog.Logger
}

// Options of a Client; zero values serve.
type Options struct {
	BaseURL    string           // default BaseURL
	PerSecond  int              // requests a second of this process, default 6
	Timeout    time.Duration    // of one attempt, default 20 s
	Retries    int              // after the first attempt, default 2; -1 for none
	Backoff    time.Duration    // before the first retry, doubled for each, default 1 s
	OpenAfter  uint             // failures in a row that open the breaker, default 5
	OpenFor    time.Duration    // until one request may try again, default 1 min
	MaxBytes   int64            // of one answer, default 32 MB
	MaxDelay   time.Duration    // longest Retry-After that is waited for, default 1 min
	HTTP       *http.Client     // default one that follows no redirects
	Requested  func(string)     // told the result of every request; may be nil
	BudgetLeft func(int)        // told what the month has left; may be nil
	Now        func() time.Time // default time.Now; for Retry-After given as a date
}

// Client asks the API. It is safe for concurrent use.
type Client struct {
	deps     Deps
	options  Options
	limiter  *rate.Limiter
	policies failsafe.Executor[answer]
}

// New makes a client. A key or address that cannot be used is fault.Invalid.
func New(d Deps, o Options) (*Client, error) {
	o = o.withDefaults()
	if d.Key == "" {
		return nil, fault.New(fault.Invalid, "CFBD_API_KEY is not set: a key of the College Football Data API is free at collegefootballdata.com")
	}
	// Such a key fits no header: it would read as an API that is away.
	if strings.IndexFunc(d.Key, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return nil, fault.New(fault.Invalid, "CFBD_API_KEY holds a space, a line break or another character that no key has")
	}
	if u, err := url.Parse(o.BaseURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, fault.New(fault.Invalid, "the address of the College Football Data API must be like %s", BaseURL)
	}
	c := &Client{deps: d, options: o, limiter: rate.NewLimiter(rate.Limit(o.PerSecond), 1)}
	c.policies = failsafe.With[answer](c.retries(), c.breaker())
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	if o.HTTP == nil {
		// The key goes to the address it was given for and nowhere else.
		o.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.Requested == nil {
		o.Requested = func(string) {}
	}
	if o.BudgetLeft == nil {
		o.BudgetLeft = func(int) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PerSecond = orDefault(o.PerSecond, 6)
	o.Timeout = orDefault(o.Timeout, 20*time.Second)
	o.Retries = orDefault(o.Retries, 2)
	o.Backoff = orDefault(o.Backoff, time.Second)
	o.OpenAfter = orDefault(o.OpenAfter, 5)
	o.OpenFor = orDefault(o.OpenFor, time.Minute)
	o.MaxBytes = orDefault(o.MaxBytes, 32<<20)
	o.MaxDelay = orDefault(o.MaxDelay, time.Minute)
	return o
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// retries repeats what may succeed a moment later. There is no jitter: it
// would come back earlier than Retry-After says, and few replicas ask.
func (c *Client) retries() failsafe.Policy[answer] {
	return retrypolicy.NewBuilder[answer]().
		HandleIf(func(_ answer, err error) bool { f, ok := errors.AsType[*failure](err); return ok && f.again }).
		WithMaxRetries(max(c.options.Retries, 0)).
		WithBackoff(c.options.Backoff, max(c.options.MaxDelay, 2*c.options.Backoff)).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[answer]) time.Duration {
			if f, ok := errors.AsType[*failure](e.LastError()); ok && f.after > 0 {
				return f.after
			}
			return -1 // the backoff
		}).
		ReturnLastFailure().
		Build()
}

// breaker leaves an API alone that fails again and again.
func (c *Client) breaker() failsafe.Policy[answer] {
	return circuitbreaker.NewBuilder[answer]().
		HandleIf(func(_ answer, err error) bool { f, ok := errors.AsType[*failure](err); return ok && f.away }).
		WithFailureThreshold(c.options.OpenAfter).
		WithSuccessThreshold(1).
		WithDelay(c.options.OpenFor).
		OnOpen(func(circuitbreaker.StateChangedEvent) {
			c.deps.Logger.Warn("the College Football Data API keeps failing and is left alone", "for", c.options.OpenFor.String())
		}).
		OnClose(func(circuitbreaker.StateChangedEvent) {
			c.deps.Logger.Info("the College Football Data API answers again")
		}).
		Build()
}

// Query selects games; zero fields do not restrict.
type Query struct {
	Season     int // required by the API
	Week       int
	SeasonType string // football.Regular or football.Postseason
}

func (q Query) values() url.Values {
	v := url.Values{"year": {strconv.Itoa(q.Season)}}
	if q.Week > 0 {
		v.Set("week", strconv.Itoa(q.Week))
	}
	if q.SeasonType != "" {
		v.Set("seasonType", q.SeasonType)
	}
	return v
}

// Games lists games with a team of the FBS. The API gives all of them in one
// answer: it has no pages.
func (c *Client) Games(ctx context.Context, q Query) ([]Game, []Refusal, error) {
	v := q.values()
	v.Set("classification", football.FBS)
	return ask(ctx, c, "/games", v, "game", readGame)
}

// Lines lists the betting lines of games of every division; no pages either.
func (c *Client) Lines(ctx context.Context, q Query) ([]GameLines, []Refusal, error) {
	return ask(ctx, c, "/lines", q.values(), "game with lines", readLines)
}

// Teams lists the members of the FBS in a season.
func (c *Client) Teams(ctx context.Context, season int) ([]Team, []Refusal, error) {
	return ask(ctx, c, "/teams/fbs", url.Values{"year": {strconv.Itoa(season)}}, "team", readTeam)
}

// ask puts a question and reads the answer, which may be the stored one if the
// API says that it is still right. Only what could be read is stored.
func ask[T any](ctx context.Context, c *Client, path string, query url.Values, what string, read func(json.RawMessage) (T, error)) ([]T, []Refusal, error) {
	question := path + "?" + query.Encode()
	stored, err := c.deps.Cache.Get(ctx, question)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.persist(ctx, question, stored.ETag)
	if err != nil {
		return nil, nil, err
	}
	if a.unchanged {
		return decode(stored.Body, what, read)
	}
	items, refused, err := decode(a.body, what, read)
	if err == nil && a.etag != "" {
		if err := c.deps.Cache.Put(ctx, question, Entry{a.etag, a.body}); err != nil {
			c.deps.Logger.WarnContext(ctx, "an answer of the College Football Data API could not be stored", "error", err)
		}
	}
	return items, refused, err
}

// persist tries as often as the policies allow.
func (c *Client) persist(ctx context.Context, question, etag string) (answer, error) {
	a, err := c.policies.WithContext(ctx).Get(func() (answer, error) { return c.attempt(ctx, question, etag) })
	if errors.Is(err, circuitbreaker.ErrOpen) {
		c.options.Requested(Refused)
		return a, fault.Wrap(fault.Unavailable, err, "the College Football Data API has been failing and is left alone for %s", c.options.OpenFor)
	}
	if ended := ctx.Err(); err != nil && ended != nil {
		return a, fault.Wrap(fault.Unavailable, ended, "the question to the College Football Data API was given up")
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return a, f.fault
	}
	return a, err
}
