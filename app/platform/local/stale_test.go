package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that nobody supervises, as an earlier program may leave it.
func TestServerLeftBehindIsEnded(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	execute(t, p.URL(), "create table seen as select 'once' as what")
	require.NoError(t, p.Stop(t.Context()))

	log, err := openLog(p.cluster.log)
	require.NoError(t, err)
	defer log.Close()
	orphan := p.cluster.server(log)
	orphan.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: orphan.SysProcAttr.Credential}
	require.NoError(t, orphan.Start())
	gone := make(chan error, 1)
	go func() { gone <- orphan.Wait() }()
	require.NoError(t, p.cluster.awaitReady(nil))

	next := start(t, quiet(dir))
	<-gone
	require.NotEqual(t, orphan.Process.Pid, next.pid())
	require.Equal(t, "once", query(t, next.URL(), "select what from seen"))
}

// A pid file that names a living process of somebody else neither stops the
// start nor harms that process.
func TestRecycledPidIsLeftAlone(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	require.NoError(t, p.Stop(t.Context()))
	bystander := exec.Command("sleep", "600")
	bystander.SysProcAttr = &syscall.SysProcAttr{Credential: p.cluster.owner.attributes().Credential}
	require.NoError(t, bystander.Start())
	gone := make(chan error, 1)
	go func() { gone <- bystander.Wait() }()
	file := filepath.Join(p.cluster.data(), "postmaster.pid")
	text := strconv.Itoa(bystander.Process.Pid) + "\n" + p.cluster.data() + "\n" +
		strconv.FormatInt(time.Now().Unix(), 10) + "\n5432\n" + p.cluster.socket + "\n\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(p.cluster.socket, socketName+".lock"), []byte(text), 0o600))
	require.NoError(t, os.Chown(file, p.cluster.owner.uid, p.cluster.owner.gid))

	start(t, quiet(dir))
	select {
	case err := <-gone:
		t.Fatal("the bystander ended:", err)
	default:
	}
	require.NoError(t, bystander.Process.Kill())
	<-gone
}
