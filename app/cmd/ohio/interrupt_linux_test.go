package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/backup"
)

// begun is a command line as a process of its own.
type begun struct {
	cmd       *exec.Cmd
	said      bytes.Buffer // on standard error; read it after the end
	toProgram io.WriteCloser
}

func begin(t *testing.T, args ...string) *begun {
	t.Helper()
	b := &begun{cmd: exec.Command(self(t), args...)}
	b.cmd.Env = append(os.Environ(), asProgram+"=1")
	b.cmd.Stderr = &b.said
	var err error
	b.toProgram, err = b.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, b.cmd.Start())
	t.Cleanup(func() {
		if b.cmd.ProcessState == nil {
			_ = b.cmd.Process.Kill()
			_ = b.cmd.Wait()
		}
	})
	return b
}

// interrupt signals it and requires that it ends of that, and says so.
func (b *begun) interrupt(t *testing.T, signal os.Signal, says string) {
	t.Helper()
	require.NoError(t, b.cmd.Process.Signal(signal))
	_ = b.cmd.Wait()
	require.Equal(t, 130, b.cmd.ProcessState.ExitCode(), b.said.String())
	require.Regexp(t, `(?m)^ohio: interrupted`+says+`\n\z`, b.said.String())
}

// A database that answers nothing is not what ended the command.
func TestASignalIsTheReason(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	called := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			called <- conn
		}
	}()
	t.Setenv("DATABASE_URL", "postgres://u@"+silent.Addr().String()+"/d?sslmode=disable")
	t.Setenv("BACKUP_BUCKET", "file://"+t.TempDir())
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, args := range [][]string{{"keys", "list"}, {"maintenance", "status"}, {"backup", "create"}, {"migrate"}, {"predict", "Iowa", "Purdue"}} {
			b := begin(t, args...)
			select {
			case <-called:
			case <-time.After(patience):
				t.Fatalf("%v asked nobody", args)
			}
			b.interrupt(t, signal, "")
		}
	}
	t.Setenv("DATABASE_URL", "")
	b := begin(t, "games", "import", "-")
	_, err = b.toProgram.Write(bytes.Repeat([]byte("\n"), 1<<20)) // more than a pipe holds: it is being read
	require.NoError(t, err)
	b.interrupt(t, syscall.SIGINT, "")
}

// What a command has to say of its end is said too.
func TestAnInterruptedCommandTellsWhatBecameOfIt(t *testing.T) {
	withBackups(t)
	ohio(t, 0, "migrate")
	alter(t, `insert into job_runs (name, run, scheduled_for, queue, lease_until, status) values ('log-retention', 'manual', now(), 'default', now(), 'queued')`)
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	conn := connect()
	tx, err := connect().Begin(t.Context())
	require.NoError(t, err)

	b := begin(t, "maintenance", "status", "1", "--wait")
	asked(t, conn, "query like '%from job_runs where id%'")
	b.interrupt(t, syscall.SIGINT, ": stopped waiting; the run goes on: ohio maintenance status 1")

	_, err = tx.Exec(t.Context(), "lock table games in access exclusive mode")
	require.NoError(t, err)
	b = begin(t, "backup", "create")
	asked(t, conn, "wait_event_type = 'Lock'")
	b.interrupt(t, syscall.SIGTERM, `: backup \S+ was interrupted`)
	require.NoError(t, tx.Rollback(t.Context()))
	require.Empty(t, decoded[[]backup.Entry](t, "backup", "list", "-o", "json"), "nothing of it is left")
}

// asked waits for a session of another program for which a condition holds.
func asked(t *testing.T, conn *pgx.Conn, condition string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := conn.QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and "+condition).Scan(&n)
		return err == nil && n > 0
	}, patience, 10*time.Millisecond)
}
