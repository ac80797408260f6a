package endtoend_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is long enough for a machine that does other work; nothing waits so
// long when all is well.
const patience = 2 * time.Minute

// process is a program that runs until the test ends.
type process struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	log   strings.Builder
	said  chan struct{} // closed and replaced with each line
	ended chan struct{}
}

// start runs a program with its output watched.
func start(t *testing.T, environ []string, path string, args ...string) *process {
	t.Helper()
	p := &process{said: make(chan struct{}), ended: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(os.Environ(), environ...)
	p.cmd.Dir = "/" // which every user may enter
	out, in, err := os.Pipe()
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = in, in
	require.NoError(t, p.cmd.Start())
	require.NoError(t, in.Close())
	go p.read(out)
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("%s said:\n%s", path, tail(p.text(), 40))
		}
	})
	return p
}

func (p *process) read(out io.ReadCloser) {
	defer close(p.ended)
	defer out.Close()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		close(p.said)
		p.said = make(chan struct{})
		p.mu.Unlock()
	}
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// says waits for a line and gives what its first group holds.
func (p *process) says(t *testing.T, pattern string) string {
	t.Helper()
	line, deadline := regexp.MustCompile(pattern), time.After(patience)
	for {
		p.mu.Lock()
		text, more := p.log.String(), p.said
		p.mu.Unlock()
		if found := line.FindStringSubmatch(text); found != nil {
			return found[1]
		}
		select {
		case <-more:
		case <-p.ended:
			if line.FindStringSubmatch(p.text()) == nil {
				t.Fatalf("%s ended without saying %s:\n%s", p.cmd.Path, pattern, tail(p.text(), 40))
			}
		case <-deadline:
			t.Fatalf("%s does not say %s:\n%s", p.cmd.Path, pattern, tail(p.text(), 40))
		}
	}
}

// stop asks the program to end, and makes it if it does not.
func (p *process) stop(t *testing.T) {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Errorf("%s does not stop", p.cmd.Path)
		_ = p.cmd.Process.Kill()
	}
	_ = p.cmd.Wait() // tells of the signal
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// program finds one of several names on PATH.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("install %s", names[0])
	return ""
}

// client is for requests to the programs of a test.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// eventually waits until a condition holds, and tells what was there if it
// never does.
func eventually(t *testing.T, holds func() bool, what func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what())
		}
	}
}
