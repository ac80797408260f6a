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

	once    sync.Once
	stopped error
}

// NewServer makes a Server; Serve starts it.
func NewServer(api *API, opts ServerOptions) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{
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
}

// Serve answers on a listener, which it closes, until Shutdown; then it
// returns nil.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown turns readiness off, waits for the pause and lets what is in flight
// finish. When ctx ends first, the rest is cut off and ctx's error returned.
// It may be called more than once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(func() {
		s.api.Drain()
		pause := time.NewTimer(s.pause)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		if s.stopped = s.http.Shutdown(ctx); s.stopped != nil {
			_ = s.http.Close()
		}
	})
	return s.stopped
}
