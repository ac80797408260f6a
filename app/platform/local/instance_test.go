package local

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

func TestInstanceIsThereWhileItRuns(t *testing.T) {
	dir := clusterDir(t)
	none := "no running instance in " + dir + ": start one with `ohio serve --local --data-dir " + dir + "` or set DATABASE_URL"
	want := Instance{
		PID: os.Getpid(), DatabaseURL: "postgres://u:p@/ohio", PublicURL: "http://127.0.0.1:8000",
		InternalURL: "http://127.0.0.1:9000", RedisURL: "redis://127.0.0.1:1",
		StartedAt: time.Date(2024, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	requireNone := func(says string) {
		t.Helper()
		_, err := ReadInstance(dir)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.EqualError(t, err, says)
	}
	requireNone(none)

	p := start(t, quiet(dir))
	_, err := ReadInstance(dir)
	require.ErrorContains(t, err, "still starting")
	unnamed := want
	unnamed.PID = 0 // this process
	require.NoError(t, WriteInstance(dir, unnamed))
	got, err := ReadInstance(dir)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	info, err := os.Stat(instancePath(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 4, "lock, log, cluster, instance and no temporary file")

	other := want
	other.PID = 1 // alive, but not who holds the directory
	require.NoError(t, WriteInstance(dir, other))
	requireNone(none)

	require.NoError(t, os.WriteFile(instancePath(dir), []byte(`{"pid":`), 0o600))
	_, err = ReadInstance(dir)
	require.Equal(t, fault.Internal, fault.CodeOf(err))

	require.NoError(t, p.Stop(t.Context()))
	requireNone(none)

	// A killed program leaves its file, but not its lock.
	require.NoError(t, WriteInstance(dir, want))
	requireNone(none)
}

func TestInstanceNeedsADirectory(t *testing.T) {
	missing := newDir(t) + "/missing"
	require.Error(t, WriteInstance(missing, Instance{}))
	_, err := ReadInstance(missing)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}
