package football_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/football/reference"
)

const (
	header = "id,season,week,season_type,start_date,neutral_site,conference_game,home_team,home_conference,home_division,home_points,away_team,away_conference,away_division,away_points,spread,total_line\n"
	good   = "1,2023,13,regular,2023-11-25T17:00:00Z,false,true,Michigan,Big Ten,fbs,30,Ohio State,Big Ten,fbs,24,-3.5,45.5\n"
)

func TestReadCSVReadsAGame(t *testing.T) {
	spread, line := football.Spread(-3.5), 45.5
	want := football.Game{
		Fixture: football.Fixture{
			ID: 1, Season: 2023, Week: 13, SeasonType: football.Regular, Start: time.Date(2023, 11, 25, 17, 0, 0, 0, time.UTC),
			ConferenceGame: true, Spread: &spread, TotalLine: &line,
			Home: football.Side{Team: "Michigan", Conference: "Big Ten", Division: football.FBS},
			Away: football.Side{Team: "Ohio State", Conference: "Big Ten", Division: football.FBS},
		},
		Score: &football.Score{Home: 30, Away: 24},
	}
	unplayed := want
	unplayed.Score, unplayed.Spread, unplayed.TotalLine = nil, nil, nil

	for name, tc := range map[string]struct {
		text string
		want football.Game
	}{
		"plain":              {header + good, want},
		"windows line ends":  {strings.ReplaceAll(header+good, "\n", "\r\n"), want},
		"no last line end":   {header + strings.TrimSpace(good), want},
		"byte order mark":    {"\ufeff" + header + good, want},
		"mark before quotes": {"\ufeff\"id\"" + strings.TrimPrefix(header, "id") + good, want},
		"reordered columns":  {reversed(t, header+good), want},
		"spaces and capitals": {
			header + strings.NewReplacer(",", " , ", "regular", "Regular", "fbs", "FBS", "true", "True").Replace(good), want,
		},
		"an extra column":     {"notes," + header + "\"a, b\"," + good, want},
		"aliases":             {header + strings.NewReplacer("Michigan", "Michigan Wolverines", "Ohio State", "ohio st.").Replace(good), want},
		"a time zone":         {header + strings.Replace(good, "17:00:00Z", "12:00:00-05:00", 1), want},
		"minutes only":        {header + strings.Replace(good, "17:00:00Z", "17:00Z", 1), want},
		"not played, no line": {header + strings.NewReplacer(",30,", ",,", ",24,", ",,", "-3.5,45.5", ",").Replace(good), unplayed},
		"without the lines' columns": {
			strings.NewReplacer(",spread,total_line", "", "-3.5,45.5", "", ",30,", ",,", ",24,", ",").Replace(header + good), unplayed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			games, bad, err := football.ReadCSV(strings.NewReader(tc.text))
			require.NoError(t, err)
			require.Empty(t, bad)
			require.Empty(t, cmp.Diff([]football.Game{tc.want}, games))
		})
	}
}

// reversed turns the order of the columns round.
func reversed(t *testing.T, text string) string {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, row := range rows {
		for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
			row[i], row[j] = row[j], row[i]
		}
		require.NoError(t, w.Write(row))
	}
	w.Flush()
	return b.String()
}

// A bad row is reported with its line and left out; the rows around it stay.
func TestReadCSVReportsBadRows(t *testing.T) {
	next := strings.Replace(good, "1,", "2,", 1)
	for name, tc := range map[string]struct {
		change []string // pairs for a replacer
		reason string
	}{
		"wrong number":         {[]string{"2023,13", "2023,thirteen"}, `week "thirteen" is no whole number`},
		"fraction of a point":  {[]string{",30,", ",30.5,"}, `home_points "30.5" is no whole number`},
		"empty id":             {[]string{"3,2023", ",2023"}, `id "" is no whole number`},
		"negative id":          {[]string{"3,2023", "-3,2023"}, "id must be a positive number"},
		"huge number":          {[]string{"3,2023", "99999999999999999999,2023"}, "is no whole number"},
		"season type":          {[]string{"regular", "spring"}, "season_type must be regular or postseason"},
		"season":               {[]string{"2023,", "23,"}, "season must be a year from 1869 to 2200"},
		"week":                 {[]string{",13,", ",31,"}, "week must be 0 to 30"},
		"one score missing":    {[]string{",24,", ",,"}, "home_points and away_points must both be given or both be empty"},
		"negative points":      {[]string{",24,", ",-24,"}, "away_points must be 0 to 300"},
		"too many points":      {[]string{",30,", ",3000,"}, "home_points must be 0 to 300"},
		"same team twice":      {[]string{"Ohio State", "Michigan"}, "away_team must differ from home_team"},
		"same team, alias":     {[]string{"Ohio State", "Michigan Wolverines"}, "away_team must differ from home_team"},
		"no team":              {[]string{"Michigan", ""}, "home_team must be 1 to 80 printable characters"},
		"control character":    {[]string{"Michigan", "Michi\x01gan"}, "home_team must be 1 to 80 printable characters"},
		"broken UTF-8":         {[]string{"Michigan", "Michi\xffgan"}, "home_team must be 1 to 80 printable characters"},
		"broken conference":    {[]string{"Michigan,Big Ten", "Michigan,Big\x00Ten"}, "home_conference must be at most 80 printable characters"},
		"broken division":      {[]string{"fbs,24", "\xff,24"}, "away_division must be at most 80 printable characters"},
		"NaN spread":           {[]string{"-3.5", "NaN"}, `spread "NaN" is no number`},
		"infinite spread":      {[]string{"-3.5", "-Inf"}, `spread "-Inf" is no number`},
		"huge spread":          {[]string{"-3.5", "-101"}, "spread must be -100 to 100"},
		"total":                {[]string{"45.5", "-1"}, "total_line must be 0 to 300"},
		"boolean":              {[]string{"false", "maybe"}, `neutral_site "maybe" is neither true nor false`},
		"date":                 {[]string{"2023-11-25T17:00:00Z", "25.11.2023"}, `start_date "25.11.2023" is no ISO 8601 time such as 2023-11-25T17:00:00Z`},
		"date of another year": {[]string{"2023-11-25", "2021-11-25"}, "start_date must lie in the season's year or the next"},
		"too few fields":       {[]string{",-3.5", ""}, "wrong number of fields"},
		"too many fields":      {[]string{"45.5", "45.5,"}, "wrong number of fields"},
		"two things at once":   {[]string{",13,", ",x,", "false", "y"}, `week "x" is no whole number; neutral_site "y" is neither true nor false`},
		"duplicate id":         {[]string{"3,2023", "1,2023"}, "id 1 stands on line 2 already"},
	} {
		t.Run(name, func(t *testing.T) {
			row := strings.NewReplacer(tc.change...).Replace(strings.Replace(good, "1,", "3,", 1))
			games, bad, err := football.ReadCSV(strings.NewReader(header + good + row + next))
			require.NoError(t, err)
			require.Len(t, bad, 1)
			require.Equal(t, 3, bad[0].Line)
			require.Contains(t, bad[0].Reason, tc.reason)
			require.Equal(t, []int64{1, 2}, ids(games))
		})
	}
}

// After a stray quote nobody knows where rows begin.
func TestReadCSVStopsAtAStrayQuote(t *testing.T) {
	for _, row := range []string{
		strings.Replace(good, "Michigan", `Michi"gan`, 1),
		strings.Replace(good, "Michigan", `"Michigan`, 1),
	} {
		games, bad, err := football.ReadCSV(strings.NewReader(header + good + row + strings.Replace(good, "1,", "2,", 1)))
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, "line 3")
		require.ErrorContains(t, err, "the rest of the file cannot be read")
		require.Empty(t, bad)
		require.Empty(t, games)
	}
}

func TestReadCSVCountsLinesOverQuotedLineEnds(t *testing.T) {
	_, bad, err := football.ReadCSV(strings.NewReader("notes," + header + "\"a\nb\"," + good + "x,2," + good))
	require.NoError(t, err)
	require.Equal(t, []football.BadRow{{Line: 4, Reason: "wrong number of fields"}}, bad)
}

func TestReadCSVRefusesFiles(t *testing.T) {
	for name, tc := range map[string]struct{ text, reason string }{
		"empty":           {"", "line 1: no CSV header"},
		"stray quote":     {"id,\"sea\"son\n", "line 1: no CSV header"},
		"named twice":     {strings.Replace(header, "week,", "week,week,", 1), "line 1: the CSV header names week twice"},
		"another file":    {"date,price\n2024-01-01,5\n", "line 1: the CSV header lacks id, season, week"},
		"missing columns": {strings.NewReplacer("week,", "", ",away_points", "").Replace(header), "line 1: the CSV header lacks week, away_points"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := football.ReadCSV(strings.NewReader(tc.text))
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			require.ErrorContains(t, err, tc.reason)
		})
	}
	broken := errors.New("the disk is gone")
	_, _, err := football.ReadCSV(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(header + good))))
	require.ErrorIs(t, err, iotest.ErrTimeout)
	_, _, err = football.ReadCSV(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

func ids(games []football.Game) []int64 {
	ids := make([]int64, len(games))
	for i, g := range games {
		ids[i] = g.ID
	}
	return ids
}

// write is the inverse of ReadCSV.
func write(games []football.Game) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	w := csv.NewWriter(&b)
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	for _, g := range games {
		home, away := "", ""
		if g.Score != nil {
			home, away = strconv.Itoa(g.Score.Home), strconv.Itoa(g.Score.Away)
		}
		_ = w.Write([]string{
			fmt.Sprint(g.ID), fmt.Sprint(g.Season), fmt.Sprint(g.Week), g.SeasonType, g.Start.Format(time.RFC3339Nano),
			fmt.Sprint(g.Neutral), fmt.Sprint(g.ConferenceGame),
			g.Home.Team, g.Home.Conference, g.Home.Division, home,
			g.Away.Team, g.Away.Conference, g.Away.Division, away, number((*float64)(g.Spread)), number(g.TotalLine),
		})
	}
	w.Flush()
	return b.Bytes()
}

func TestReadCSVReadsBackALeague(t *testing.T) {
	games := footballtest.Games(footballtest.Options{Seed: 5, First: 2001, Last: 2003, PlayedBefore: time.Date(2003, 10, 1, 0, 0, 0, 0, time.UTC)})
	read, bad, err := football.ReadCSV(bytes.NewReader(write(games)))
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Empty(t, cmp.Diff(games, read))
}

// What comes back from any input is valid, has ids of its own, and survives
// being written and read again.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(header + good))
	f.Add([]byte("\ufeff" + header + strings.Replace(good, "Michigan", `"Miami (FL)"`, 1) + good))
	f.Add([]byte(header + strings.Replace(good, "Big Ten", "American", 1) + "1,2\n" + `"`))
	f.Add(write(footballtest.Games(footballtest.Options{Seed: 5, First: 2001, Last: 2001})[:20]))
	f.Fuzz(func(t *testing.T, data []byte) {
		games, bad, err := football.ReadCSV(bytes.NewReader(data))
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			return
		}
		seen := map[int64]bool{}
		for _, g := range games {
			require.NoError(t, g.Validate())
			require.False(t, seen[g.ID], "id %d twice", g.ID)
			seen[g.ID] = true
		}
		for _, b := range bad {
			require.Greater(t, b.Line, 1)
			require.NotEmpty(t, b.Reason)
		}
		again, bad, err := football.ReadCSV(bytes.NewReader(write(games)))
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Empty(t, cmp.Diff(games, again))
	})
}

// The reference file has been cleaned: every row of it is a game.
func TestReadCSVReadsTheReferenceFile(t *testing.T) {
	file, err := os.Open(reference.File(t, "games_2000_2023.csv"))
	require.NoError(t, err)
	defer file.Close()
	games, bad, err := football.ReadCSV(file)
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Greater(t, len(games), 19000)
}
