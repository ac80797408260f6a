package blob_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/blob"
)

// What a full disk has no room for leaves what was there.
func TestWriteAllOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("no small file system can be mounted:", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	bucket := open(t, "file://"+filepath.Join(dir, "bucket"))
	require.NoError(t, blob.WriteAll(t.Context(), bucket, "a/b.json", []byte("old")))
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	require.NoError(t, err)
	_, err = io.Copy(ballast, zeros{})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, ballast.Close())
	for _, room := range []int64{0, 4096} { // none, or for a half
		info, err := os.Stat(ballast.Name())
		require.NoError(t, err)
		require.NoError(t, os.Truncate(ballast.Name(), info.Size()-room))
		require.ErrorContains(t, blob.WriteAll(t.Context(), bucket, "a/b.json", bytes.Repeat([]byte("new"), 5000)), "no space left on device")
		got, err := bucket.ReadAll(t.Context(), "a/b.json")
		require.NoError(t, err)
		require.Equal(t, "old", string(got))
		files, err := os.ReadDir(filepath.Join(dir, "bucket", "a"))
		require.NoError(t, err)
		require.Len(t, files, 1, "nothing half-written stays")
	}
}
