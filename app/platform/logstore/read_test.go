package logstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// written is a line with the time that it counts as.
type written struct {
	at   time.Time
	text string
}

// Whatever is written over some days, reading between two times gives the
// lines of that time in the order of writing, and two halves make the whole.
func TestReadingIsWhatWasWrittenBetween(t *testing.T) {
	parent := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(parent, "")
		require.NoError(t, err)
		c := &clock{at: noon.Add(time.Duration(rapid.IntRange(0, int(day)).Draw(t, "start")))}
		begin := c.at
		f := NewFolder(dir, FolderOptions{Clock: c.now})
		defer f.Close()
		var all []written
		file, last := "", time.Time{}
		for n := range rapid.IntRange(0, 40).Draw(t, "lines") {
			// Seconds, or hours, so that midnight comes now and then.
			step := rapid.SampledFrom([]time.Duration{0, 1, time.Second, 5 * time.Hour, day}).Draw(t, "step")
			c.set(c.now().Add(step))
			now := c.now()
			if today := now.Format(dayLayout); today != file {
				file, last = today, now.Truncate(day)
			}
			at := now.Add(-time.Duration(rapid.SampledFrom([]int{0, 1, 1e6, 1e9}).Draw(t, "delay")))
			text := rapid.SampledFrom([]string{
				stamped(at, fmt.Sprint("line ", n)),
				stamped(at.In(time.FixedZone("", 3600)), fmt.Sprint("elsewhere ", n)),
				fmt.Sprintf(`{"n":{"time":"x","a":[1,{"time":2}]},"m":[],"time":%q}`, at.Format(time.RFC3339Nano)),
				fmt.Sprintf("panic: %d\n", n), fmt.Sprintf("{%d", n), fmt.Sprintf(`{"time":%d}`, n), fmt.Sprintf(`["time",%d]`, n),
				stamped(at, strings.Repeat("long ", chunk/4)),
			}).Draw(t, "line")
			if _, ok := timeOf([]byte(text)); ok {
				last = at
			}
			write(t, f, text)
			all = append(all, written{last, strings.TrimSuffix(text, "\n")})
		}
		when := func(name string) time.Time {
			if len(all) > 0 && rapid.Bool().Draw(t, name+" of a line") {
				return rapid.SampledFrom(all).Draw(t, name).at.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, name+" off")))
			}
			return begin.Add(time.Duration(rapid.Int64Range(-int64(day), int64(10*day)).Draw(t, name)))
		}
		from, middle, to := when("from"), when("middle"), when("to")
		var want []string
		for _, line := range all {
			if !line.at.Before(from) && line.at.Before(to) {
				want = append(want, line.text)
			}
		}
		require.Equal(t, want, lines(t, f, from, to))
		if middle.Before(from) || middle.After(to) {
			return
		}
		halves := append(lines(t, f, from, middle), lines(t, f, middle, to)...)
		slices.Sort(halves)
		slices.Sort(want)
		require.Equal(t, want, halves)
	})
}

// A line may be longer than what is looked at at a time, and the file may end
// right there.
func TestLinesOfEveryLength(t *testing.T) {
	for _, size := range []int{100, chunk - 1, chunk, chunk + 1, 2 * chunk, 3*chunk + 7} {
		for _, ending := range []string{"", "\n", "\n\n \n"} {
			f := folder(t, FolderOptions{})
			line := strings.TrimSuffix(stamped(noon, ""), "\"}\n")
			line += strings.Repeat("x", size-len(line))
			require.NoError(t, os.MkdirAll(f.Dir(), 0o700))
			text := stamped(noon.Add(-time.Second), "before") + line + ending
			require.NoError(t, os.WriteFile(filepath.Join(f.Dir(), "ohio-20261103.ndjson"), []byte(text), 0o600))
			got := lines(t, f, noon, noon.Add(time.Second))
			require.Len(t, got, 1, "%d", size)
			require.True(t, got[0] == line, "%d bytes came of %d", len(got[0]), size)
			require.Empty(t, lines(t, f, noon.Add(time.Second), noon.Add(time.Hour)), "%d", size)
		}
	}
}

// Reading takes as much memory for a gigabyte as for a line.
func TestReadingTakesNoMemory(t *testing.T) {
	f := folder(t, FolderOptions{Clock: func() time.Time { return noon }})
	write(t, f, stamped(noon, strings.Repeat("x", 32<<20)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, f.Read(background, noon, noon.Add(day), io.Discard))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// FuzzTimeOf compares with reading all of the object.
func FuzzTimeOf(f *testing.F) {
	for _, text := range []string{
		stamped(noon, "x"), `{"time":"2026-01-02T03:04:05+02:00"}`, ` {"a":{"time":"x"},"time":"2026-01-02T03:04:05Z"`,
		`{"time":null}`, `{"time":["2026-01-02T03:04:05Z"]}`, `{"time":1,"b":"2026-01-02T03:04:05Z"}`, "{", "", "x", `{"\u0074ime":"2026-01-02T03:04:05Z"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := timeOf(text)
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil || bytes.Count(text, []byte("ime")) > 1 {
			return // cut off, or with more than one time
		}
		var at string
		if json.Unmarshal(object["time"], &at) != nil {
			require.False(t, ok, "%s", text)
			return
		}
		want, err := time.Parse(time.RFC3339Nano, at)
		require.Equal(t, err == nil, ok, "%s", text)
		if ok {
			require.True(t, want.Equal(got))
		}
	})
}
