package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/script-ohio/platform/app/fault"
)

// owner is the user whom the cluster belongs to and the server runs as.
type owner struct {
	name     string
	uid, gid int
	self     bool // no change of user needed
}

// serverUser picks the server's user: ourselves, but PostgreSQL refuses root,
// so as root it is postgres, else nobody.
func serverUser() (owner, error) {
	if uid := os.Geteuid(); uid != 0 {
		return owner{name: strconv.Itoa(uid), uid: uid, gid: os.Getegid(), self: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil {
			return owner{name: name, uid: uid, gid: gid}, nil
		}
	}
	return owner{}, fault.New(fault.Unavailable,
		"PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody; run as another user")
}

func (o owner) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !o.self {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	dieWithParent(attr)
	return attr
}

func (o owner) own(path string) error {
	if o.self {
		return nil
	}
	if err := os.Lchown(path, o.uid, o.gid); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be given to user %s", path, o.name)
	}
	return nil
}

// makeDataDir makes the data directory. As root others may pass through it,
// because the server's user must.
func makeDataDir(dir string) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be made", dir)
	}
	return nil
}

// place finds or makes the cluster's home and socket directory.
func (c *cluster) place(dataDir, elsewhere string) error {
	if elsewhere == "" {
		elsewhere = "/var/lib/ohio"
	}
	link := filepath.Join(dataDir, "postgres")
	home, err := filepath.EvalSymlinks(link)
	switch {
	case err == nil:
		c.home = home
		err = c.adopt()
	case !errors.Is(err, os.ErrNotExist):
		err = fault.Wrap(fault.Unavailable, err, "%s cannot be read", link)
	default:
		if target, _ := os.Readlink(link); target != "" {
			return fault.New(fault.Conflict, "the cluster %s of %s is gone: restore it, or remove the link %s to begin anew",
				target, dataDir, link)
		}
		err = c.found(link, elsewhere)
	}
	if err != nil {
		return err
	}
	return c.placeSocket()
}

// adopt takes the owner of an existing home as the server's user, so that it
// does not matter as whom it was first started.
func (c *cluster) adopt() error {
	info, err := os.Stat(c.home)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be read", c.home)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || int(stat.Uid) == c.owner.uid:
	case stat.Uid == 0: // a start was interrupted here
		if err := c.owner.own(c.home); err != nil {
			return err
		}
	case c.owner.self:
		return fault.New(fault.Forbidden, "%s belongs to user %d; run as that user or use another --data-dir", c.home, stat.Uid)
	default:
		c.owner = owner{name: strconv.Itoa(int(stat.Uid)), uid: int(stat.Uid), gid: int(stat.Gid)}
	}
	if err := c.reachable(); err != nil {
		return fault.Wrap(fault.Unavailable, err, "user %s cannot reach the cluster in %s or run %s",
			c.owner.name, c.home, c.binaries)
	}
	return nil
}

// found makes a home at link or, when the server's user cannot reach that,
// elsewhere with a symbolic link to it.
func (c *cluster) found(link, elsewhere string) error {
	if err := os.Mkdir(link, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be made", link)
	}
	var err error
	if c.home, err = filepath.EvalSymlinks(link); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be read", link)
	}
	if err := c.owner.own(c.home); err != nil {
		return err
	}
	if c.reachable() == nil {
		return nil
	}
	if err := os.Remove(c.home); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be replaced", link)
	}
	if err := os.MkdirAll(elsewhere, 0o711); err != nil {
		return fault.Wrap(fault.Unavailable, err, "user %s cannot reach %s, and %s cannot be made", c.owner.name, link, elsewhere)
	}
	// The name is random: a data directory removed and made again must not
	// find the old cluster.
	if c.home, err = os.MkdirTemp(elsewhere, filepath.Base(filepath.Dir(link))+"-*"); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written", elsewhere)
	}
	if err := c.owner.own(c.home); err != nil {
		return err
	}
	if err := c.reachable(); err != nil {
		_ = os.Remove(c.home)
		return fault.Wrap(fault.Unavailable, err, "user %s can reach neither %s nor %s, or cannot run %s",
			c.owner.name, link, elsewhere, c.binaries)
	}
	if err := os.Symlink(c.home, link); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be made", link)
	}
	return nil
}

// socketName is what PostgreSQL calls the socket of its default port.
const socketName = ".s.PGSQL.5432"

// socketRoom is how long the path of a socket directory may be: sun_path takes
// 104 bytes on BSD and macOS (108 on Linux), with the socket's name and a NUL.
const socketRoom = 104 - len("/"+socketName) - 1

// placeSocket puts the socket into the home or, when that path is too long,
// into a short directory for temporary files named after it.
func (c *cluster) placeSocket() error {
	c.socket = c.home
	if len(c.socket) <= socketRoom {
		return nil
	}
	sum := sha256.Sum256([]byte(c.home))
	name := "ohio-" + hex.EncodeToString(sum[:8])
	c.socket = filepath.Join(os.TempDir(), name)
	if len(c.socket) > socketRoom {
		c.socket = filepath.Join("/tmp", name)
	}
	err := os.Mkdir(c.socket, 0o700)
	if err == nil {
		return c.owner.own(c.socket)
	}
	// Left by a program that was killed, or laid there by somebody else.
	info, statErr := os.Lstat(c.socket)
	if statErr != nil {
		return fault.Wrap(fault.Unavailable, err, "the socket directory %s cannot be made", c.socket)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != c.owner.uid || info.Mode().Perm() != 0o700 {
		return fault.New(fault.Conflict, "%s must be a private directory of user %s; remove it or use a shorter --data-dir",
			c.socket, c.owner.name)
	}
	return nil
}

// removeSocket removes the socket directory when it is not the home.
func (c *cluster) removeSocket() error {
	if c.socket == c.home {
		return nil
	}
	if err := os.RemoveAll(c.socket); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be removed", c.socket)
	}
	return nil
}
