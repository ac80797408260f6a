package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// statusInterrupted is the exit status after a signal, as shells count it.
const statusInterrupted = 130

// reportInterrupt says that a signal ended the command, and what the command
// says of it. That whoever was asked then did not answer is no reason.
func reportInterrupt(ctx context.Context, w io.Writer, err error) {
	said := aftermath(ctx, err)
	if err == nil {
		said = []string{"all was done by then"}
	}
	text := strings.Join(append([]string{"interrupted"}, said...), ": ")
	sentence(w, "ohio: %s", text)
}

// aftermath is what an error tells that is more than the interrupt itself.
func aftermath(ctx context.Context, err error) (said []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			said = append(said, aftermath(ctx, one)...)
		}
		return said
	}
	if err == nil {
		return nil
	}
	if s, ok := errors.AsType[stopped](err); ok {
		return []string{s.Error()}
	}
	text := err.Error()
	if !errors.Is(err, ctx.Err()) && !errors.Is(err, context.Cause(ctx)) {
		return []string{text}
	}
	for _, cause := range []error{ctx.Err(), context.Cause(ctx)} {
		text = strings.TrimSuffix(text, ": "+cause.Error())
	}
	if strings.Contains(text, "interrupted") {
		return []string{text}
	}
	return nil
}

// stdin is standard input until a signal comes: who waits for a person then
// does so no longer.
func (c *console) stdin() io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, os.Stdin)
		_ = w.CloseWithError(err)
	}()
	go func() {
		<-c.interrupted
		_ = w.CloseWithError(context.Canceled)
	}()
	return r
}

// recordWithin bounds how long the audit log is tried after a signal.
const recordWithin = 10 * time.Second

// recording is the context to record something in that is done, also after a
// signal.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
}
