package clustertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

var errAddressInUse = errors.New("the port was taken by another program")

// process is one program of the control plane.
type process struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it was waited for
}

// run starts a program with its output in a log of its own.
func (c *Cluster) run(name string, flags ...string) error {
	log, err := os.Create(filepath.Join(c.dir, name+".log"))
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(c.programs, name), flags...)
	// Nothing of this user's own, such as a kubeconfig or a proxy, may matter.
	cmd.Env = []string{"HOME=" + c.dir, "PATH=/usr/bin:/bin"}
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is ours to handle
	dieWithParent(cmd.SysProcAttr)

	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The thread that forks must live as long as the program: its death is
		// what the program is told of.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	c.processes = append(c.processes, p)
	return nil
}

// kill needs no grace: nothing of a test's cluster is kept.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// waitFor waits for something of the start, and fails early with the log of
// a program that ended.
func (c *Cluster) waitFor(ctx context.Context, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range c.processes {
		go func() {
			select {
			case <-p.ended:
				cancel(c.postMortem(p.name))
			case <-ctx.Done():
			}
		}()
	}
	return Eventually(ctx, what, ready)
}

func (c *Cluster) postMortem(name string) error {
	log := c.Log(name)
	err := fmt.Errorf("%s ended; its log ends with\n%s", name, log)
	if bytes.Contains([]byte(log), []byte("address already in use")) {
		return errors.Join(errAddressInUse, err)
	}
	return err
}

// freePort is a port of the loopback interface that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("no free port: %w", err)
	}
	addr, _ := l.Addr().(*net.TCPAddr)
	return addr.Port, l.Close()
}

// logTail is the end of a log, for an error.
func logTail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const most = 2000 // bytes
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	return string(bytes.ToValidUTF8(bytes.TrimSpace(text), nil))
}
