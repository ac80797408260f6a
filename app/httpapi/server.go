package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// ServerOptions of NewServer; the zero value is ready for use.
type ServerOptions struct {
	// Pause is how long the server goes on after readiness is off, so that
	// load balancers notice first; default none.
	Pause time.Duration
	// Logger is told what net/http complains about; default none.
	Logger *slog.Logger
}

// Server serves an API over HTTP/1.1 with limits against slow and greedy
// callers: 5 s for the headers of a request, 64 KiB of them, 20 s for all of
// it, the API's timeout and 10 s more for the answer, 2 minutes between
// requests.
type Server struct {
	api   *API
	http  *http.Server
	pause time.Duration

	conns connections
	once  sync.Once
	// stopped is what Shutdown returned.
	stopped   error
	listening sync.Mutex // guards listener
	listener  net.Listener
}

// NewServer makes a Server; Serve starts it.
func NewServer(api *API, opts ServerOptions) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		api: api, pause: opts.Pause,
		http: &http.Server{
			Handler:           api,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       20 * time.Second,
			WriteTimeout:      api.opts.Timeout + 10*time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelWarn),
		},
	}
	s.http.ConnState = s.conns.changed
	return s
}

// Serve answers on a listener, which it closes, until Shutdown; then it
// returns nil.
func (s *Server) Serve(ln net.Listener) error {
	s.listening.Lock()
	s.listener = ln
	s.listening.Unlock()
	err := s.http.Serve(ln)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) && s.api.draining.Load() {
		return nil
	}
	return err
}

// Shutdown turns readiness off and goes on as usual for the pause. Then it
// takes no new connections, ends each kept one with its next answer, and
// waits until all that is left has been quiet for a moment: http.Server alone
// would drop requests that arrive while it closes idle connections. When ctx
// ends first, the rest is cut off and ctx's error returned. It may be called
// more than once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(func() {
		s.api.Drain()
		pause := time.NewTimer(s.pause)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		s.listening.Lock()
		if s.listener != nil {
			_ = s.listener.Close()
		}
		s.listening.Unlock()
		// After the listener: who is hung up on must find nobody to connect to,
		// rather than a queue that is about to be reset.
		s.api.hangUp.Store(true)
		s.conns.quiet(ctx)
		// It closes the listener too, where Serve has not let go of it yet.
		if err := s.http.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
			s.stopped = err
			_ = s.http.Close()
		}
	})
	return s.stopped
}
