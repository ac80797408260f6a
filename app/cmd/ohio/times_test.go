package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTablesShowUTC(t *testing.T) {
	columbus := time.FixedZone("EST", -5*3600)
	at := time.Date(2026, time.November, 26, 20, 5, 59, 0, columbus)
	require.Equal(t, "2026-11-27 01:05Z", date(&at))
	require.Equal(t, "-", date(nil))
	require.Equal(t, "-", date(new(time.Time)))

	onDatabase(t)
	ohio(t, 0, "migrate")
	ohio(t, 0, "keys", "create", "--role", "readonly", "--name", "x")
	stated := regexp.MustCompile(`\d\d:\d\d(\S*)`)
	for _, line := range []string{"maintenance list", "keys list", "audit list", "migrate status"} {
		table, _ := ohio(t, 0, strings.Fields(line)...)
		times := stated.FindAllStringSubmatch(table, -1)
		require.NotEmpty(t, times, line)
		for _, said := range times {
			require.Equal(t, "Z", said[1], line)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, time.November, 26, 21, 30, 0, 0, time.UTC)
	for said, want := range map[string]time.Time{
		"2026-11-26":                now.Truncate(24 * time.Hour),
		"2026-11-26T20:00:00Z":      now.Add(-90 * time.Minute),
		"2026-11-26T15:00:00-05:00": now.Add(-90 * time.Minute),
		"2026-11-26T20:00:00.5Z":    now.Add(-90*time.Minute + 500*time.Millisecond),
		"24h":                       now.Add(-24 * time.Hour),
		"90m":                       now.Add(-90 * time.Minute),
		"7d":                        now.Add(-7 * 24 * time.Hour),
		"1d12h":                     now.Add(-36 * time.Hour),
		"0s":                        now,
	} {
		var m moment
		require.NoError(t, m.UnmarshalText([]byte(said)), said)
		require.Equal(t, want, m.from(now), said)
	}
	for _, said := range []string{"", "yesterday", "2026-11-31", "2026-11-26 20:00", "26.11.2026", "d", "-1d", "-3h", "7d-3h", "1d2d", "99999999999d", "1e9h", "7"} {
		var m moment
		require.ErrorContains(t, m.UnmarshalText([]byte(said)), "is no time: write a date", said)
	}
	require.Zero(t, moment{}.from(now))
}

// Whatever is said is a time that can be, or refused.
func FuzzMoment(f *testing.F) {
	for _, said := range []string{"2026-11-26", "2026-11-26T20:00:00Z", "7d", "1d12h30m", "36500d876000h", "-1d", "dd"} {
		f.Add(said)
	}
	now := time.Date(2026, time.November, 26, 21, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, said string) {
		var m moment
		if m.UnmarshalText([]byte(said)) != nil {
			require.Zero(t, m)
			return
		}
		if at := m.from(now); m.ago != nil && at.After(now) {
			t.Fatalf("%q is ago, and yet %s", said, at)
		}
	})
}
