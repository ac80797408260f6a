// Package local runs a real PostgreSQL server of the program's own in a data
// directory, for `ohio serve --local` and for tests: no port, no privileges,
// nothing to set up. The server dies with the program and comes back when
// only the server dies. A cluster of the system is never touched.
//
// A data directory holds:
//
//	lock           held for as long as a program runs there
//	instance.json  where the running program can be reached (see Instance)
//	postgres.log   what the server said
//	postgres/      the cluster in data/, its socket and its password; when the
//	               server's user cannot reach the data directory, a symbolic
//	               link to where they are (see Options.Elsewhere)
package local

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Options says where and how the server runs.
type Options struct {
	DataDir string       // required; created when missing
	Logger  *slog.Logger // required
	// Durable keeps what is committed through a crash of the machine. Without
	// it only a crash of the server is survived, which is enough for tests.
	Durable bool
	// Elsewhere is the directory under which the cluster is put when the
	// program runs as root and the server's user cannot reach DataDir, as in a
	// checkout below a private home; "" means /var/lib/ohio.
	Elsewhere string

	longestDelay time.Duration // between starts that fail; tests shorten it
}

// Postgres is a running server under supervision.
type Postgres struct {
	logger  *slog.Logger
	dataDir string
	cluster *cluster
	lock    *dirLock

	longestDelay time.Duration

	stopOnce sync.Once
	stopping chan struct{} // closed by Stop
	done     chan struct{} // closed when the supervisor has left

	mu     sync.Mutex
	server *os.Process // nil while none runs
	err    error       // why the supervisor gave up
}

// Limits of the supervisor.
const (
	readyTimeout = 60 * time.Second // a start may have to replay the log first
	firstDelay   = 100 * time.Millisecond
	longestDelay = 5 * time.Second
	longEnough   = 30 * time.Second // a life after which the pause is short again
	mostFailures = 10               // starts in a row that never became ready
	fastShutdown = 10 * time.Second
	// The server itself kills what is left five seconds after SIGQUIT.
	immediateShutdown = 8 * time.Second
)

// Start brings up the server of a data directory, making the cluster first
// when there is none (about a second), and returns when it answers. ctx bounds
// the start only; the server runs until Stop. It fails with fault.Conflict
// when another program uses the directory or the cluster belongs to another
// version of PostgreSQL, and with fault.Unavailable when PostgreSQL is not
// installed or does not come up.
func Start(ctx context.Context, opts Options) (_ *Postgres, err error) {
	dataDir, err := filepath.Abs(opts.DataDir)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the data directory %q cannot be found", opts.DataDir)
	}
	binaries, version, err := FindPostgres()
	if err != nil {
		return nil, err
	}
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	if err := makeDataDir(dataDir); err != nil {
		return nil, err
	}
	lock, err := lockDir(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.release()
		}
	}()
	if err := removeInstance(dataDir); err != nil {
		return nil, err
	}
	c := &cluster{
		binaries: binaries, version: version, owner: owner,
		log: filepath.Join(dataDir, logName), durable: opts.Durable,
	}
	if err := c.place(dataDir, opts.Elsewhere); err != nil {
		return nil, err
	}
	if err := c.recoverStale(ctx, opts.Logger); err != nil {
		return nil, err
	}
	if err := c.create(ctx); err != nil {
		return nil, err
	}
	p := &Postgres{
		logger: opts.Logger, dataDir: dataDir, cluster: c, lock: lock,
		longestDelay: cmp.Or(opts.longestDelay, longestDelay),
		stopping:     make(chan struct{}), done: make(chan struct{}),
	}
	ready := make(chan error, 1)
	go p.supervise(ready)
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = fault.Wrap(fault.Unavailable, ctx.Err(), "the start of PostgreSQL in %s was interrupted", dataDir)
	}
	if err != nil {
		return nil, errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
	}
	return p, nil
}

// URL gives the connection string. It holds the password and stays the same
// for as long as the cluster lives.
func (p *Postgres) URL() string { return p.cluster.url("ohio") }

// Done is closed when the server is gone for good: after Stop, or when it
// failed to come up again and again (see Err).
func (p *Postgres) Done() <-chan struct{} { return p.done }

// Err tells why the server is gone; nil while it is supervised and after a
// Stop.
func (p *Postgres) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop shuts the server down, ends its sessions, and frees the data
// directory. It insists with growing force and returns within 20 seconds, or
// sooner with force when ctx ends. It may be called again and by several.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stopOnce.Do(func() {
		close(p.stopping)
		p.shutDown(ctx)
		<-p.done
		cleaned := errors.Join(removeInstance(p.dataDir), p.cluster.removeSocket())
		p.lock.release()
		p.mu.Lock()
		if p.err == nil {
			p.err = cleaned
		}
		p.mu.Unlock()
	})
	return p.Err()
}

// shutDown ends the running server: a fast shutdown first, then an immediate
// one, then without asking.
func (p *Postgres) shutDown(ctx context.Context) {
	for _, step := range []struct {
		signal   os.Signal
		patience time.Duration
	}{{syscall.SIGINT, fastShutdown}, {syscall.SIGQUIT, immediateShutdown}} {
		p.signal(step.signal)
		timer := time.NewTimer(step.patience)
		select {
		case <-p.done:
		case <-timer.C:
		case <-ctx.Done():
			ctx = context.Background() // be patient with the next, harder step
		}
		timer.Stop()
		select {
		case <-p.done:
			return
		default:
		}
	}
	p.signal(syscall.SIGKILL)
}

func (p *Postgres) signal(s os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Signal(s) // gone already is as good
	}
}
