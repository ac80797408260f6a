package football

import (
	"cmp"
	"slices"
	"time"
)

// Day is a number of whole days since 2000-01-01 in the United States.
type Day int

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// usOffset moves UTC to the American game day: late kick-offs are past
// midnight in UTC.
const usOffset = 6 * time.Hour

// DayOf is the American day of an instant.
func DayOf(t time.Time) Day {
	d := t.Add(-usOffset).Sub(epoch)
	day := Day(d / (24 * time.Hour))
	if d < 0 && d%(24*time.Hour) != 0 {
		day--
	}
	return day
}

// Time is the start of the day.
func (d Day) Time() time.Time { return epoch.AddDate(0, 0, int(d)) }

// Week is the Tuesday of the day's Tuesday-to-Monday week; 2000-01-04 was one.
func (d Day) Week() Day {
	n := int(d) - 3
	return d - Day(((n%7)+7)%7)
}

// BlockKey names a block of games that are predicted together, before any of
// their results is used: a Tuesday-to-Monday week, or one day once the
// season's bowl games have begun.
type BlockKey struct {
	Season int
	Day    Day
}

// Compare orders blocks in time.
func (k BlockKey) Compare(other BlockKey) int { return cmp.Compare(k.Day, other.Day) }

// Slate is one block's fixtures, without scores.
type Slate struct {
	BlockKey
	Fixtures []Fixture
}

// Block is a slate and, apart from it, what became of its fixtures.
type Block struct {
	Slate
	Scores []Score // one for each fixture, in order
}

// Calendar assigns fixtures to blocks.
type Calendar struct {
	firstBowl map[int]Day // by season
}

// NewCalendar learns each season's first bowl day from all fixtures given,
// played or not.
func NewCalendar[G interface{ fixture() Fixture }](games []G) Calendar {
	c := Calendar{firstBowl: map[int]Day{}}
	for _, g := range games {
		f := g.fixture()
		if !f.IsPostseason() {
			continue
		}
		day := DayOf(f.Start)
		if first, seen := c.firstBowl[f.Season]; !seen || day < first {
			c.firstBowl[f.Season] = day
		}
	}
	return c
}

func (f Fixture) fixture() Fixture { return f }

// Key is the block that the fixture belongs to.
func (c Calendar) Key(f Fixture) BlockKey {
	day := DayOf(f.Start)
	first, known := c.firstBowl[f.Season]
	if !known || day < first {
		// Without a bowl calendar a postseason fixture still is a day of its own.
		if known || !f.IsPostseason() {
			day = day.Week()
		}
	}
	return BlockKey{Season: f.Season, Day: day}
}

// Blocks sorts results into blocks by the calendar of these results.
func Blocks(results []Result) []Block { return NewCalendar(results).Blocks(results) }

// Blocks sorts results into blocks in time order; inside a block by day and
// id. The calendar must be that of the slates predicted, with games to come,
// or a game could be learned before it is predicted. O(n log n).
func (c Calendar) Blocks(results []Result) []Block {
	type keyed struct {
		Result
		key BlockKey
		day Day
	}
	sorted := make([]keyed, len(results))
	for i, r := range results {
		sorted[i] = keyed{r, c.Key(r.Fixture), DayOf(r.Start)}
	}
	slices.SortFunc(sorted, func(a, b keyed) int {
		return cmp.Or(a.key.Compare(b.key), cmp.Compare(a.day, b.day), cmp.Compare(a.ID, b.ID))
	})
	var blocks []Block
	for _, r := range sorted {
		if n := len(blocks); n == 0 || blocks[n-1].BlockKey != r.key {
			blocks = append(blocks, Block{Slate: Slate{BlockKey: r.key}})
		}
		last := &blocks[len(blocks)-1]
		last.Fixtures = append(last.Fixtures, r.Fixture)
		last.Scores = append(last.Scores, r.Score)
	}
	return blocks
}

// WeekDay is the Tuesday that opens a week of the regular season, when no
// schedule tells: week 1 is the one of Labor Day weekend.
func WeekDay(season, week int) Day {
	laborDay := time.Date(season, time.September, 1, 0, 0, 0, 0, time.UTC)
	for laborDay.Weekday() != time.Monday {
		laborDay = laborDay.AddDate(0, 0, 1)
	}
	return DayOf(laborDay.Add(usOffset)).Week() + Day(7*(week-1))
}

// WeekOf is the week of the season that a day falls in, from 1 on, by the same
// rule as WeekDay.
func WeekOf(season int, day Day) int {
	return max(int(day-WeekDay(season, 1))/7+1, 1)
}

// Kickoff is noon on the Saturday of the week that the day opens.
func (d Day) Kickoff() time.Time { return d.Time().Add(4*24*time.Hour + 17*time.Hour) }
