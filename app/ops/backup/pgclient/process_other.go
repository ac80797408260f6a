//go:build !linux

package pgclient

import "syscall"

// attributes give a program a group of its own, so that a Ctrl-C reaches it
// through us only. When we are killed it ends with its pipe.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
