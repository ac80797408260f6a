package backup

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob"
)

// asChild, when set, makes the test binary a program that does one thing with
// backups, so that tests can kill it. The value is what it does.
const asChild = "OHIO_BACKUP_TEST_CHILD"

func child() int {
	ctx := context.Background()
	err := func() error {
		bucket, err := blob.Open(ctx, os.Getenv("BACKUP_BUCKET"))
		if err != nil {
			return err
		}
		defer bucket.Close()
		keys, err := envelope.ParseKeys(os.Getenv("BACKUP_RECIPIENT"), os.Getenv("BACKUP_IDENTITY"))
		if err != nil {
			return err
		}
		s, err := New(Deps{
			DatabaseURL: os.Getenv("DATABASE_URL"), Bucket: bucket, Clock: time.Now,
			Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		}, Options{Keys: keys, EmbeddedPack: func() ([]byte, error) { return []byte("{}"), nil }})
		if err != nil {
			return err
		}
		name, backup, _ := strings.Cut(os.Getenv(asChild), " ")
		return s.do(ctx, name, backup)
	}()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", fault.CodeOf(err), err)
		return 1
	}
	return 0
}

// do does what a child is for, and tells its steps.
func (s *Service) do(ctx context.Context, what, backup string) (err error) {
	steps := func(_, _ int64, note string) { fmt.Println(note) }
	switch what {
	case "create":
		_, err = s.Create(ctx, steps)
	case "drill":
		_, err = s.Drill(ctx, steps)
	case "restore":
		_, err = s.Restore(ctx, backup, RestoreOptions{Database: os.Getenv("RESTORE_AS")}, steps)
	case "prune":
		_, err = s.Prune(ctx, false, steps)
	case "list":
		_, err = s.List(ctx)
	case "show":
		_, _, err = s.Show(ctx, backup)
	case "verify":
		_, err = s.Verify(ctx, backup, steps)
	case "mark":
		err = s.Mark(ctx, backup, "x", "y")
	default:
		err = fmt.Errorf("nothing is called %q", what)
	}
	return err
}

// child is told its database, its bucket and its keys as the program is: in
// its environment, which also signs for S3.
func (w *world) child(what string, environ ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe") // also for users who do not see the folder that it is in
	if runtime.GOOS != "linux" {
		self, err := os.Executable()
		require.NoError(w.t, err)
		cmd = exec.Command(self)
	}
	cmd.Env = append(os.Environ(), append(environ, asChild+"="+what, "BACKUP_BUCKET="+w.bucketURL, "DATABASE_URL="+w.DatabaseURL,
		"BACKUP_RECIPIENT="+w.keyring.recipient, "BACKUP_IDENTITY="+w.keyring.identity)...)
	return cmd
}

// killed runs a child and kills it when that time has come. It tells whether
// the child was killed before its end, once nothing of it is left.
func (w *world) killed(when func(steps io.Reader), what string, environ ...string) bool {
	w.t.Helper()
	cmd := w.child(what, environ...)
	steps, err := cmd.StdoutPipe()
	require.NoError(w.t, err)
	require.NoError(w.t, cmd.Start())
	when(steps)
	_ = cmd.Process.Kill()
	err = cmd.Wait()
	// Its sessions end when the server notices, one after the other: one that
	// still makes a database finishes it after the lock is free.
	require.Eventually(w.t, func() bool {
		err := w.exclusive(w.t.Context(), "test", func(context.Context, *lock) error { return nil })
		require.True(w.t, err == nil || fault.CodeOf(err) == fault.Conflict, "%v", err)
		return err == nil && w.sessions() == "0"
	}, patience, 10*time.Millisecond)
	require.NoError(w.t, w.exclusive(w.t.Context(), "test", func(context.Context, *lock) error { return nil }))
	return err != nil
}

// sessions counts those of backups on the server, but for killed's own.
func (w *world) sessions() string {
	w.t.Helper()
	return w.query("", `select count(*) from pg_stat_activity where application_name like 'ohio backup%' and application_name <> 'ohio backup: test'`)
}

// sometime is a random part of the time that a child needs.
func sometime(takes time.Duration) func(io.Reader) {
	return func(io.Reader) { time.Sleep(time.Duration(rand.Int64N(int64(takes)))) }
}

// afterSteps is when a child has told some steps, or has ended.
func afterSteps(n int) func(io.Reader) {
	return func(steps io.Reader) {
		for told := bufio.NewScanner(steps); n > 0 && told.Scan(); n-- {
		}
	}
}

// measured is how long a child needs when nobody kills it.
func (w *world) measured(what string, environ ...string) time.Duration {
	w.t.Helper()
	began := time.Now()
	out, err := w.child(what, environ...).CombinedOutput()
	require.NoError(w.t, err, string(out))
	return time.Since(began)
}

// A program killed at ten random points while it makes backups: what was
// complete stays, what was begun shows as incomplete, nothing keeps the next
// run from its work, which removes it, and that is clean.
func TestKilledBackups(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		takes := w.measured("create")
		good := map[string]bool{}
		for range 10 {
			w.killed(sometime(takes), "create")
			entries, err := w.List(t.Context())
			require.NoError(t, err)
			listed := map[string]bool{}
			for _, e := range entries {
				listed[e.Name] = true
				if e.Status != Complete {
					require.Equal(t, Incomplete, e.Status, "never half a backup")
					continue
				}
				v, err := w.Verify(t.Context(), e.Name, quiet)
				require.NoError(t, err)
				require.True(t, v.Passed)
				good[e.Name] = true
			}
			for name := range good {
				require.True(t, listed[name], "%s was lost", name)
			}
			require.Empty(t, w.dumps(), "pg_dump dies with its parent")
		}
		m := w.created()
		v, err := w.Verify(t.Context(), m.Name, quiet)
		require.NoError(t, err)
		require.True(t, v.Passed)

		for _, key := range w.keys() {
			name, object, _ := strings.Cut(key, "/")
			require.True(t, good[name] || name == m.Name || strings.HasPrefix(object, claimPrefix), "%s is left", key)
		}

		// The claims that were cut off themselves, of which nobody can tell whose
		// they are, go a day later.
		w.clock.move(25 * time.Hour)
		w.pruned(false)
		for _, key := range w.keys() {
			name, _, _ := strings.Cut(key, "/")
			require.True(t, good[name] || name == m.Name, key)
		}
		n, err := blob.AbortUploads(t.Context(), w.Bucket, "", w.clock.now())
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// Killed drills and restores leave a database that the next run drops, and
// never one that looks restored.
func TestKilledDrillsAndRestores(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		w.dropAfter(w.name() + "_again")
		again := "RESTORE_AS=" + w.name() + "_again"
		for what, takes := range map[string]time.Duration{
			"drill": w.measured("drill"), "restore " + m.Name: w.measured("restore "+m.Name, again),
		} {
			require.NoError(t, w.dropAlways(t.Context(), w.name()+"_again"))
			for range 5 {
				killed := w.killed(sometime(takes), what, again)
				require.Empty(t, w.scratches())
				if w.databases(w.name()+"_again") != "" {
					require.Equal(t, "20000", w.query(w.name()+"_again", `select count(*) from games`))
					require.NoError(t, w.dropAlways(t.Context(), w.name()+"_again"))
				} else if strings.HasPrefix(what, "restore") {
					require.True(t, killed)
				}
			}
		}
		_, err := w.Drill(t.Context(), quiet)
		require.NoError(t, err)
	})
}

// Killed while it deletes, a prune leaves backups that are whole and such
// that are gone, or will be.
func TestKilledPrune(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		const old = 100
		text := w.readAll(m.Name + "/" + w.object(m, Models).Key)
		for i := range old {
			old := m
			old.Name = w.clock.now().AddDate(0, 0, -40-i).Format(nameLayout)
			for _, part := range m.Parts {
				for _, o := range part.Objects {
					w.writeAll(old.Name+"/"+o.Key, text)
				}
			}
			_, err := w.writeManifest(t.Context(), old)
			require.NoError(t, err)
		}
		for range 5 {
			require.True(t, w.killed(afterSteps(2+rand.IntN(old/8)), "prune"))
			entries, err := w.List(t.Context())
			require.NoError(t, err)
			for _, e := range entries {
				if e.Status == Complete {
					require.Len(t, e.objects, len(m.Parts)-1+2, "%s is whole", e.Name)
				}
			}
		}
		w.pruned(false)
		for _, key := range w.keys() {
			require.True(t, strings.HasPrefix(key, m.Name+"/"), key)
		}
		_, err := w.Verify(t.Context(), m.Name, quiet)
		require.NoError(t, err)
	})
}
