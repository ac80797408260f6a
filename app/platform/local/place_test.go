package local

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// A data directory below a private one, as in /root: as root the server's
// user cannot reach it and the cluster is put elsewhere; otherwise it can.
func TestPrivateDataDir(t *testing.T) {
	private := filepath.Join(t.TempDir(), "private")
	require.NoError(t, os.Mkdir(private, 0o700))
	opts := quiet(filepath.Join(private, "data"))
	opts.Elsewhere = filepath.Join(newDir(t), "elsewhere")
	p := start(t, opts)
	execute(t, p.URL(), "create table seen as select 'once' as what")
	target, err := os.Readlink(filepath.Join(opts.DataDir, "postgres"))
	if os.Geteuid() == 0 {
		require.NoError(t, err)
		require.Equal(t, target, p.cluster.home)
		require.Equal(t, opts.Elsewhere, filepath.Dir(target))
	} else {
		require.Error(t, err, "no link")
		require.NoDirExists(t, opts.Elsewhere)
	}
	require.NoError(t, p.Stop(t.Context()))
	again := start(t, opts)
	require.Equal(t, "once", query(t, again.URL(), "select what from seen"))
	require.NoError(t, again.Stop(t.Context()))

	require.NoError(t, Remove(t.Context(), opts.DataDir, opts.Logger))
	require.NoDirExists(t, p.cluster.home)
	left, err := os.ReadDir(opts.DataDir)
	require.NoError(t, err)
	require.Len(t, left, 1, "only the empty lock")
	start(t, opts)
}

func TestLostClusterIsNotReplacedSilently(t *testing.T) {
	dir := newDir(t)
	require.NoError(t, os.Symlink("/nowhere/cluster", filepath.Join(dir, "postgres")))
	_, err := Start(t.Context(), quiet(dir))
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "/nowhere/cluster")
}

// The tests above hold for other users than root too: as root they are run
// again as the user whom PostgreSQL would run as.
func TestAsUnprivilegedUser(t *testing.T) {
	if os.Geteuid() != 0 {
		start(t, quiet(newDir(t)))
		return
	}
	as, err := serverUser()
	require.NoError(t, err)
	dir := newDir(t)
	tests := filepath.Join(dir, "tests") // the original lies in a private directory
	copyProgram(t, os.Args[0], tests)
	temp := filepath.Join(dir, "tmp")
	require.NoError(t, os.Mkdir(temp, 0o700))
	require.NoError(t, os.Chown(temp, as.uid, as.gid))

	cmd := exec.Command(tests, "-test.run=^(TestDataOutlivesStop|TestPrivateDataDir|TestKilled.*|TestServerLeftBehindIsEnded|"+
		"TestRecycledPidIsLeftAlone|TestLongDataDir|TestAsUnprivilegedUser)$", "-test.v")
	cmd.Dir = temp
	cmd.Env = []string{"HOME=" + temp, "TMPDIR=" + temp, "PATH=" + os.Getenv("PATH"), "OHIO_PG_BIN=" + os.Getenv("OHIO_PG_BIN")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestAsUnprivilegedUser")
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}
