package ratelimit

import "sync/atomic"

// breaker keeps requests away from a Redis that failed: after a failure nobody
// asks for cooldown, then one request tries while the others stay away.
type breaker struct {
	cooldown int64        // µs
	retryAt  atomic.Int64 // µs; 0 while Redis answers
}

// try says whether this request may ask Redis.
func (b *breaker) try(now int64) bool {
	at := b.retryAt.Load()
	return at == 0 || now >= at && b.retryAt.CompareAndSwap(at, now+b.cooldown)
}

// failed and answered report the outcome; true when it is news.
func (b *breaker) failed(now int64) bool { return b.retryAt.Swap(now+b.cooldown) == 0 }
func (b *breaker) answered() bool        { return b.retryAt.Load() != 0 && b.retryAt.Swap(0) != 0 }
