package pgclient

import "syscall"

// attributes give a program a group of its own, so that a Ctrl-C reaches it
// through us only, and have the kernel end it when we are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
