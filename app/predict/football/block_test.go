package football_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

func instant(t *testing.T, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at
}

func TestDayOf(t *testing.T) {
	for at, want := range map[string]football.Day{
		"2000-01-01T06:00:00Z": 0, "2000-01-01T05:59:59Z": -1, "1999-12-31T06:00:00Z": -1, "1999-12-31T05:59:59Z": -2,
		"2000-01-02T05:59:59Z": 0, "2000-01-02T06:00:00Z": 1,
		"2023-11-26T03:30:00Z":      8729, // a Saturday night game
		"2023-11-25T17:00:00Z":      8729,
		"2023-11-25T21:30:00-06:00": 8729, // the zone does not matter
	} {
		require.Equal(t, want, football.DayOf(instant(t, at)), at)
	}
	require.Equal(t, "2023-11-25", football.Day(8729).Time().Format(time.DateOnly))
}

func fixture(t *testing.T, id int64, season int, start, seasonType string) football.Fixture {
	return football.Fixture{ID: id, Season: season, Start: instant(t, start), SeasonType: seasonType}
}

// Weeks run from Tuesday to Monday; from the season's first bowl on, every
// day is a block of its own.
func TestCalendarKey(t *testing.T) {
	schedule := []football.Fixture{
		fixture(t, 1, 2023, "2023-12-16T17:00:00Z", football.Postseason),
		fixture(t, 2, 2023, "2024-01-09T00:30:00Z", football.Postseason),
	}
	calendar := football.NewCalendar(schedule)
	for start, want := range map[string]string{
		"2023-11-21T17:00:00Z": "2023-11-21", // Tuesday
		"2023-11-22T05:00:00Z": "2023-11-21", // still Tuesday in the United States
		"2023-11-25T17:00:00Z": "2023-11-21", // Saturday
		"2023-11-28T04:00:00Z": "2023-11-21", // Monday night
		"2023-11-28T17:00:00Z": "2023-11-28",
		"2023-12-14T17:00:00Z": "2023-12-12", // the week of the first bowl, before it
		"2023-12-16T20:00:00Z": "2023-12-16", // the first bowl day, a regular game too
		"2023-12-17T20:00:00Z": "2023-12-17",
		"2024-01-09T00:30:00Z": "2024-01-08",
	} {
		for _, kind := range []string{football.Regular, football.Postseason} {
			f := fixture(t, 3, 2023, start, kind)
			if f.IsPostseason() && want < "2023-12-16" {
				continue
			}
			key := calendar.Key(f)
			require.Equal(t, 2023, key.Season)
			require.Equal(t, want, key.Day.Time().Format(time.DateOnly), "%s %s", kind, start)
		}
	}
	// Another season's bowls do not count.
	require.Equal(t, "2022-12-13", calendar.Key(fixture(t, 4, 2022, "2022-12-17T17:00:00Z", football.Regular)).Day.Time().Format(time.DateOnly))
	require.Equal(t, "2022-12-17", calendar.Key(fixture(t, 5, 2022, "2022-12-17T17:00:00Z", football.Postseason)).Day.Time().Format(time.DateOnly))
}

// Blocks hold every result once, in time order, whatever the order of the
// input, and no week is split before the bowls.
func TestBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		results := rapid.Permutation(footballtest.Results(footballtest.Options{Seed: 9, First: 2010, Last: 2011})).Draw(t, "results")
		blocks := football.Blocks(results)
		byID := map[int64]football.Result{}
		for _, r := range results {
			byID[r.ID] = r
		}
		seen := 0
		for i, b := range blocks {
			require.Len(t, b.Scores, len(b.Fixtures))
			if i > 0 {
				require.Negative(t, blocks[i-1].Compare(b.BlockKey))
			}
			for j, f := range b.Fixtures {
				require.Equal(t, byID[f.ID], football.Result{Fixture: f, Score: b.Scores[j]})
				require.Equal(t, b.Season, f.Season)
				length := football.DayOf(f.Start) - b.Day
				require.True(t, length == 0 || !f.IsPostseason() && length > 0 && length < 7)
				if j > 0 {
					before := b.Fixtures[j-1]
					require.True(t, football.DayOf(before.Start) < football.DayOf(f.Start) ||
						football.DayOf(before.Start) == football.DayOf(f.Start) && before.ID < f.ID)
				}
				seen++
			}
		}
		require.Equal(t, len(results), seen)
		require.Len(t, blocks, 2*(13+12), "13 weeks and 12 bowl days a season")
	})
}

func TestWeekDay(t *testing.T) {
	for _, tc := range []struct {
		season, week int
		want         string
	}{
		{2023, 1, "2023-08-29"}, {2023, 2, "2023-09-05"}, {2023, 13, "2023-11-21"},
		{2024, 1, "2024-08-27"}, {2025, 1, "2025-08-26"}, // Labor Day on the 2nd and the 1st
		{2026, 1, "2026-09-01"}, // and on the 7th
	} {
		day := football.WeekDay(tc.season, tc.week)
		require.Equal(t, tc.want, day.Time().Format(time.DateOnly))
		require.Equal(t, time.Tuesday, day.Time().Weekday())
		require.Equal(t, time.Saturday, day.Kickoff().Weekday())
	}
}

func TestWeekOfInvertsWeekDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		season, week := rapid.IntRange(1900, 2100).Draw(t, "season"), rapid.IntRange(1, 25).Draw(t, "week")
		day := football.WeekDay(season, week) + football.Day(rapid.IntRange(0, 6).Draw(t, "day"))
		require.Equal(t, week, football.WeekOf(season, day))
		require.Equal(t, day, football.DayOf(day.Time().Add(12*time.Hour)))
	})
	require.Equal(t, 1, football.WeekOf(2023, football.WeekDay(2023, 1)-100))
}

func TestSigns(t *testing.T) {
	require.Equal(t, football.Margin(3.5), football.Spread(-3.5).Margin(), "a favoured home side is expected to win")
	require.Equal(t, football.Margin(-7), football.Score{Home: 10, Away: 17}.Margin())
	require.Equal(t, football.Margin(7), football.Result{Score: football.Score{Home: 17, Away: 10}}.Margin())
}

// A regular game on the day of the first bowl is a block of that day, whether
// or not the bowl has been played: what is learned before a slate must not
// hold the slate's own games.
func TestCalendarOfTheScheduleDecides(t *testing.T) {
	day := time.Date(2024, 12, 14, 20, 0, 0, 0, time.UTC)
	rivalry := football.Game{
		Fixture: football.Fixture{ID: 1, Season: 2024, Week: 16, SeasonType: football.Regular, Start: day,
			Home: football.Side{Team: "Navy", Division: football.FBS}, Away: football.Side{Team: "Army", Division: football.FBS}},
		Score: &football.Score{Home: 31, Away: 13},
	}
	bowl := football.Game{Fixture: football.Fixture{ID: 2, Season: 2024, Week: 1, SeasonType: football.Postseason, Start: day}}
	schedule := football.NewCalendar([]football.Game{rivalry, bowl})
	blocks := schedule.Blocks(football.Results([]football.Game{rivalry, bowl}))
	require.Len(t, blocks, 1)
	require.Equal(t, schedule.Key(rivalry.Fixture), blocks[0].BlockKey)
	require.Equal(t, football.DayOf(day), blocks[0].Day)
}

// Games between two teams below the FBS tell nothing about the FBS.
func TestResultsNeedAnFBSTeam(t *testing.T) {
	game := football.Game{Score: &football.Score{Home: 90}}
	require.Empty(t, football.Results([]football.Game{game}))
	game.Away.Division = football.FBS
	require.Len(t, football.Results([]football.Game{game}), 1)
}
