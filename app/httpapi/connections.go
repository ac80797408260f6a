package httpapi

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections follows the states of a server's connections.
type connections struct {
	mu     sync.Mutex
	busy   map[net.Conn]bool // open; true while a request is read or answered
	change time.Time
}

// changed is an http.Server's ConnState hook.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == nil {
		c.busy = map[net.Conn]bool{}
	}
	c.change = time.Now()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.busy, conn)
	default:
		c.busy[conn] = state == http.StateActive
	}
}

// quietFor is how long idle connections are given to send another request,
// whose answer will close them.
const quietFor = 500 * time.Millisecond

// quiet waits until no connection is open, or none is busy and nothing has
// happened for quietFor.
func (c *connections) quiet(ctx context.Context) {
	since := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !c.still(since) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *connections) still(since time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, busy := range c.busy {
		if busy {
			return false
		}
	}
	if c.change.After(since) {
		since = c.change
	}
	return len(c.busy) == 0 || time.Since(since) >= quietFor
}
