package ratelimit

import (
	"context"
	_ "embed"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/script-ohio/platform/app/contract"
)

//go:embed take.lua
var takeSource string

// Redis counts in Redis, one atomic script and one round trip for each
// question, by the clock of the Redis server. Shared is the Limiter built on
// it.
type Redis struct {
	client goredis.Scripter
	script *goredis.Script
}

// NewRedis makes a Redis on a client, which stays the caller's to close.
func NewRedis(client goredis.Scripter) *Redis {
	return &Redis{client: client, script: goredis.NewScript(takeSource)}
}

// Allow is Limiter.Allow, except that it fails when Redis cannot be asked.
func (r *Redis) Allow(ctx context.Context, key string, rate contract.Rate, cost int) (Decision, error) {
	b, need := budgetOf(rate), tokens(cost)
	g, err := r.take(ctx, key, b, need, need)
	if err != nil {
		return Decision{}, err
	}
	return b.decision(BackendRedis, g.given > 0, g.debt, g.wait), nil
}

func (r *Redis) take(ctx context.Context, key string, b budget, need, want int64) (grant, error) {
	reply, err := r.script.Run(ctx, r.client, []string{"ratelimit:" + key}, b.interval, b.capacity, need, want).Int64Slice()
	if err != nil {
		return grant{}, fmt.Errorf("take from the rate limit bucket: %w", err)
	}
	if len(reply) != 3 {
		return grant{}, fmt.Errorf("take from the rate limit bucket: %d values in the reply, want 3", len(reply))
	}
	return grant{given: reply[0], debt: reply[1], wait: reply[2]}, nil
}
