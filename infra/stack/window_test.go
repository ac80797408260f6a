package stack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/stack"
)

func TestWeeklyReadsBothForms(t *testing.T) {
	for text, want := range map[string]string{
		"sun:04:00-05:00":     "sun:04:00-sun:05:00",
		"sun:04:00-sun:05:00": "sun:04:00-sun:05:00",
		"sat:23:30-00:30":     "sat:23:30-sun:00:30",
		"sat:23:30-sun:00:30": "sat:23:30-sun:00:30",
	} {
		var w stack.Weekly
		require.NoError(t, w.UnmarshalText([]byte(text)))
		require.Equal(t, want, w.String())
		require.Equal(t, time.Hour, w.Length())
	}
	for _, text := range []string{"", "04:00-05:00", "day:04:00-05:00", "sun:04:00-tue:05:00", "sun:25:00-26:00", "sun:04:00-04:00"} {
		var w stack.Weekly
		require.Error(t, w.UnmarshalText([]byte(text)), text)
	}
}

func TestDailyRefuses(t *testing.T) {
	for _, text := range []string{"", "3:00-4:00", "24:00-01:00", "03:60-04:00", "03:00-03:00", "03:00-04:00x"} {
		var d stack.Daily
		require.Error(t, d.UnmarshalText([]byte(text)), text)
	}
}

// Overlap agrees with a walk over all minutes.
func TestOverlapIsASharedMinute(t *testing.T) {
	draw := func(t *rapid.T, name string) stack.Daily {
		start := rapid.IntRange(0, 1439).Draw(t, name)
		return stack.Daily{Start: start, End: (start + rapid.IntRange(1, 1439).Draw(t, name+" length")) % 1440}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		var minutes [1440]int
		for _, w := range []stack.Daily{a, b} {
			for m := w.Start; m != w.End; m = (m + 1) % 1440 {
				minutes[m]++
			}
		}
		shared := false
		for _, n := range minutes {
			shared = shared || n == 2
		}
		require.Equal(t, shared, a.Overlaps(b))
		var again stack.Daily
		require.NoError(t, again.UnmarshalText([]byte(a.String())))
		require.Equal(t, a, again)
	})
}

func FuzzWeekly(f *testing.F) {
	f.Add("sun:04:00-05:00")
	f.Add("sat:23:30-sun:00:30")
	f.Fuzz(func(t *testing.T, text string) {
		var w, again stack.Weekly
		if w.UnmarshalText([]byte(text)) != nil {
			return
		}
		require.NoError(t, again.UnmarshalText([]byte(w.String())))
		require.Equal(t, w, again)
	})
}
