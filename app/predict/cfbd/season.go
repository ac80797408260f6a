package cfbd

import (
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

const (
	firstMonth = time.August  // the first games of a season
	lastMonth  = time.January // its last
	lastWeek   = 16           // of the regular season
	bowlWeek   = lastWeek - 1 // from here on bowl games are known
)

// Season is the season that an instant belongs to: the one that began last,
// from August on.
func Season(now time.Time) int {
	day := football.DayOf(now).Time()
	if day.Month() < firstMonth {
		return day.Year() - 1
	}
	return day.Year()
}

// Current lists what a daily run follows: this week, the one before it, whose
// results and closing lines are new, and in winter all bowl games. There is
// nothing from February to July.
func Current(now time.Time) []Query {
	day, season := football.DayOf(now), Season(now)
	if month := day.Time().Month(); month > lastMonth && month < firstMonth {
		return nil
	}
	this := football.WeekOf(season, day)
	var queries []Query
	for _, w := range []int{this, this - 1} {
		if w >= 1 && w <= lastWeek {
			queries = append(queries, Query{season, w, football.Regular})
		}
	}
	if this >= bowlWeek {
		queries = append(queries, Query{Season: season, SeasonType: football.Postseason})
	}
	return queries
}
