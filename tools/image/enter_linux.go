package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// enter replaces this process by a program in a root directory, the way that
// a container runtime does with every capability dropped and no-new-privileges
// set. The order matters: each step takes away what the ones before need.
func enter(user, root string, line []string) error {
	uid, gid, err := parseUser(user)
	if err != nil {
		return err
	}
	runtime.LockOSThread() // capabilities and no-new-privileges belong to a thread
	steps := []struct {
		name string
		do   func() error
	}{
		{"chroot", func() error { return errors.Join(unix.Chroot(root), unix.Chdir("/")) }},
		{"bounding set", dropBoundingSet},
		{"ambient set", func() error { return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) }},
		{"user", func() error { return become(uid, gid) }},
		{"capabilities", dropCapabilities},
		{"no new privileges", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return fmt.Errorf("%s: %w", line[0], unix.Exec(line[0], line, os.Environ()))
}

func parseUser(user string) (uid, gid int, err error) {
	u, g, _ := strings.Cut(user, ":")
	uid, wrong := strconv.Atoi(u)
	gid, err = strconv.Atoi(g)
	if err = errors.Join(wrong, err); err != nil {
		return 0, 0, fmt.Errorf("the user %q is not UID:GID", user)
	}
	return uid, gid, nil
}

func dropBoundingSet() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// A kernel that does not know one has nothing to drop.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return err
		}
	}
	return nil
}

// dropCapabilities empties the permitted, effective and inheritable sets.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}

// become is done already where a user namespace made this process the user.
func become(uid, gid int) error {
	if os.Getuid() == uid && os.Getgid() == gid {
		return nil
	}
	if err := unix.Setgroups(nil); err != nil {
		return err
	}
	if err := unix.Setresgid(gid, gid, gid); err != nil {
		return err
	}
	return unix.Setresuid(uid, uid, uid)
}

// loopbackUp turns on the loopback, which a new network namespace has off.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}
