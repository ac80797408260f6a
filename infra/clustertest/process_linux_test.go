package clustertest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// childDir tells the test's own program to be the one that is killed.
const childDir = "CLUSTERTEST_CHILD_DIR"

// A killed test leaves no program running.
func TestProgramsDieWithTheirTest(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		c := &Cluster{programs: dir, dir: dir}
		require.NoError(t, c.run("etcd"))
		fmt.Println("pid", c.processes[0].cmd.Process.Pid)
		time.Sleep(time.Minute)
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "etcd"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if text, is := strings.CutPrefix(lines.Text(), "pid "); is {
			pid, err = strconv.Atoi(text)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, pid)
	name := func() string {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		return strings.TrimSpace(string(text))
	}
	require.Eventually(t, func() bool { return name() == "sleep" }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	require.Eventually(t, func() bool { return name() != "sleep" }, 10*time.Second, 10*time.Millisecond)
}
