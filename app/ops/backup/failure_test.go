package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// heavy makes the database some 25 megabytes that do not compress, enough for
// an upload of several parts.
func (w *world) heavy() { w.noise(4000) }

// noise adds rows of some 6 kilobytes that do not compress.
func (w *world) noise(rows int) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`create table heavy as select n, string_agg(sha512((random() + m)::text::bytea), ''::bytea) as noise
		from generate_series(1, %d) n, generate_series(1, 100) m group by n`, rows))
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
					if assert.Len(t, pids, 1) {
						assert.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
					}
				})
			}
		})
		require.ErrorContains(t, err, "pg_dump failed: signal: killed")
		w.created()
	})
}

// The bucket breaks in the middle of the dump, and comes back.
func TestUploadCutInTheMiddle(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.heavy()
		direct := w.Bucket
		bucket, breaks, mends := w.breakable()
		w.Bucket = bucket
		_, err := w.partial(func(done, _ int64, note string) {
			if note == "database.dump" && done > 20<<20 {
				breaks()
			}
		})
		require.ErrorContains(t, err, "cannot be stored")
		mends()
		w.created()
		w.Bucket = direct
		w.noUploads()
	})
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
	everywhereOn(t, smallDisk, func(t *testing.T, w *world) {
		w.heavy()
		m, err := w.partial(quiet)
		require.ErrorContains(t, err, "database.dump.zst")
		require.ErrorContains(t, err, "o space left on device")
		w.noUploads()

		// So full that not even the manifest fits.
		giveBack := w.fill()
		_, err = w.Create(t.Context(), quiet)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "is incomplete")
		require.ErrorContains(t, err, "o space left on device")
		entries, err := w.List(t.Context())
		require.NoError(t, err)
		require.Equal(t, m.Name, entries[len(entries)-1].Name)
		w.noUploads()

		giveBack()
		w.exec(`drop table heavy`)
		w.created()
	})
}

func TestDatabaseAway(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
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
	})
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
		w.noUploads()
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
	everywhere(t, func(t *testing.T, w *world) {
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
	})
}
