package logstore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/script-ohio/platform/app/fault"
)

// LokiOptions of a Loki; zero values serve.
type LokiOptions struct {
	Timeout   time.Duration    // of one request, default 1 min
	Retries   int              // after the first attempt, default 5; -1 for none
	Backoff   time.Duration    // before the first retry, doubled for each, default 1 s
	MaxDelay  time.Duration    // longest Retry-After that is waited for, default 1 min
	PageLines int              // lines asked for at a time, default 2500, half of what a Loki gives by default
	MaxBytes  int64            // of one answer, default 16 MB
	Clock     func() time.Time // default time.Now; for Retry-After given as a date
}

// Loki reads the lines that a selector selects. It is safe for concurrent use.
type Loki struct {
	server   *url.URL // without user and password
	user     *url.Userinfo
	selector string
	o        LokiOptions
	client   *http.Client
	retries  failsafe.Executor[[]entry]
}

// NewLoki makes a client of the Loki at a server's root; it does not ask it
// yet.
func NewLoki(server *url.URL, selector string, o LokiOptions) *Loki {
	o.Timeout = orDefault(o.Timeout, time.Minute)
	o.Retries = orDefault(o.Retries, 5)
	o.Backoff = orDefault(o.Backoff, time.Second)
	o.MaxDelay = orDefault(o.MaxDelay, time.Minute)
	o.PageLines = orDefault(o.PageLines, 2500)
	o.MaxBytes = orDefault(o.MaxBytes, 16<<20)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	bare := *server
	bare.User = nil
	l := &Loki{server: &bare, user: server.User, selector: selector, o: o}
	l.client = &http.Client{
		Transport: http.DefaultTransport.(*http.Transport).Clone(),
		// The password goes to the address it was given for and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	l.retries = failsafe.With[[]entry](retrypolicy.NewBuilder[[]entry]().
		HandleIf(func(_ []entry, err error) bool { f, ok := errors.AsType[*failure](err); return ok && f.again }).
		WithMaxRetries(max(o.Retries, 0)).
		WithBackoff(o.Backoff, max(o.MaxDelay, 2*o.Backoff)).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[[]entry]) time.Duration {
			if f, ok := errors.AsType[*failure](e.LastError()); ok && f.after > 0 {
				return f.after
			}
			return -1 // the backoff
		}).
		ReturnLastFailure().
		Build())
	return l
}

// Close lets go of the connections.
func (l *Loki) Close() error {
	l.client.CloseIdleConnections()
	return nil
}

// entry is a line of a stream.
type entry struct {
	at     int64  // Unix nanoseconds
	labels string // a JSON object
	line   string
}

// line is what is written of an entry.
type line struct {
	Time   time.Time       `json:"time"`
	Labels json.RawMessage `json:"labels"`
	Line   string          `json:"line"`
}

// Read writes the lines from one time on and before another, oldest first, as
// {"time":..., "labels":{...}, "line":...}. It fails with fault.Invalid or
// fault.Forbidden when the Loki refuses the question, fault.Unavailable when
// it stays away, and never leaves lines out silently.
func (l *Loki) Read(ctx context.Context, from, to time.Time, w io.Writer) error {
	out := bufio.NewWriterSize(w, chunk)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	p := pages{loki: l, next: from.UnixNano(), end: to.UnixNano(), limit: l.o.PageLines}
	for p.next < p.end && !p.done {
		entries, err := p.read(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := lines.Encode(line{time.Unix(0, e.at).UTC(), json.RawMessage(e.labels), e.line}); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// page gives up to limit lines, tried as often as the options say.
func (l *Loki) page(ctx context.Context, start, end int64, limit int) ([]entry, error) {
	entries, err := l.retries.WithContext(ctx).Get(func() ([]entry, error) { return l.ask(ctx, start, end, limit) })
	if err != nil && ctx.Err() != nil {
		return nil, fault.Wrap(fault.Unavailable, context.Cause(ctx), "reading logs from the Loki at %s was given up", l.server.Host)
	}
	return entries, err
}
