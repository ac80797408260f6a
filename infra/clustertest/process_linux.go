package clustertest

import "syscall"

// dieWithParent has the kernel end the program when the thread that forked it
// ends, so that a killed test leaves nothing running.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
