package football

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// columns of the CSV format; the order in a file is free, spread and
// total_line may be absent.
var columns = [...]string{
	"id", "season", "week", "season_type", "start_date", "neutral_site", "conference_game",
	"home_team", "home_conference", "home_division", "home_points",
	"away_team", "away_conference", "away_division", "away_points", "spread", "total_line",
}

const requiredColumns = 15

// byteOrderMark begins files that some spreadsheets write.
const byteOrderMark = "\ufeff"

// BadRow is a row of a CSV file that is not a game.
type BadRow struct {
	Line   int
	Reason string
}

// ReadCSV reads games. Rows that are no valid game are reported by line and
// left out; the error is for a file that cannot be read at all. Team and
// conference names become canonical.
func ReadCSV(r io.Reader) ([]Game, []BadRow, error) {
	buffered := bufio.NewReader(r)
	mark, err := buffered.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fault.Wrap(fault.Invalid, err, "the file cannot be read")
	}
	if string(mark) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark)) // it has been peeked at
	}
	reader := csv.NewReader(buffered)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return nil, nil, fault.Wrap(fault.Invalid, err, "line 1: no CSV header")
	}
	order, err := columnOrder(header)
	if err != nil {
		return nil, nil, err
	}
	var (
		games []Game
		bad   []BadRow
		seen  = map[int64]int{}
		names = newInterner()
	)
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return games, bad, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			if errors.Is(parse.Err, csv.ErrFieldCount) {
				bad = append(bad, BadRow{parse.StartLine, parse.Err.Error()})
				continue
			}
			// A stray quote swallows lines: where rows begin is not known any more.
			return nil, nil, fault.New(fault.Invalid, "line %d: %v; the rest of the file cannot be read", parse.StartLine, parse.Err)
		}
		if err != nil {
			return nil, nil, fault.Wrap(fault.Invalid, err, "the file cannot be read")
		}
		line, _ := reader.FieldPos(0)
		game, err := parseGame(row{record, order, names})
		if err == nil {
			err = game.Validate()
		}
		if err == nil && seen[game.ID] != 0 {
			err = fmt.Errorf("id %d stands on line %d already", game.ID, seen[game.ID])
		}
		if err != nil {
			bad = append(bad, BadRow{line, err.Error()})
			continue
		}
		seen[game.ID] = line
		games = append(games, game)
	}
}

func columnOrder(header []string) ([len(columns)]int, error) {
	var order [len(columns)]int
	var missing []string
	for i, name := range columns {
		order[i] = -1
		for j, h := range header {
			if strings.TrimSpace(h) != name {
				continue
			}
			if order[i] >= 0 {
				return order, fault.New(fault.Invalid, "line 1: the CSV header names %s twice", name)
			}
			order[i] = j
		}
		if order[i] < 0 && i < requiredColumns {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return order, fault.New(fault.Invalid, "line 1: the CSV header lacks %s", strings.Join(missing, ", "))
	}
	return order, nil
}

// row reads one record by column name.
type row struct {
	record []string
	order  [len(columns)]int
	names  *interner
}

func (r row) get(column string) string {
	for i, name := range columns {
		if name == column {
			if r.order[i] < 0 {
				return ""
			}
			return strings.TrimSpace(r.record[r.order[i]])
		}
	}
	return ""
}

func parseGame(r row) (Game, error) {
	var problems []string
	integer := func(column string) int64 {
		v, err := strconv.ParseInt(r.get(column), 10, 64)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s %q is no whole number", column, r.get(column)))
		}
		return v
	}
	boolean := func(column string) bool {
		v, err := strconv.ParseBool(strings.ToLower(r.get(column)))
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s %q is neither true nor false", column, r.get(column)))
		}
		return v
	}
	number := func(column string) *float64 {
		if r.get(column) == "" {
			return nil
		}
		v, err := strconv.ParseFloat(r.get(column), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			problems = append(problems, fmt.Sprintf("%s %q is no number", column, r.get(column)))
			return nil
		}
		return &v
	}
	side := func(prefix string) Side {
		return Side{
			Team:       r.names.team(r.get(prefix + "_team")),
			Conference: r.names.intern(CanonicalConference(r.get(prefix + "_conference"))),
			Division:   r.names.intern(strings.ToLower(r.get(prefix + "_division"))),
		}
	}
	g := Game{Fixture: Fixture{
		ID: integer("id"), Season: int(integer("season")), Week: int(integer("week")),
		SeasonType: r.names.intern(strings.ToLower(r.get("season_type"))),
		Neutral:    boolean("neutral_site"), ConferenceGame: boolean("conference_game"),
		Home: side("home"), Away: side("away"),
		Spread: (*Spread)(number("spread")), TotalLine: number("total_line"),
	}}
	start, err := parseStart(r.get("start_date"))
	if err != nil {
		problems = append(problems, err.Error())
	}
	g.Start = start
	home, away := r.get("home_points"), r.get("away_points")
	switch {
	case home == "" && away == "":
	case home == "" || away == "":
		problems = append(problems, "home_points and away_points must both be given or both be empty")
	default:
		g.Score = &Score{Home: int(integer("home_points")), Away: int(integer("away_points"))}
	}
	if len(problems) > 0 {
		return Game{}, errors.New(strings.Join(problems, "; "))
	}
	return g, nil
}

func parseStart(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if layout == time.DateOnly {
				t = t.Add(18 * time.Hour) // noon in the United States
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("start_date %q is no ISO 8601 time such as 2023-11-25T17:00:00Z", s)
}

// interner keeps one copy of every name, and makes team names canonical.
type interner struct {
	strings map[string]string
	aliases map[string]string // folded -> canonical
	teams   map[string]string
}

func newInterner() *interner {
	in := &interner{strings: map[string]string{}, aliases: map[string]string{}, teams: map[string]string{}}
	for alias, name := range aliases() {
		if !ambiguous(alias) {
			in.aliases[fold(alias)] = name
		}
		in.aliases[fold(name)] = name
	}
	return in
}

// ambiguous aliases help people who type one team, but not files: nicknames
// and initials that several schools share.
func ambiguous(alias string) bool {
	return !strings.ContainsAny(alias, " -") && strings.ToUpper(alias) == alias
}

func (in *interner) intern(s string) string {
	if kept, ok := in.strings[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	in.strings[s] = s
	return s
}

func (in *interner) team(s string) string {
	if kept, ok := in.teams[s]; ok {
		return kept
	}
	typed := strings.Clone(s)
	canonical := typed
	if name, ok := in.aliases[fold(typed)]; ok {
		canonical = name
	}
	in.teams[typed] = canonical
	return canonical
}
