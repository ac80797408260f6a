package ratelimit

import (
	"hash/maphash"
	"strings"
	"sync"
)

const (
	shardCount = 64
	sweepEvery = 1_000_000 // µs between sweeps of a shard, while keys are being added to it
	sampled    = 8         // entries compared to find one to evict
)

// table is a bounded map from keys to entries that expire, in shards with a
// lock each. Expired entries are swept when keys are added, at most once a
// second and shard, so no goroutine is needed. A full shard gives up the entry
// closest to its expiry out of a sample.
type table[E any] struct {
	seed     maphash.Seed
	perShard int
	expires  func(E) int64 // µs of the clock whose readings put takes
	shards   [shardCount]shard[E]
}

type shard[E any] struct {
	sync.Mutex
	entries map[string]E
	sweepAt int64
	_       [64]byte // keeps the locks on cache lines of their own
}

func newTable[E any](maxKeys int, expires func(E) int64) *table[E] {
	t := &table[E]{seed: maphash.MakeSeed(), perShard: max(1, maxKeys/shardCount), expires: expires}
	for i := range t.shards {
		t.shards[i].entries = map[string]E{}
	}
	return t
}

func (t *table[E]) shard(key string) *shard[E] {
	return &t.shards[maphash.String(t.seed, key)%shardCount]
}

// add puts a key that is not there yet; the caller holds the shard's lock.
func (t *table[E]) add(s *shard[E], key string, e E, now int64) {
	if now >= s.sweepAt {
		s.sweepAt = now + sweepEvery
		for k, old := range s.entries {
			if t.expires(old) <= now {
				delete(s.entries, k)
			}
		}
	}
	if len(s.entries) >= t.perShard {
		t.evict(s)
	}
	s.entries[strings.Clone(key)] = e // the key may be a slice of a whole request
}

func (t *table[E]) evict(s *shard[E]) {
	var victim string
	var soonest int64
	seen := 0
	for k, e := range s.entries { // Go starts at a random entry
		if at := t.expires(e); seen == 0 || at < soonest {
			victim, soonest = k, at
		}
		if seen++; seen == sampled {
			break
		}
	}
	delete(s.entries, victim)
}
