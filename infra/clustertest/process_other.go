//go:build !linux

package clustertest

import "syscall"

// dieWithParent does nothing here: a test that is killed before it can stop
// its cluster leaves it running.
func dieWithParent(*syscall.SysProcAttr) {}
