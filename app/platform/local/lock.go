package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// dirLock is the right to use a data directory: flock(2) on its file lock,
// which the kernel takes back when the program dies. The file holds the
// holder's pid and stays behind empty.
type dirLock struct{ file *os.File }

// lockDir takes the lock or fails with fault.Conflict. It tries for half a
// second, because readers of an instance test the lock for an instant.
func lockDir(ctx context.Context, dir string) (*dirLock, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the lock of the data directory %s cannot be opened", dir)
	}
	for attempt := 0; ; attempt++ {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || attempt == 20 {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
	if err == nil {
		err = writePID(f)
	}
	if err == nil {
		return &dirLock{f}, nil
	}
	defer f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fault.New(fault.Conflict, "another ohio (pid %d) already runs on %s; stop it or use --data-dir", lockPID(f), dir)
	}
	return nil, fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be locked", dir)
}

func (l *dirLock) release() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}

// lockHolder gives the pid of the program that runs on a data directory, 0
// when none does.
func lockHolder(dir string) (int, error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close() // which gives the lock back
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return lockPID(f), nil
	}
	return 0, err
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

func lockPID(f *os.File) int {
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}
