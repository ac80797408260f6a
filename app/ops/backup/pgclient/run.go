package pgclient

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Call is one run of a program.
type Call struct {
	Program string
	Args    []string // never with a secret: everybody on the machine can read them
	Target  *Target  // nil when it reaches no database
	In      io.Reader
	Out     io.Writer
}

// patience is how long an interrupted program may take to leave.
const patience = 5 * time.Second

// Run runs a program to its end. When ctx ends it is ended too, and on Linux
// also when we are killed. Its error is fault.Unavailable with what the program
// said, or the error of In or Out when that was what stopped it.
func (c Client) Run(ctx context.Context, call Call) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.dir, call.Program), call.Args...)
	cmd.Env = append([]string{"PATH=" + c.dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + os.Getenv("HOME")}, environ(call.Target)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	cmd.SysProcAttr = attributes()
	said, in, out := &tail{}, &reader{r: call.In}, &writer{w: call.Out}
	cmd.Stderr = said
	if call.In != nil {
		cmd.Stdin = in
	}
	if call.Out != nil {
		cmd.Stdout = out
	}
	ended := make(chan error, 1)
	go func() {
		// The program's death signal is tied to the thread that forked it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ended <- cmd.Run()
	}()
	err := <-ended
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case out.err != nil:
		return out.err
	case in.err != nil:
		return in.err
	case err == nil:
		return nil
	}
	if words := said.String(); words != "" {
		err = errors.New(words)
	}
	return fault.Wrap(fault.Unavailable, err, "%s failed", call.Program)
}

func environ(t *Target) []string {
	if t == nil {
		return nil
	}
	return append(t.environ[:len(t.environ):len(t.environ)], "PGDATABASE="+t.database)
}

// reader and writer remember why they failed: the program's own end is then
// only a consequence. They are read after the program has ended.
type reader struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

type writer struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// tail keeps the end of what a program says.
type tail struct{ text []byte }

const mostSaid = 2000 // bytes

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-mostSaid):]
	return len(p), nil
}

// String is what was said, in one line.
func (t *tail) String() string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(t.text), "")), " ")
}
