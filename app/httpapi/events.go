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

	"github.com/script-ohio/platform/app/platform/jobs"
)

// eventStream is the media type of server-sent events (HTML Living Standard).
const eventStream = "text/event-stream"

// streamed describes an operation that answers with events.
func streamed(op *huma.Operation) {
	op.Description += " An event named progress tells the run whenever it has changed, one named end that it has ended." +
		" A stream is cut after the time that any request may take; an EventSource connects again by itself."
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{eventStream: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

// keepAlive is how long a stream may be silent before proxies take it for dead.
const keepAlive = 10 * time.Second

func (a *API) runEvents(ctx context.Context, in *runInput) (*huma.StreamResponse, error) {
	record, err := a.deps.Jobs.Run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", eventStream)
		h.SetHeader("Cache-Control", "no-store")
		h.SetHeader("X-Accel-Buffering", "no")
		h.SetStatus(http.StatusOK)
		a.follow(h.Context(), h.BodyWriter(), record)
	}}, nil
}

// follow writes a run whenever it has changed, until it has ended, the caller
// hangs up, time is up or the process stops.
func (a *API) follow(ctx context.Context, to io.Writer, record jobs.Record) {
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
			_, err = io.WriteString(to, ": still there\n\n")
			flush(to)
			wrote = a.opts.Clock()
		}
		if err != nil {
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
		if found, err := a.deps.Jobs.Run(ctx, record.ID); err == nil {
			record = found
		} // else what is known stands until the database is back
	}
}

func event(to io.Writer, name string, id int64, data []byte) error {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\nid: " + strconv.FormatInt(id, 10) + "\nretry: 1000\ndata: ")
	b.Write(data) // JSON of one line
	b.WriteString("\n\n")
	_, err := to.Write(b.Bytes())
	flush(to)
	return err
}

func flush(w io.Writer) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
