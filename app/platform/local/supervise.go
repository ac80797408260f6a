package local

import (
	"context"
	"log/slog"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// supervise runs the server until Stop, again whenever it dies. The first
// start's outcome goes to ready; when it fails there is no second. A server
// that lived long enough to answer is started again for ever, with a growing
// pause; one that fails to come up mostFailures times in a row is given up.
func (p *Postgres) supervise(ready chan<- error) {
	defer close(p.done)
	// The server's death signal is tied to the thread that forked it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	failures, delay := 0, firstDelay
	for attempt := 0; ; attempt++ {
		if attempt > 0 {
			// Backends outlive a killed server for a moment.
			_ = p.cluster.recoverStale(context.Background(), p.logger)
		}
		began := time.Now()
		err := p.run(func() {
			if attempt == 0 {
				ready <- nil
			} else {
				p.logger.Warn("PostgreSQL is back", slog.Duration("took", time.Since(began)))
			}
			failures = 0
		})
		if time.Since(began) > longEnough {
			delay = firstDelay
		}
		switch {
		case p.stopped():
			return
		case err == nil:
			p.logger.Error("PostgreSQL went away; it is started again", slog.Duration("in", delay))
		case attempt == 0:
			ready <- err
			return
		default:
			failures++
			p.logger.Error("PostgreSQL did not come up", slog.Int("failures", failures), slog.Any("error", err))
			if failures >= mostFailures {
				p.mu.Lock()
				p.err = err
				p.mu.Unlock()
				return
			}
		}
		select {
		case <-p.stopping:
			return
		case <-time.After(delay):
		}
		delay = min(2*delay, p.longestDelay)
	}
}

// run starts the server once and stays until it is gone. It calls up when the
// server answers, and fails when it never did.
func (p *Postgres) run(up func()) error {
	cmd, err := p.spawn()
	if err != nil || cmd == nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the log says why
		p.mu.Lock()
		p.server = nil
		p.mu.Unlock()
		close(gone)
	}()
	err = p.cluster.awaitReady(gone)
	if err == nil {
		up()
	} else {
		p.signal(syscall.SIGQUIT)
	}
	<-gone
	return err
}

// spawn forks the server, unless a Stop came first.
func (p *Postgres) spawn() (*exec.Cmd, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped() {
		return nil, nil
	}
	log, err := openLog(p.cluster.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the server has its own handle
	cmd := p.cluster.server(log)
	if err := cmd.Start(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "PostgreSQL cannot be started")
	}
	p.server = cmd.Process
	return cmd, nil
}

func (p *Postgres) stopped() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}
