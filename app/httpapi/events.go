package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// eventStream is the media type of server-sent events (HTML Living Standard).
const eventStream = "text/event-stream"

// streamed describes an operation that answers with events.
func streamed(op *huma.Operation) {
	op.Description += " An event named progress tells the run whenever it has changed, one named end that it has ended." +
		" A stream goes on for an hour at most; an EventSource connects again by itself."
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{eventStream: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

// keepAlive is how long a stream may be silent before proxies take it for dead.
const keepAlive = 10 * time.Second

// Bounds of streams, which no timeout ends.
const (
	// maxStreams is how many runs a process lets be followed at the same time:
	// each costs a look at the database every Options.Poll.
	maxStreams = 100
	// streamFor is when a caller has to ask anew.
	streamFor = time.Hour
	// eventTimeout is how long a caller may take to take an event.
	eventTimeout = 30 * time.Second
)

func (a *API) runEvents(ctx context.Context, in *runInput) (*huma.StreamResponse, error) {
	record, err := a.deps.Jobs.Run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if a.streams.Add(1) > maxStreams {
		a.streams.Add(-1)
		return nil, fault.New(fault.RateLimited, "%d runs are followed here already: ask for the run itself every now and then", maxStreams)
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		defer a.streams.Add(-1)
		h.SetHeader("Content-Type", eventStream)
		h.SetHeader("Cache-Control", "no-store")
		h.SetHeader("X-Accel-Buffering", "no")
		h.SetStatus(http.StatusOK)
		ctx, cancel := untilHungUp(h.Context())
		defer cancel()
		c := humagin.Unwrap(h)
		key, _ := apiKey(c.Request.Header)
		a.follow(ctx, c.Writer, record, key)
	}}, nil
}

// untilHungUp is a request's context without the deadline that requests have.
func untilHungUp(request context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(request))
	stop := context.AfterFunc(callOf(request).caller, cancel)
	return ctx, func() { stop(); cancel() }
}

// follow writes a run whenever it has changed, until it has ended, the caller
// hangs up or has its key revoked, time is up or the process stops.
func (a *API) follow(ctx context.Context, to http.ResponseWriter, record jobs.Record, key string) {
	began := a.opts.Clock()
	admitted := began
	poll := time.NewTicker(a.opts.Poll)
	defer poll.Stop()
	var last []byte
	wrote := a.opts.Clock()
	for {
		state, err := json.Marshal(record)
		if err != nil {
			return
		}
		switch {
		case record.Status.Ended():
			_ = event(to, "end", record.ID, state)
			return
		case !bytes.Equal(state, last):
			err = event(to, "progress", record.ID, state)
			last, wrote = state, a.opts.Clock()
		case a.opts.Clock().Sub(wrote) >= keepAlive:
			err = send(to, ": still there\n\n")
			wrote = a.opts.Clock()
		}
		if err != nil || a.opts.Clock().Sub(began) >= streamFor {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		if a.draining.Load() {
			return
		}
		if a.opts.Clock().Sub(admitted) >= keepAlive {
			if _, err := a.deps.Authenticator.Authenticate(ctx, key); fault.CodeOf(err) == fault.Unauthenticated {
				return
			}
			admitted = a.opts.Clock()
		}
		if found, err := a.look(ctx, record.ID); err == nil {
			record = found
		} // else what is known stands until the database is back
	}
}

func (a *API) look(ctx context.Context, run int64) (jobs.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	return a.deps.Jobs.Run(ctx, run)
}

func event(to http.ResponseWriter, name string, id int64, data []byte) error {
	// The data is JSON of one line.
	return send(to, "event: "+name+"\nid: "+strconv.FormatInt(id, 10)+"\nretry: 1000\ndata: "+string(data)+"\n\n")
}

// send writes past the time that the server gives to answers.
func send(to http.ResponseWriter, text string) error {
	connection := http.NewResponseController(to)
	_ = connection.SetWriteDeadline(time.Now().Add(eventTimeout)) // else, the server's stands
	if _, err := io.WriteString(to, text); err != nil {
		return err
	}
	return connection.Flush()
}
