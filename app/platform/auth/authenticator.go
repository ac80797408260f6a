package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// How long an answer of the database is good for. A revoked key stops after
// freshFor at the latest, unless the database is away.
const (
	refreshAfter = 5 * time.Second  // then it is asked again in the background
	freshFor     = 10 * time.Second // then the request waits for it
	staleFor     = time.Hour        // so long it stands in while the database is away
	unknownFor   = 5 * time.Second  // so long an unknown key is refused unasked

	retryAfter  = time.Second // between questions about one key while the database is away
	askTimeout  = time.Second
	touchEvery  = time.Minute
	touchBuffer = 1024
)

// Principal is who a request comes from.
type Principal struct {
	KeyID string
	Name  string
	Role  contract.Role
	Rate  *float64 // requests a second of the key's own; nil means the role's
}

// Keys is where the Authenticator looks keys up; Store is one.
type Keys interface {
	// Find gives the key with this SHA-256 of its secret, revoked or not, or
	// a fault: NotFound when there is none.
	Find(ctx context.Context, sha256 []byte) (Key, error)
	// Touch notes when keys were last used.
	Touch(ctx context.Context, ids []string, at []time.Time) error
}

// Options of NewAuthenticator; the zero value is ready for use.
type Options struct {
	Clock   func() time.Time // default time.Now
	MaxKeys int              // keys remembered, and as many unknown ones; default 10,000
	Logger  *slog.Logger     // default none
}

// Authenticator checks the secrets of requests against the stored keys. It
// remembers answers, so a key in use costs a hash and a map lookup, and goes
// on with what it knows while the database is away.
type Authenticator struct {
	keys  Keys
	clock func() time.Time
	log   *slog.Logger

	known   *otter.Cache[hash, *known]
	unknown *otter.Cache[hash, refusal]
	asking  singleflight.Group
	failed  atomic.Int64 // Unix nanoseconds of the database's last failure, 0 when it answered since

	touches chan touch
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	mu      sync.Mutex // guards closed, so that no work starts behind Close
	closed  bool
	work    sync.WaitGroup
}

// known is a working key as the database last described it.
type known struct {
	principal Principal
	checked   time.Time
	tried     atomic.Int64 // Unix nanoseconds of the last background question
	touched   *atomic.Int64
}

// refusal is the remembered answer to a key that does not work.
type refusal struct {
	err   error
	until time.Time
}

type touch struct {
	id string
	at time.Time
}

// NewAuthenticator starts an Authenticator; Close stops it.
func NewAuthenticator(keys Keys, opts Options) *Authenticator {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.MaxKeys <= 0 {
		opts.MaxKeys = 10_000
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Authenticator{
		keys: keys, clock: opts.Clock, log: opts.Logger,
		known:   otter.Must(&otter.Options[hash, *known]{MaximumSize: opts.MaxKeys}),
		unknown: otter.Must(&otter.Options[hash, refusal]{MaximumSize: opts.MaxKeys}),
		touches: make(chan touch, touchBuffer),
		ctx:     ctx, cancel: cancel,
	}
	a.work.Go(a.noteTouches)
	return a
}

// Close stops the background work and waits for it, two seconds at most when
// the database is away. It may be called more than once.
func (a *Authenticator) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.work.Wait()
	a.known.StopAllGoroutines()
	a.unknown.StopAllGoroutines()
}

// Authenticate says whose secret this is. Its faults: Unauthenticated for a
// malformed, unknown or revoked key, Unavailable when the database is away and
// the key is not known from the last hour. A known key costs ~0.3 µs.
func (a *Authenticator) Authenticate(ctx context.Context, secret string) (Principal, error) {
	if !wellFormed(secret) {
		return Principal{}, fault.New(fault.Unauthenticated, "this is not an API key: it must look like ohio_<id>_<secret>")
	}
	h, now := hashOf(secret), a.clock()
	k, ok := a.known.GetIfPresent(h)
	if !ok {
		if r, refused := a.unknown.GetIfPresent(h); refused && now.Before(r.until) {
			return Principal{}, r.err
		}
		var err error
		if k, err = a.ask(ctx, h); err != nil {
			return Principal{}, err
		}
	} else if age := now.Sub(k.checked); age >= refreshAfter {
		var err error
		if k, err = a.renew(ctx, h, k, now, age); err != nil {
			return Principal{}, err
		}
	}
	a.touch(k, now)
	return k.principal, nil
}

// renew brings an ageing answer up to date, in the background where that is
// soon enough.
func (a *Authenticator) renew(ctx context.Context, h hash, k *known, now time.Time, age time.Duration) (*known, error) {
	away := now.Sub(time.Unix(0, a.failed.Load())) < freshFor
	if age < freshFor || away && age < staleFor {
		if last := k.tried.Load(); now.UnixNano()-last >= int64(retryAfter) && k.tried.CompareAndSwap(last, now.UnixNano()) {
			a.background(func() { _, _ = a.ask(a.ctx, h) })
		}
		return k, nil
	}
	renewed, err := a.ask(ctx, h)
	if err != nil && fault.CodeOf(err) != fault.Unauthenticated && age < staleFor {
		return k, nil
	}
	return renewed, err
}

// ask looks a key up in the database, once for all who ask at the same time,
// and remembers the answer. The caller's deadline does not count, since others
// may wait for the same answer; askTimeout does.
func (a *Authenticator) ask(ctx context.Context, h hash) (*known, error) {
	answer, err, _ := a.asking.Do(string(h[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		now := a.clock() // before asking: the answer is at least this old
		key, err := a.keys.Find(ctx, h[:])
		switch {
		case err == nil && key.RevokedAt == nil:
			a.failed.Store(0)
			return a.remember(h, key, now), nil
		case err == nil:
			err = fault.New(fault.Unauthenticated, "the API key %s has been revoked", key.ID)
		case fault.CodeOf(err) == fault.NotFound:
			err = fault.New(fault.Unauthenticated, "the API key is unknown")
		default:
			if a.failed.Swap(now.UnixNano()) == 0 {
				a.log.WarnContext(ctx, "API keys cannot be looked up; known ones go on", "error", err)
			}
			return nil, fault.Wrap(fault.Unavailable, err, "API keys cannot be checked at the moment")
		}
		a.failed.Store(0)
		a.unknown.Set(h, refusal{err: err, until: now.Add(unknownFor)})
		a.known.Invalidate(h)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return answer.(*known), nil
}

func (a *Authenticator) remember(h hash, key Key, now time.Time) *known {
	k := &known{
		principal: Principal{KeyID: key.ID, Name: key.Name, Role: key.Role, Rate: key.Rate},
		checked:   now,
		touched:   new(atomic.Int64),
	}
	if old, ok := a.known.GetIfPresent(h); ok {
		k.touched = old.touched
	}
	a.known.Set(h, k)
	return k
}

// touch has the last use noted, without ever making the request wait: what
// does not fit the buffer is left to the next minute.
func (a *Authenticator) touch(k *known, now time.Time) {
	last := k.touched.Load()
	if now.UnixNano()-last < int64(touchEvery) || !k.touched.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	select {
	case a.touches <- touch{k.principal.KeyID, now}:
	default:
	}
}

// noteTouches writes what touch collects, many keys in one statement.
func (a *Authenticator) noteTouches() {
	for {
		select {
		case first := <-a.touches:
			a.note(first)
		case <-a.ctx.Done():
			select {
			case first := <-a.touches: // one last time
				a.note(first)
			default:
			}
			return
		}
	}
}

func (a *Authenticator) note(t touch) {
	latest := map[string]time.Time{t.id: t.at} // the statement takes each key once
	for more := true; more; {
		select {
		case t := <-a.touches:
			latest[t.id] = t.at
		default:
			more = false
		}
	}
	ids, at := make([]string, 0, len(latest)), make([]time.Time, 0, len(latest))
	for id, when := range latest {
		ids, at = append(ids, id), append(at, when)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), askTimeout)
	defer cancel()
	if err := a.keys.Touch(ctx, ids, at); err != nil {
		a.log.DebugContext(ctx, "last use of API keys not noted", "keys", len(ids), "error", err)
	}
}

// background runs f unless the Authenticator is closed.
func (a *Authenticator) background(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.work.Go(f)
	}
}
