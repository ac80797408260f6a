package local

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has the kernel end the program when the thread that forked it
// ends. SIGQUIT is PostgreSQL's immediate shutdown: quick, and safe with the
// log replayed at the next start.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }

// serversIn lists the processes of a PostgreSQL server on a data directory,
// backends included: they all work in that directory.
func serversIn(data string) []int {
	data, err := filepath.EvalSymlinks(data)
	if err != nil {
		return nil
	}
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", e.Name())
		if cwd, err := os.Readlink(filepath.Join(dir, "cwd")); err != nil || cwd != data {
			continue
		}
		// An upgrade may have replaced the program under the process.
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err == nil && filepath.Base(strings.TrimSuffix(exe, " (deleted)")) == "postgres" {
			pids = append(pids, pid)
		}
	}
	return pids
}
