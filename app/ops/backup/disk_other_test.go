//go:build !linux

package backup

import "testing"

func smallDisk(t *testing.T) string {
	t.Skip("no small file system can be mounted here")
	return ""
}
