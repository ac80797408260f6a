package local

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// A killed program takes its server along, and the next start finds the data.
func TestKilledProgramTakesItsServerAlong(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	execute(t, p.URL(), "create table seen as select 'once' as what")
	require.NoError(t, p.Stop(t.Context()))

	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), childDir+"="+dir)
	_, err := program.StdinPipe() // the program ends with us
	require.NoError(t, err)
	out, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)

	data := filepath.Join(p.cluster.home, "data")
	require.NotEmpty(t, serversIn(data))
	_, err = Start(t.Context(), quiet(dir))
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "another program holds the directory")
	execute(t, p.URL(), "insert into seen values ('twice')")

	require.NoError(t, program.Process.Kill())
	_ = program.Wait()
	require.Eventually(t, func() bool { return len(serversIn(data)) == 0 }, patience, 10*time.Millisecond)
	next := start(t, quiet(dir))
	require.Equal(t, "once twice", query(t, next.URL(), "select string_agg(what, ' ' order by what) from seen"))
}

// The next start may come while the killed program's server still runs.
func TestStartRightAfterAKill(t *testing.T) {
	dir := clusterDir(t)
	for range 3 {
		program := exec.Command(os.Args[0])
		program.Env = append(os.Environ(), childDir+"="+dir)
		_, err := program.StdinPipe()
		require.NoError(t, err)
		out, err := program.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, program.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "ready\n", line)
		require.NoError(t, program.Process.Kill())
		_ = program.Wait()
	}
	start(t, quiet(dir))
}
