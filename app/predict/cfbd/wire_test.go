package cfbd

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// rivalry is a game as the API writes it.
const rivalry = `[{"id":401628515,"season":2024,"week":14,"seasonType":"regular","startDate":"2024-11-30T17:00:00.000Z","startTimeTBD":false,
"completed":true,"neutralSite":false,"conferenceGame":true,"attendance":106005,"venueId":3861,"venue":"Ohio Stadium",
"homeId":194,"homeTeam":"Ohio State","homeConference":"Big Ten","homeClassification":"fbs","homePoints":10,"homeLineScores":[3,7,0,0],
"homePostgameWinProbability":0.4,"homePregameElo":2080,"homePostgameElo":1990,
"awayId":130,"awayTeam":"Michigan","awayConference":"Big Ten","awayClassification":"fbs","awayPoints":13,"awayLineScores":[0,10,0,3],
"awayPostgameWinProbability":0.6,"awayPregameElo":1700,"awayPostgameElo":1790,"excitementIndex":6.1,"highlights":"","notes":null}]`

const rivalryLines = `[{"id":401628515,"season":2024,"seasonType":"regular","week":14,"startDate":"2024-11-30T17:00:00.000Z",
"homeTeam":"Ohio State","homeConference":"Big Ten","homeClassification":"fbs","homeScore":10,
"awayTeam":"Michigan","awayConference":"Big Ten","awayClassification":"fbs","awayScore":13,"lines":[
{"provider":"DraftKings","spread":-19.5,"formattedSpread":"Ohio State -19.5","spreadOpen":-21,"overUnder":42.5,"overUnderOpen":44,"homeMoneyline":-1400,"awayMoneyline":850},
{"provider":"ESPN Bet","spread":"-20.5","formattedSpread":"Ohio State -20.5","spreadOpen":null,"overUnder":null,"overUnderOpen":null,"homeMoneyline":null,"awayMoneyline":null},
{"provider":"Bovada","spread":null,"formattedSpread":"Michigan -null","spreadOpen":null,"overUnder":42,"overUnderOpen":null,"homeMoneyline":null,"awayMoneyline":null}]}]`

func same(name string) string { return name }

func combined(t require.TestingT, games, lines string) ([]football.Game, []Refusal) {
	g, unreadGames, err := decode([]byte(games), "game", readGame)
	require.NoError(t, err)
	l, unreadLines, err := decode([]byte(lines), "game with lines", readLines)
	require.NoError(t, err)
	good, refused := combine(g, l, same)
	return good, append(append(unreadGames, unreadLines...), refused...)
}

func TestARealGame(t *testing.T) {
	games, refused := combined(t, rivalry, rivalryLines)
	require.Empty(t, refused)
	spread, total := football.Spread(-20), 42.25
	want := football.Game{Fixture: football.Fixture{
		ID: 401628515, Season: 2024, Week: 14, SeasonType: "regular", Start: time.Date(2024, 11, 30, 17, 0, 0, 0, time.UTC), ConferenceGame: true,
		Home: football.Side{Team: "Ohio State", Conference: "Big Ten", Division: "fbs"}, Away: football.Side{Team: "Michigan", Conference: "Big Ten", Division: "fbs"},
		Spread: &spread, TotalLine: &total,
	}, Score: &football.Score{Home: 10, Away: 13}}
	require.Empty(t, cmp.Diff([]football.Game{want}, games))
	require.Equal(t, football.Margin(20), games[0].Spread.Margin(), "the market had the home side 20 points better")
}

// edited changes the real game.
func edited(t require.TestingT, array string, changes map[string]any) string {
	var items []map[string]any
	require.NoError(t, json.Unmarshal([]byte(array), &items))
	for key, value := range changes {
		if value == missing {
			delete(items[0], key)
		} else {
			items[0][key] = value
		}
	}
	text, err := json.Marshal(items)
	require.NoError(t, err)
	return string(text)
}

const missing = "\x00"

// What a change of the real game makes of it.
func TestGamesAreReadWithCare(t *testing.T) {
	lines := func(spread any, formatted string) []any {
		return []any{map[string]any{"provider": "DraftKings", "spread": spread, "formattedSpread": formatted, "overUnder": 42.5}}
	}
	for name, tc := range map[string]struct {
		game, lines map[string]any
		refusal     string // "" for none
		check       func(*testing.T, football.Game)
	}{
		"not begun": {game: map[string]any{"completed": false, "homePoints": nil, "awayPoints": nil},
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Score) }},
		"in progress": {game: map[string]any{"completed": false, "homePoints": 7, "awayPoints": 3},
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Score, "the score so far is no result") }},
		"over without points": {game: map[string]any{"awayPoints": nil}, refusal: "said to be over and has no points"},
		"hour not known in winter": {game: map[string]any{"startDate": "2024-11-30T05:00:00.000Z", "startTimeTBD": true},
			check: func(t *testing.T, g football.Game) {
				require.Equal(t, "2024-11-30T18:00:00Z", g.Start.Format(time.RFC3339))
			}},
		"hour not known in summer": {game: map[string]any{"startDate": "2024-09-07T04:00:00.000Z", "startTimeTBD": true},
			check: func(t *testing.T, g football.Game) {
				require.Equal(t, "2024-09-07T18:00:00Z", g.Start.Format(time.RFC3339))
			}},
		"late at night": {game: map[string]any{"startDate": "2024-12-01T03:30:00.000Z"},
			check: func(t *testing.T, g football.Game) {
				require.Equal(t, "2024-11-30", football.DayOf(g.Start).Time().Format(time.DateOnly))
			}},
		"no conference": {game: map[string]any{"awayConference": nil, "awayClassification": "fcs"},
			check: func(t *testing.T, g football.Game) {
				require.Equal(t, football.Side{Team: "Michigan", Division: "fcs"}, g.Away)
			}},
		"conference by another name": {game: map[string]any{"awayConference": "MAC"},
			check: func(t *testing.T, g football.Game) { require.Equal(t, "Mid-American", g.Away.Conference) }},
		"below the FBS":        {game: map[string]any{"homeClassification": "fcs", "awayClassification": nil}, refusal: "neither Ohio State nor Michigan is of the FBS"},
		"all stars":            {game: map[string]any{"seasonType": "allstar"}, refusal: "season_type must be regular or postseason"},
		"itself":               {game: map[string]any{"awayTeam": "Ohio State"}, refusal: "must differ"},
		"no name":              {game: map[string]any{"awayTeam": " "}, refusal: "away_team must be"},
		"bad week":             {game: map[string]any{"week": 99}, refusal: "week must be 0 to 30"},
		"week in words":        {game: map[string]any{"week": "14"}, refusal: "game 1 of the answer: json: cannot unmarshal string"},
		"null team":            {game: map[string]any{"homeTeam": nil}, refusal: "homeTeam is missing"},
		"no classification":    {game: map[string]any{"homeClassification": missing}, refusal: "homeClassification is missing"},
		"no date":              {game: map[string]any{"startDate": "soon"}, refusal: "cannot parse"},
		"points beyond belief": {game: map[string]any{"homePoints": 4000}, refusal: "home_points must be"},
		"visitors favoured": {lines: map[string]any{"lines": lines(3.5, "Michigan -3.5")},
			check: func(t *testing.T, g football.Game) { require.InDelta(t, 3.5, float64(*g.Spread), 0) }},
		"even": {lines: map[string]any{"lines": lines(0, "Michigan -0")},
			check: func(t *testing.T, g football.Game) { require.Zero(t, *g.Spread) }},
		"a sign that is not sure": {lines: map[string]any{"lines": lines(19.5, "Ohio State -19.5")}, refusal: "DraftKings is left out",
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Spread); require.NotNil(t, g.TotalLine) }},
		"a spread beyond belief": {lines: map[string]any{"lines": lines(-900, "")}, refusal: "its lines are left out: spread must be",
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Spread); require.NotNil(t, g.Score) }},
		"no lines": {lines: map[string]any{"lines": []any{}},
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Spread); require.Nil(t, g.TotalLine) }},
		"lines of another game": {lines: map[string]any{"id": 1},
			check: func(t *testing.T, g football.Game) { require.Nil(t, g.Spread) }},
	} {
		t.Run(name, func(t *testing.T) {
			// Beside a good game, since an answer of bad ones only is an error.
			other := edited(t, rivalry, map[string]any{"id": 2})
			games, refused := combined(t, strings.TrimSuffix(edited(t, rivalry, tc.game), "]")+","+other[1:], edited(t, rivalryLines, tc.lines))
			if tc.refusal == "" {
				require.Empty(t, refused)
			} else {
				require.Len(t, refused, 1)
				require.Contains(t, refused[0].Reason, tc.refusal)
				require.EqualValues(t, 401628515, refused[0].GameID)
			}
			if tc.check == nil {
				require.Len(t, games, 1)
				return
			}
			require.Len(t, games, 2)
			tc.check(t, games[0])
		})
	}
}

func TestTextIsNoLine(t *testing.T) {
	for _, spread := range []string{`"pk"`, `"Inf"`, `"NaN"`, `"0x1p-2"`, `true`, `[1]`, `"1e999"`, `""`} {
		_, refused, err := decode([]byte(strings.Replace(rivalryLines, `"spread":-19.5`, `"spread":`+spread, 1)), "game with lines", readLines)
		require.ErrorContains(t, err, "is no number", spread)
		require.Len(t, refused, 1)
	}
}

func TestWhatStandsTwiceCountsOnce(t *testing.T) {
	twice := func(s string) string { return strings.TrimSuffix(s, "]") + "," + s[1:] }
	games, refused := combined(t, twice(rivalry), twice(rivalryLines))
	require.Len(t, games, 1)
	require.Len(t, refused, 2)
	for _, r := range refused {
		require.Contains(t, r.Reason, "stand")
	}
}

// What the store knows comes back the same through the API's shapes.
func TestGamesSurviveTheAPI(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		want := footballtest.Games(footballtest.Options{Seed: seed, First: 2022, Last: 2022, PlayedBefore: time.Date(2022, 10, 1, 0, 0, 0, 0, time.UTC)})
		var games, lines []any
		for _, g := range want {
			games, lines = append(games, cfbdtest.Game(g)), append(lines, cfbdtest.Lines(g))
		}
		g, err := json.Marshal(games)
		require.NoError(t, err)
		l, err := json.Marshal(lines)
		require.NoError(t, err)
		got, refused := combined(t, string(g), string(l))
		require.Empty(t, refused)
		require.Empty(t, cmp.Diff(want, got))
	})
}

// Whatever comes, what is taken from it can be imported.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(rivalry), []byte(rivalryLines))
	f.Add([]byte(`[]`), []byte(`[null, 1, {}]`))
	f.Add([]byte(`{"message":"Unauthorized"}`), []byte(`[{"id":1,"homeTeam":"A","awayTeam":"B","lines":[{"spread":"1e400"}]}]`))
	f.Fuzz(func(t *testing.T, games, lines []byte) {
		g, _, err := decode(games, "game", readGame)
		require.True(t, err == nil || len(g) == 0)
		l, _, err := decode(lines, "game with lines", readLines)
		require.True(t, err == nil || len(l) == 0)
		good, _ := combine(g, l, same)
		seen := map[int64]bool{}
		for _, game := range good {
			require.NoError(t, game.Validate())
			require.False(t, seen[game.ID])
			seen[game.ID] = true
		}
	})
}
