package local

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// runTied runs a program that dies with us to its end. The thread that forks
// it must live as long, for its death is what the program is told of.
func runTied(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.Run()
}

// reachable tries to run a program as the cluster's owner in the home: the
// kernel then checks the whole path, to the home and to the program.
func (c *cluster) reachable() error {
	return runTied(c.command(context.Background(), "postgres", "--version"))
}

// logName is the log in the data directory.
const logName = "postgres.log"

// largestLog is how large the log may be before it is put aside at a start.
const largestLog = 10 << 20 // bytes

// openLog opens the log to append to it, and keeps one older file.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > largestLog {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the log %s cannot be written", path)
	}
	return f, nil
}

// logTail gives the last lines of the log, for an error.
func logTail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const most = 1000 // bytes
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	return strings.ToValidUTF8(string(bytes.TrimSpace(text)), "")
}
