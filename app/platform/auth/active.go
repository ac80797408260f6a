package auth

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	activeFor = 15 * time.Minute
	maxActive = 100_000 // keys, ~100 B each
)

// ActiveUsers counts the distinct keys seen in the last 15 minutes, 100,000 at
// most; keys beyond that are not counted until others have gone quiet. It is
// safe for concurrent use.
type ActiveUsers struct {
	clock func() time.Time
	mu    sync.RWMutex
	seen  map[string]*atomic.Int64 // Unix nanoseconds of the last request
	sweep time.Time                // no sweep before this, when full
}

// NewActiveUsers makes an empty ActiveUsers; a nil clock is time.Now.
func NewActiveUsers(clock func() time.Time) *ActiveUsers {
	if clock == nil {
		clock = time.Now
	}
	return &ActiveUsers{clock: clock, seen: map[string]*atomic.Int64{}}
}

// Seen notes a request of a key.
func (a *ActiveUsers) Seen(keyID string) {
	now := a.clock()
	a.mu.RLock()
	last, ok := a.seen[keyID]
	a.mu.RUnlock()
	if ok {
		last.Store(now.UnixNano())
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) >= maxActive {
		if now.Before(a.sweep) {
			return
		}
		a.sweep = now.Add(time.Second)
		if a.forget(now); len(a.seen) >= maxActive {
			return
		}
	}
	if last, ok = a.seen[keyID]; !ok {
		last = new(atomic.Int64)
		a.seen[keyID] = last
	}
	last.Store(now.UnixNano())
}

// Count gives the number of distinct keys and forgets the quiet ones, in time
// proportional to the keys held.
func (a *ActiveUsers) Count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(a.clock())
	return len(a.seen)
}

func (a *ActiveUsers) forget(now time.Time) {
	oldest := now.Add(-activeFor).UnixNano()
	for id, last := range a.seen {
		if last.Load() < oldest {
			delete(a.seen, id)
		}
	}
}
