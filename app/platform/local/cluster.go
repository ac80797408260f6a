package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/script-ohio/platform/app/fault"
)

// cluster is a PostgreSQL cluster on disk and how to run it. Its home, owned
// by the server's user and closed to others, holds data/, password and
// usually the socket.
type cluster struct {
	binaries string // directory of initdb and postgres
	version  string // of the binaries
	owner    owner  // whom the server runs as
	home     string
	socket   string // directory of the socket
	log      string // file for what the server says
	durable  bool
	password string
}

// superuser is the one role of the cluster.
const superuser = "ohio"

func (c *cluster) data() string { return filepath.Join(c.home, "data") }

func (c *cluster) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Path: "/" + database, RawQuery: "host=" + strings.ReplaceAll(url.QueryEscape(c.socket), "+", "%20"), // to pgx a + is no space
	}
	return u.String()
}

// create reads the cluster's password and makes the cluster when there is
// none yet. What a killed initdb left is thrown away.
func (c *cluster) create(ctx context.Context) error {
	passwordFile := filepath.Join(c.home, "password")
	made, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	switch {
	case err == nil:
		if err := c.fits(strings.TrimSpace(string(made))); err != nil {
			return err
		}
		password, err := os.ReadFile(passwordFile)
		if err != nil {
			return fault.Wrap(fault.Conflict, err, "the cluster in %s has lost its password file; restore it or remove that directory", c.home)
		}
		c.password = strings.TrimSpace(string(password))
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return fault.Wrap(fault.Unavailable, err, "the cluster in %s cannot be read", c.home)
	}
	c.password = rand.Text()
	if err := c.writePassword(passwordFile); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written", passwordFile)
	}
	unfinished := c.data() + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be removed", unfinished)
	}
	if err := c.initdb(ctx, unfinished, passwordFile); err != nil {
		return err
	}
	if err := os.Rename(unfinished, c.data()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be renamed", unfinished)
	}
	return nil
}

// writePassword makes the password file anew. The home belongs to the server's
// user, so as root nothing that lies there may be followed.
func (c *cluster) writePassword(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if !c.owner.self {
		if err := f.Chown(c.owner.uid, c.owner.gid); err != nil {
			return err
		}
	}
	_, err = f.WriteString(c.password + "\n")
	return err
}

// fits refuses a cluster that another major version made.
func (c *cluster) fits(made string) error {
	major, _, _ := strings.Cut(c.version, ".")
	if made == major {
		return nil
	}
	return fault.New(fault.Conflict, "the cluster in %s was made by PostgreSQL %s, but %s is %s: "+
		"install PostgreSQL %[2]s and set OHIO_PG_BIN to its bin directory, or use another --data-dir",
		c.home, made, c.binaries, c.version)
}

func (c *cluster) initdb(ctx context.Context, dir, passwordFile string) error {
	locale := "C.UTF-8"
	if runtime.GOOS != "linux" { // not every libc has it
		locale = "C"
	}
	args := []string{
		"--pgdata=" + dir, "--username=" + superuser, "--pwfile=" + passwordFile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=" + locale,
	}
	if !c.durable {
		args = append(args, "--no-sync")
	}
	cmd := c.command(ctx, "initdb", args...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := runTied(cmd); err != nil {
		if ctx.Err() != nil {
			return fault.Wrap(fault.Unavailable, ctx.Err(), "stopped while the PostgreSQL cluster in %s was being made", c.home)
		}
		return fault.Wrap(fault.Unavailable, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String())),
			"the PostgreSQL cluster in %s cannot be made", c.home)
	}
	return nil
}

// server prepares the server's command, with log as its output.
func (c *cluster) server(log *os.File) *exec.Cmd {
	settings := []string{
		"listen_addresses=", // the socket only
		"unix_socket_directories=" + c.socket,
		"unix_socket_permissions=0700",
		"shared_buffers=64MB",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_min_error_statement=panic", // statements may hold what a log must not
		"restart_after_crash=on",
	}
	if !c.durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", c.data()}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	cmd := c.command(context.Background(), "postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	return cmd
}

// command prepares a program of PostgreSQL, run as the cluster's owner, in a
// session of its own so that a Ctrl-C meant for us does not reach it, and
// dying with us. PG* variables of the environment are kept away from it.
func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.binaries, program), args...)
	cmd.Dir = c.home
	cmd.Env = []string{"PATH=" + c.binaries + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = c.owner.attributes()
	return cmd
}

// awaitReady returns when the server answers and has our database, or fails
// when it is gone, refuses us, or takes longer than readyTimeout.
func (c *cluster) awaitReady(gone <-chan struct{}) error {
	deadline := time.After(readyTimeout)
	for {
		err := c.probe()
		if err == nil {
			return nil
		}
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code != "57P03" { // cannot_connect_now
			return fault.Wrap(fault.Unavailable, err, "PostgreSQL in %s runs but refuses us", c.home)
		}
		select {
		case <-gone:
			return fault.Wrap(fault.Unavailable, errors.New(logTail(c.log)),
				"PostgreSQL in %s ended before it was ready; %s says why", c.home, c.log)
		case <-deadline:
			return fault.Wrap(fault.Unavailable, err,
				"PostgreSQL in %s was not ready after %s; see %s", c.home, readyTimeout, c.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// probe asks the server once, and makes our database when it is missing.
func (c *cluster) probe() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == "53300" {
			return nil // too many connections: it answers somebody
		}
		return err
	}
	defer conn.Close(ctx)
	var exists bool
	err = conn.QueryRow(ctx, `select exists (select from pg_database where datname = 'ohio')`).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, `create database ohio`)
	}
	return err
}
