package backup

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallDisk is a file system of its own with little room.
func smallDisk(t *testing.T) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skip("no small file system can be mounted:", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}
