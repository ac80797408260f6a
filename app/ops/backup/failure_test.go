package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob/blobtest"
)

// heavy makes the database some 25 megabytes that do not compress, enough for
// an upload of several parts.
func (w *world) heavy() {
	w.exec(`create table heavy as select n, string_agg(sha512((random() + m)::text::bytea), ''::bytea) as noise
		from generate_series(1, 4000) n, generate_series(1, 100) m group by n`)
}

// partial makes a backup of which the database fails, and checks that it
// counts for nothing.
func (w *world) partial(p Progress) (Manifest, error) {
	w.t.Helper()
	m, err := w.Create(w.t.Context(), p)
	require.Equal(w.t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.ErrorContains(w.t, err, "is partial")
	require.Equal(w.t, Partial, m.Status)
	entry, read, showErr := w.Show(w.t.Context(), m.Name)
	require.NoError(w.t, showErr)
	require.Equal(w.t, Partial, entry.Status)
	require.Nil(w.t, read.Database)
	_, has := read.Part(Database)
	require.False(w.t, has)
	_, has = read.Part(Configuration)
	require.True(w.t, has, "what could be copied was")
	for _, key := range w.keys() {
		require.NotContains(w.t, key, "database.dump", "nothing half-written stays")
	}
	_, newest := w.Newest(w.t.Context())
	require.Equal(w.t, fault.NotFound, fault.CodeOf(newest))
	_, restore := w.Restore(w.t.Context(), m.Name, RestoreOptions{}, quiet)
	require.ErrorContains(w.t, restore, "does not hold database")
	v, verify := w.Verify(w.t.Context(), m.Name, quiet)
	require.Equal(w.t, fault.Conflict, fault.CodeOf(verify))
	require.Equal(w.t, "complete", v.Checks.Failed().names())
	return m, err
}

func TestKilledDumpMakesABackupPartial(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		if len(w.dumps()) != 0 {
			t.Fatal("pg_dump runs already")
		}
		w.heavy()
		var once sync.Once
		_, err := w.partial(func(_, _ int64, note string) {
			if note == "database.dump" {
				once.Do(func() {
					pids := w.dumps()
					require.Len(t, pids, 1)
					require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
				})
			}
		})
		require.ErrorContains(t, err, "pg_dump failed: signal: killed")
		w.created()
	})
}

// The connection to the bucket breaks in the middle of the dump, and comes
// back.
func TestUploadCutInTheMiddle(t *testing.T) {
	w := inS3(t)
	w.heavy()
	proxy := newProxy(t, w.s3.Address)
	cut := w.serviceIn(w.s3.URL(proxy.address, w.s3.Name()), w.DatabaseURL, w.Options)
	direct := w.Bucket
	w.Bucket = cut.Bucket
	_, err := w.partial(func(done, _ int64, note string) {
		if note == "database.dump" && done > 20<<20 {
			proxy.broken.Store(true)
		}
	})
	require.ErrorContains(t, err, "cannot be stored")
	proxy.broken.Store(false)
	w.created()
	w.Bucket = direct
	w.noUploads()
}

// inS3 is the world of tests of what only S3 does.
func inS3(t *testing.T) *world {
	t.Helper()
	server := blobtest.StartS3(t)
	return newWorld(t, server, server.Bucket(t), envelope.Keys{})
}

func (w *world) noUploads() {
	w.t.Helper()
	name := w.s3.Name()
	left, err := w.s3.Client.ListMultipartUploads(w.t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	require.NoError(w.t, err)
	require.Empty(w.t, left.Uploads)
}

// proxy passes connections on, or breaks those that carry parts of uploads.
type proxy struct {
	address string
	broken  atomic.Bool
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: listener.Addr().String()}
	var connections sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); connections.Wait() })
	connections.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			closeBoth := sync.OnceFunc(func() { _ = in.Close(); _ = out.Close() })
			connections.Go(func() { _, _ = io.Copy(in, out); closeBoth() })
			connections.Go(func() { _, _ = io.Copy(out, breaking{in, p}); closeBoth() })
		}
	})
	return p
}

type breaking struct {
	io.Reader
	p *proxy
}

func (b breaking) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	if b.p.broken.Load() && bytes.Contains(into[:min(n, 200)], []byte("partNumber=")) {
		return 0, errors.New("cut")
	}
	return n, err
}

// A full disk, then room again.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skip("no small file system can be mounted:", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	w := newWorld(t, nil, "file://"+filepath.Join(dir, "bucket"), envelope.Keys{})
	w.heavy()
	m, err := w.partial(quiet)
	require.ErrorContains(t, err, "no space left on device")

	// So full that not even the manifest fits.
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	require.NoError(t, err)
	_, err = io.Copy(ballast, zeros{})
	require.Error(t, err)
	require.NoError(t, ballast.Close())
	_, err = w.Create(t.Context(), quiet)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "is incomplete")
	entries, err := w.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, m.Name, entries[len(entries)-1].Name)

	require.NoError(t, os.Remove(ballast.Name()))
	w.exec(`drop table heavy`)
	w.created()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A bucket that lets nobody in is told from one that is away, and no secret
// is told.
func TestDeniedBucket(t *testing.T) {
	w := inS3(t)
	m := w.created()
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
	url := w.s3.URL(w.s3.Address, w.s3.Name())
	denied := w.serviceIn(url, w.DatabaseURL, w.Options)
	for what, do := range map[string]func() error{
		"create":  func() error { _, err := denied.Create(t.Context(), quiet); return err },
		"list":    func() error { _, err := denied.List(t.Context()); return err },
		"show":    func() error { _, _, err := denied.Show(t.Context(), m.Name); return err },
		"verify":  func() error { _, err := denied.Verify(t.Context(), m.Name, quiet); return err },
		"drill":   func() error { _, err := denied.Drill(t.Context(), quiet); return err },
		"prune":   func() error { _, err := denied.Prune(t.Context(), false, quiet); return err },
		"restore": func() error { _, err := denied.Restore(t.Context(), m.Name, RestoreOptions{}, quiet); return err },
		"mark":    func() error { return denied.Mark(t.Context(), m.Name, "x", "y") },
	} {
		err := do()
		require.Equal(t, fault.Forbidden, fault.CodeOf(err), "%s: %v", what, err)
		require.NotContains(t, err.Error(), "not-the-secret")
	}
	away := w.serviceIn(w.s3.URL("127.0.0.1:1", w.s3.Name()), w.DatabaseURL, w.Options)
	_, err := away.List(t.Context())
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

func TestDatabaseAway(t *testing.T) {
	w := inFolder(t)
	m := w.created()
	away := w.service("postgres://ohio:hunter2@/ohio?host=/nowhere", w.Options)
	_, err := away.Create(t.Context(), quiet)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "hunter2")
	v, err := away.Verify(t.Context(), m.Name, quiet)
	require.NoError(t, err, "the bucket is enough")
	require.True(t, v.Passed)
	_, err = away.List(t.Context())
	require.NoError(t, err)
}

// Who interrupts a backup, gets none.
func TestInterruptedBackupLeavesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.heavy()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := w.Create(ctx, func(done, _ int64, note string) {
			if note == "database.dump" && done > 4<<20 {
				cancel()
			}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "was interrupted")
		require.Empty(t, w.keys())
		require.Empty(t, w.dumps())
		if w.s3 != nil {
			w.noUploads()
		}
		// Also when the database is stored already.
		late, cancel := context.WithCancel(t.Context())
		pack := w.EmbeddedPack
		w.EmbeddedPack = func() ([]byte, error) { cancel(); return nil, late.Err() }
		_, err = w.Create(late, quiet)
		require.ErrorContains(t, err, "was interrupted")
		require.Empty(t, w.keys())
		w.EmbeddedPack = pack
		w.created()
	})
}

// Who interrupts a drill leaves no database.
func TestInterruptedDrillLeavesNothing(t *testing.T) {
	w := inFolder(t)
	w.heavy()
	w.created()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := w.Drill(ctx, func(done, _ int64, note string) {
		if strings.HasPrefix(note, "database.dump") && done > 4<<20 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.scratches())
}
