package redis

import (
	"github.com/alicebob/miniredis/v2"

	"github.com/script-ohio/platform/app/fault"
)

// Local is a Redis inside this process, on a free loopback port. It keeps
// nothing beyond the process.
type Local struct{ server *miniredis.Miniredis }

// StartLocal starts a Local whose keys expire by the wall clock.
func StartLocal() (*Local, error) {
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true)
	if err := server.Start(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the in-process Redis could not listen on a loopback port")
	}
	return &Local{server: server}, nil
}

// URL is what Open takes.
func (l *Local) URL() string { return "redis://" + l.server.Addr() + "/0" }

// Close stops the server; it may be called more than once.
func (l *Local) Close() { l.server.Close() }
