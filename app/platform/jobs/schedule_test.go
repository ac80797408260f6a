package jobs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestDue(t *testing.T) {
	for name, test := range map[string]struct {
		run             contract.Run
		last, now, want string // want "": nothing is due
	}{
		"before the hour":             {contract.Daily, "2026-11-01 02:00", "2026-11-02 01:59", ""},
		"at the hour":                 {contract.Daily, "2026-11-01 02:00", "2026-11-02 02:00", "2026-11-02 02:00"},
		"after the hour":              {contract.Daily, "2026-11-01 02:00", "2026-11-02 23:59", "2026-11-02 02:00"},
		"has been":                    {contract.Daily, "2026-11-02 02:00", "2026-11-02 02:00", ""},
		"of many missed the newest":   {contract.Daily, "2026-11-02 02:00", "2026-11-09 13:00", "2026-11-09 02:00"},
		"after years":                 {contract.Daily, "1970-01-01 00:00", "2026-11-09 01:00", "2026-11-08 02:00"},
		"registered after this one":   {contract.Daily, "2026-11-02 02:01", "2026-11-02 12:00", ""},
		"a clock that was put back":   {contract.Daily, "2026-11-05 02:00", "2026-11-02 12:00", ""},
		"weekly":                      {contract.Weekly, "2026-11-03 04:00", "2026-11-10 04:00", "2026-11-10 04:00"},
		"weekly, not yet":             {contract.Weekly, "2026-11-03 04:00", "2026-11-10 03:59", ""},
		"weekly, the newest of three": {contract.Weekly, "2026-10-20 04:00", "2026-11-11 00:00", "2026-11-10 04:00"},
	} {
		table, err := parse(test.run)
		require.NoError(t, err)
		got, ok := table.due(at(test.last), at(test.now))
		require.Equal(t, test.want != "", ok, name)
		if ok {
			require.Equal(t, at(test.want), got, name)
		}
	}
}

// Whatever the last period and the time, due finds what a look at every
// single minute finds.
func TestDueIsTheNewestMinuteThatMatches(t *testing.T) {
	tables := map[string]timetable{}
	for _, run := range contract.Runs() {
		table, err := parse(run)
		require.NoError(t, err)
		tables[run.Name] = table
	}
	matches := map[string]func(time.Time) bool{
		contract.Daily.Name:  func(t time.Time) bool { return t.Hour() == 2 && t.Minute() == 0 },
		contract.Weekly.Name: func(t time.Time) bool { return t.Weekday() == time.Tuesday && t.Hour() == 4 && t.Minute() == 0 },
	}
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.SampledFrom(contract.Runs()).Draw(t, "run")
		last := at("2026-02-20 00:00").Add(time.Duration(rapid.IntRange(0, 60*24*30*60).Draw(t, "last")) * time.Second)
		later := 24*60*60*rapid.IntRange(0, 20).Draw(t, "days later") + rapid.IntRange(-3600, 24*60*60).Draw(t, "later")
		now := last.Add(time.Duration(later) * time.Second)
		zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "zone")*3600) // says nothing
		var want time.Time
		for m := last.Truncate(time.Minute); !m.After(now); m = m.Add(time.Minute) {
			if m.After(last) && matches[run.Name](m) {
				want = m
			}
		}
		got, ok := tables[run.Name].due(last.In(zone), now.In(zone))
		if ok != !want.IsZero() || ok && !got.Equal(want) {
			t.Fatalf("%s after %s at %s: %s instead of %s", run.Name, last, now, got, want)
		}
	})
}

// contract.Run.Every bounds how far back due looks, and the dead man's alarm.
func TestEveryIsTheLongestGap(t *testing.T) {
	for _, run := range contract.Runs() {
		table, err := parse(run)
		require.NoError(t, err)
		longest := time.Duration(0)
		for last := table.next(at("2024-01-01 00:00")); last.Year() < 2029; {
			next := table.next(last)
			longest, last = max(longest, next.Sub(last)), next
		}
		require.Equal(t, run.Every, longest, run.Name)
	}
}

func TestDaylightSavingDoesNotMatter(t *testing.T) {
	ohio, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	table, err := parse(contract.Daily)
	require.NoError(t, err)
	last, runs := at("2026-10-30 02:00"), 0
	for now := last; now.Before(at("2026-11-05 00:00")); now = now.Add(7 * time.Minute) { // clocks go back on the 1st
		if next, ok := table.due(last, now.In(ohio)); ok {
			require.Equal(t, 24*time.Hour, next.Sub(last))
			last = next
			runs++
		}
	}
	require.Equal(t, 5, runs)
}

func TestBadCronIsRefused(t *testing.T) {
	_, err := parse(contract.Run{Name: "odd", Cron: "0 25 * * *"})
	require.ErrorContains(t, err, "odd")
	_, err = newScheduler([]contract.Job{{Name: "j", Run: contract.Run{Cron: "@daily at noon"}}}, nil)
	require.ErrorContains(t, err, "job j")
	_, err = NextDue(contract.Run{Cron: ""}, at("2026-11-01 00:00"))
	require.Error(t, err)
	next, err := NextDue(contract.Weekly, at("2026-11-01 00:00"))
	require.NoError(t, err)
	require.Equal(t, at("2026-11-03 04:00"), next)
}
