package cfbd_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/cfbd"
)

func TestCurrentWeeks(t *testing.T) {
	regular := func(season, week int) cfbd.Query {
		return cfbd.Query{Season: season, Week: week, SeasonType: "regular"}
	}
	bowls := func(season int) cfbd.Query { return cfbd.Query{Season: season, SeasonType: "postseason"} }
	for now, want := range map[string][]cfbd.Query{
		"2024-02-01T12:00:00Z": nil,
		"2024-07-31T12:00:00Z": nil,
		"2024-08-01T12:00:00Z": {regular(2024, 1)},
		"2024-08-24T16:00:00Z": {regular(2024, 1)}, // "week 0"
		"2024-09-02T23:00:00Z": {regular(2024, 1)}, // Labor Day
		"2024-09-03T12:00:00Z": {regular(2024, 2), regular(2024, 1)},
		"2024-09-10T03:00:00Z": {regular(2024, 2), regular(2024, 1)}, // still Monday in the United States
		"2024-11-30T17:00:00Z": {regular(2024, 14), regular(2024, 13)},
		"2024-12-07T17:00:00Z": {regular(2024, 15), regular(2024, 14), bowls(2024)},
		"2024-12-14T20:00:00Z": {regular(2024, 16), regular(2024, 15), bowls(2024)},
		"2024-12-18T12:00:00Z": {regular(2024, 16), bowls(2024)},
		"2024-12-28T12:00:00Z": {bowls(2024)},
		"2025-01-20T12:00:00Z": {bowls(2024)},
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		require.Equal(t, want, cfbd.Current(at), now)
	}
}
