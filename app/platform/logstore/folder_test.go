package logstore

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

var background = context.Background()

func TestLinesGoToTheFileOfTheirDay(t *testing.T) {
	c := &clock{at: noon}
	f := folder(t, FolderOptions{Clock: c.now})
	require.Empty(t, lines(t, f, noon.Add(-day), noon), "without a folder there are no lines")
	require.NoDirExists(t, f.Dir())
	write(t, f, stamped(noon, "a"))
	write(t, f, "without an end")
	c.set(noon.Add(12*time.Hour - 1))
	write(t, f, stamped(c.now(), "last of the day"))
	c.set(noon.Add(12 * time.Hour))
	write(t, f, stamped(c.now().Add(-time.Millisecond), "late"))
	write(t, f, stamped(c.now(), "first of the day"))
	require.Equal(t, []string{"ohio-20261103.ndjson", "ohio-20261104.ndjson"}, files(t, f.Dir()))

	all := lines(t, f, noon, noon.Add(day))
	require.Len(t, all, 5)
	require.Equal(t, "without an end", all[1])
	require.Contains(t, all[3], "late")
	of3rd := lines(t, f, noon.Add(-12*time.Hour), noon.Add(12*time.Hour))
	require.Equal(t, all[:4], of3rd, "a line that was written after midnight belongs to its own day")
	require.Equal(t, all[4:], lines(t, f, noon.Add(12*time.Hour), noon.Add(36*time.Hour)))
	require.Empty(t, lines(t, f, noon, noon))
	require.Empty(t, lines(t, f, noon.Add(-day), noon))

	for path, mode := range map[string]os.FileMode{f.Dir(): 0o700, filepath.Join(f.Dir(), "ohio-20261103.ndjson"): 0o600, filepath.Dir(f.Dir()): 0o711} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&^mode, "%s is for us alone", path)
	}
}

// Goroutines of two folders, as of two processes, on one directory.
func TestConcurrentWritersLoseNothing(t *testing.T) {
	first := folder(t, FolderOptions{})
	second := folderIn(t, first.Dir(), FolderOptions{})
	began := time.Now()
	var writers sync.WaitGroup
	var want []string
	for w := range 8 {
		for n := range 300 {
			want = append(want, fmt.Sprintf("%d-%d %s", w, n, strings.Repeat("x", 7*n)))
		}
		writers.Go(func() {
			f := []*Folder{first, second}[w%2]
			for n := range 300 {
				if _, err := f.Write([]byte(stamped(time.Now(), fmt.Sprintf("%d-%d %s", w, n, strings.Repeat("x", 7*n))))); err != nil {
					t.Error(err)
				}
				if n%100 == 50 {
					_ = f.Read(background, began, began.Add(day), &strings.Builder{})
				}
			}
		})
	}
	writers.Wait()
	var got []string
	for _, text := range lines(t, first, began.Add(-time.Second), time.Now().Add(time.Second)) {
		var line struct{ Msg string }
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		got = append(got, line.Msg)
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}

// A process is killed while it writes: what it had written is there.
func TestKilledWriterLosesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	began := time.Now()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), asWriter+"="+dir)
	said, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	told := bufio.NewScanner(said)
	last := ""
	for range 500 {
		require.True(t, told.Scan())
	}
	require.NoError(t, writer.Process.Kill())
	for told.Scan() {
		last = told.Text()
	}
	_ = writer.Wait()

	f := folderIn(t, dir, FolderOptions{})
	write(t, f, stamped(time.Now(), "the next process"))
	got := lines(t, f, began.Add(-time.Second), time.Now().Add(time.Second))
	for n, text := range got[:len(got)-2] { // the one before the last may be torn
		require.Contains(t, text, fmt.Sprintf(`"msg":"line %d%s"`, n, strings.Repeat("x", n%5000)))
	}
	require.Contains(t, got[len(got)-1], "the next process")
	if last != "" {
		require.Contains(t, strings.Join(got, "\n"), `"msg":"line `+strings.TrimSpace(last)+strings.Repeat("x", number(t, last)%5000)+`"`, "it said that it had written it")
	}
}

func number(t *testing.T, text string) (n int) {
	t.Helper()
	_, err := fmt.Sscan(text, &n)
	require.NoError(t, err)
	return n
}

// A line that was cut off takes neither those before nor those after along.
func TestTornLineStaysAlone(t *testing.T) {
	f := folder(t, FolderOptions{Clock: func() time.Time { return noon }})
	whole := stamped(noon, "whole")
	torn := stamped(noon.Add(time.Second), "torn")[:50]
	require.NoError(t, os.MkdirAll(f.Dir(), 0o700))
	path := filepath.Join(f.Dir(), "ohio-20261103.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(whole+torn), 0o600))
	want := []string{strings.TrimSpace(whole), torn}
	require.Equal(t, want, lines(t, f, noon, noon.Add(time.Hour)))
	require.Equal(t, want[:1], lines(t, f, noon, noon.Add(time.Second)), "what is left of it tells its time")
	next := stamped(noon.Add(2*time.Second), "next")
	write(t, f, next)
	require.Equal(t, append(want, strings.TrimSpace(next)), lines(t, f, noon, noon.Add(time.Hour)))
}

func TestFullDayEndsWithALineThatSaysSo(t *testing.T) {
	c := &clock{at: noon}
	o := FolderOptions{Clock: c.now, DayBytes: 1000}
	f := folder(t, o)
	other := folderIn(t, f.Dir(), o)
	var err error
	for n := 0; err == nil; n++ {
		require.Less(t, n, 100)
		_, err = f.Write([]byte(stamped(noon, "line")))
	}
	require.ErrorIs(t, err, ErrFull)
	_, err = other.Write([]byte(stamped(noon, "line")))
	require.ErrorIs(t, err, ErrFull)
	require.NoError(t, other.Close())
	_, err = folderIn(t, f.Dir(), o).Write([]byte("x"))
	require.ErrorIs(t, err, ErrFull, "the next process adds nothing either")

	got := lines(t, f, noon, noon.Add(time.Hour))
	for _, text := range got[:len(got)-1] {
		require.Contains(t, text, `"msg":"line"`)
	}
	var last map[string]any
	require.NoError(t, json.Unmarshal([]byte(got[len(got)-1]), &last))
	require.Equal(t, map[string]any{"time": noon.Format(time.RFC3339Nano), "level": "WARN", "msg": ErrFull.Error(), "max_bytes": 1000.0}, last)
	info, err := os.Stat(filepath.Join(f.Dir(), "ohio-20261103.ndjson"))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(1000+200))

	c.set(noon.Add(day))
	write(t, f, stamped(c.now(), "tomorrow"))
}

// Whoever makes room by removing files does not make the program write into
// nothing.
func TestRemovedFileIsNoticed(t *testing.T) {
	c := &clock{at: noon}
	f := folder(t, FolderOptions{Clock: c.now})
	write(t, f, stamped(noon, "gone"))
	require.NoError(t, os.RemoveAll(f.Dir()))
	c.set(noon.Add(2 * lookEvery))
	write(t, f, stamped(c.now(), "there"))
	got := lines(t, f, noon, noon.Add(time.Hour))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "there")
}

func TestTroubleOfTheDisk(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	f := folderIn(t, inTheWay, FolderOptions{})
	_, err := f.Write([]byte("x\n"))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, inTheWay)
	err = f.Read(background, noon, noon.Add(day), &strings.Builder{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = f.Prune(noon)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))

	// A disk that is full, and then is not.
	full := folder(t, FolderOptions{Clock: func() time.Time { return noon }})
	require.NoError(t, os.MkdirAll(full.Dir(), 0o700))
	path := filepath.Join(full.Dir(), "ohio-20261103.ndjson")
	require.NoError(t, os.Symlink("/dev/full", path))
	_, err = full.Write([]byte("x\n"))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "no space left")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, []byte("half of a li"), 0o600))
	write(t, full, stamped(noon, "again"))
	got := lines(t, full, noon.Add(-day), noon.Add(day))
	require.Len(t, got, 2)
	require.Equal(t, "half of a li", got[0])

	require.NoError(t, full.Close())
	require.NoError(t, full.Close(), "again")
	_, err = full.Write([]byte("x\n"))
	require.ErrorIs(t, err, os.ErrClosed)
	require.Len(t, lines(t, full, noon, noon.Add(day)), 1, "what is closed can be read")
	require.ErrorIs(t, full.Read(background, noon, noon.Add(day), hungUp{}), errHungUp)
	ended, cancel := context.WithCancel(background)
	cancel()
	require.ErrorIs(t, full.Read(ended, noon, noon.Add(day), &strings.Builder{}), context.Canceled)
}

func TestOldDaysGo(t *testing.T) {
	f := folder(t, FolderOptions{})
	pruned, err := f.Prune(noon)
	require.NoError(t, err)
	require.Zero(t, pruned, "nothing is there")
	require.NoError(t, os.MkdirAll(filepath.Join(f.Dir(), "ohio-20200102.ndjson"), 0o700))
	for _, name := range []string{
		"ohio-20260101.ndjson", "ohio-20261001.ndjson", "ohio-20261002.ndjson", "ohio-20261003.ndjson", "ohio-20261103.ndjson",
		"notes.txt", "ohio-2020010.ndjson", "ohio-20209999.ndjson", "ohio-20200101.ndjson.gz", "other-20200101.ndjson",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(f.Dir(), name), make([]byte, 100), 0o600))
	}
	pruned, err = f.Prune(time.Date(2026, 10, 3, 23, 59, 59, 0, time.UTC))
	require.NoError(t, err)
	require.Equal(t, Pruned{Files: 3, Bytes: 300}, pruned)
	require.Equal(t, []string{
		"notes.txt", "ohio-2020010.ndjson", "ohio-20200101.ndjson.gz", "ohio-20200102.ndjson", "ohio-20209999.ndjson",
		"ohio-20261003.ndjson", "ohio-20261103.ndjson", "other-20200101.ndjson",
	}, files(t, f.Dir()), "a day goes when all of it is old, and what is not ours stays")
}
