//go:build !linux

package local

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing here: a server whose program was killed lives on
// until the next start on its data directory ends it.
func dieWithParent(*syscall.SysProcAttr) {}

// serversIn gives the server that the data directory's pid file names, when
// that process is a PostgreSQL server started on this directory.
func serversIn(data string) []int {
	f, err := os.Open(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return nil
	}
	command, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(command), "postgres -D "+data+" ") {
		return nil
	}
	return []int{pid}
}
