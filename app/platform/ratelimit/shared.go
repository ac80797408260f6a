package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/script-ohio/platform/app/contract"
)

const (
	// leaseShare is the part of a budget that one replica takes at a time: what
	// the key may use in 50 ms, and never more than 1/20 of its burst.
	leaseShare = 20
	leaseLife  = 1_000_000 // µs after which unspent tokens are thrown away
)

// Shared is a Limiter whose budgets all replicas share through Redis. While
// Redis is away each replica counts for itself in memory; after a failure
// Redis is left alone for Options.Cooldown, so requests do not queue up behind
// a dead server.
//
// A replica does not ask Redis for every request. It takes a lease, a few
// tokens of the shared budget, and spends it locally: a key at its full rate
// costs one round trip per max(1, min(PerSecond, Burst)/20) requests. Denials
// are answered locally until the time Redis named. A known key with tokens in
// hand costs two short locks and no allocation.
//
// Leases never loosen the limit: in every window of t seconds, all replicas
// together allow at most Burst + PerSecond*t. Tokens held by replicas plus
// tokens in the bucket must never exceed Burst. What the bucket regains is
// known from its debt when the lease was taken, so a lease shrinks as that
// debt is paid off, and is void once the bucket could be full. For several
// leases the sum holds because taking the later ones lowered the bucket.
type Shared struct {
	redis   *Redis
	memory  *Memory
	breaker breaker
	clock   clock
	timeout time.Duration
	log     *slog.Logger
	leases  *table[*lease]
}

// NewShared makes a Shared on a client, which stays the caller's to close.
func NewShared(client goredis.Scripter, opts Options) *Shared {
	opts = opts.withDefaults()
	return &Shared{
		redis:   NewRedis(client),
		memory:  NewMemory(opts),
		breaker: breaker{cooldown: opts.Cooldown.Microseconds()},
		clock:   startClock(opts.Clock),
		timeout: opts.Timeout,
		log:     opts.Logger,
		leases:  newTable(opts.MaxKeys, func(l *lease) int64 { return l.expires.Load() }),
	}
}

// lease is what this replica knows of one key. Times are µs of the local
// clock; those that come from Redis are counted from before Redis was asked,
// which errs towards fewer tokens.
type lease struct {
	mu     sync.Mutex
	budget budget

	left  int64 // tokens in hand
	taken int64 // when they were taken
	full  int64 // when the bucket is full again if nobody takes more

	deniedNeed  int64 // Redis denied this many tokens
	deniedUntil int64 // until then
	deniedFull  int64 // full, at the denial

	expires atomic.Int64 // when nothing of this is worth keeping
}

// Allow implements Limiter. Requests of one key that need Redis wait for each
// other, so that the first brings tokens for all.
func (s *Shared) Allow(ctx context.Context, key string, rate contract.Rate, cost int) Decision {
	b, need := budgetOf(rate), tokens(cost)
	l := s.lease(key)
	l.mu.Lock()
	defer l.mu.Unlock()

	now := s.clock.micros()
	l.refresh(b, now)
	if l.left >= need {
		l.left -= need
		return b.decision(BackendRedis, true, l.full-now-l.left*b.interval, 0)
	}
	missing := need - l.left
	if now < l.deniedUntil && missing >= l.deniedNeed {
		wait := l.deniedUntil - now + (missing-l.deniedNeed)*b.interval
		return b.decision(BackendRedis, false, l.deniedFull-now-l.left*b.interval, wait)
	}
	if s.breaker.try(now) {
		g, err := s.ask(ctx, key, b, missing, max(missing, b.leaseSize()))
		if err == nil {
			return l.settle(g, need, now)
		}
	}
	return s.memory.Allow(ctx, key, rate, cost)
}

func (s *Shared) lease(key string) *lease {
	sh := s.leases.shard(key)
	sh.Lock()
	defer sh.Unlock()
	l, known := sh.entries[key]
	if !known {
		l = new(lease)
		now := s.clock.micros()
		l.expires.Store(now + leaseLife)
		s.leases.add(sh, key, l, now)
	}
	return l
}

// ask goes to Redis. The caller's deadline does not count: a caller that hangs
// up says nothing about Redis.
func (s *Shared) ask(ctx context.Context, key string, b budget, need, want int64) (grant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	g, err := s.redis.take(ctx, key, b, need, want)
	switch {
	case err != nil:
		if s.breaker.failed(s.clock.micros()) {
			s.log.WarnContext(ctx, "rate limits are counted per replica: Redis is away", "error", err)
		}
	case s.breaker.answered():
		s.log.InfoContext(ctx, "rate limits are shared again: Redis is back")
	}
	return g, err
}

// refresh throws away what is no longer good: tokens that are old or that the
// bucket has regained, and everything when the budget has changed.
func (l *lease) refresh(b budget, now int64) {
	if l.budget != b {
		l.budget, l.left, l.deniedUntil = b, 0, 0
	}
	if now >= l.taken+leaseLife {
		l.left = 0
	}
	l.left = max(0, min(l.left, (l.full-now)/b.interval))
}

// settle books the answer of Redis to a question asked at now for the tokens
// that need lacked.
func (l *lease) settle(g grant, need, now int64) Decision {
	b := l.budget
	if g.given == 0 {
		l.deniedNeed, l.deniedUntil, l.deniedFull = need-l.left, now+g.wait, now+g.debt
		l.expires.Store(max(l.deniedUntil, l.expires.Load()))
		return b.decision(BackendRedis, false, g.debt-l.left*b.interval, g.wait)
	}
	l.left += g.given - need
	l.taken, l.full, l.deniedUntil = now, now+g.debt, 0
	l.expires.Store(now + leaseLife)
	return b.decision(BackendRedis, true, g.debt-l.left*b.interval, 0)
}

// leaseSize is the most tokens that one replica holds of a budget. Up to
// leaseShare replicas can throw away all they hold, every time, without
// starving a key.
func (b budget) leaseSize() int64 {
	burst, perSecond := b.capacity/b.interval, 1_000_000/b.interval
	return max(1, min(burst, perSecond)/leaseShare)
}
