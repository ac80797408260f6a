package cfbdtest

import (
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

// instant is how the API writes times.
const instant = "2006-01-02T15:04:05.000Z"

// Game is a game with every key that the API gives it.
func Game(g football.Game) map[string]any {
	shape := map[string]any{
		"id": g.ID, "season": g.Season, "week": g.Week, "seasonType": g.SeasonType,
		"startDate": g.Start.UTC().Format(instant), "startTimeTBD": false, "completed": g.Score != nil,
		"neutralSite": g.Neutral, "conferenceGame": g.ConferenceGame,
		"attendance": nil, "venueId": 3861, "venue": "Ohio Stadium",
		"homeId": 194, "homeTeam": g.Home.Team, "homeConference": orNil(g.Home.Conference), "homeClassification": orNil(g.Home.Division),
		"homePoints": nil, "homeLineScores": nil, "homePostgameWinProbability": nil, "homePregameElo": 1964, "homePostgameElo": nil,
		"awayId": 130, "awayTeam": g.Away.Team, "awayConference": orNil(g.Away.Conference), "awayClassification": orNil(g.Away.Division),
		"awayPoints": nil, "awayLineScores": nil, "awayPostgameWinProbability": nil, "awayPregameElo": 1812, "awayPostgameElo": nil,
		"excitementIndex": nil, "highlights": "", "notes": nil,
	}
	if g.Score != nil {
		shape["homePoints"], shape["awayPoints"] = g.Score.Home, g.Score.Away
		shape["homeLineScores"], shape["awayLineScores"] = []int{g.Score.Home, 0, 0, 0}, []int{0, g.Score.Away, 0, 0}
		shape["excitementIndex"] = 5.1234567
	}
	return shape
}

// Lines are the lines of a game by three bookmakers, whose mean is the game's,
// one of whom gives no total.
func Lines(g football.Game) map[string]any {
	lines := []any{}
	if g.Spread != nil {
		spread := float64(*g.Spread)
		for i, provider := range []string{"DraftKings", "ESPN Bet", "Bovada"} {
			s := spread + float64(i-1)
			line := map[string]any{
				"provider": provider, "spread": s, "formattedSpread": formatted(g, s), "spreadOpen": nil,
				"overUnder": nil, "overUnderOpen": nil, "homeMoneyline": -180, "awayMoneyline": 150,
			}
			if g.TotalLine != nil && i < 2 {
				line["overUnder"] = *g.TotalLine + float64(2*i-1)
			}
			lines = append(lines, line)
		}
	}
	shape := map[string]any{
		"id": g.ID, "season": g.Season, "seasonType": g.SeasonType, "week": g.Week,
		"startDate": g.Start.UTC().Format(time.RFC3339),
		"homeTeam":  g.Home.Team, "homeConference": orNil(g.Home.Conference), "homeClassification": orNil(g.Home.Division), "homeScore": nil,
		"awayTeam": g.Away.Team, "awayConference": orNil(g.Away.Conference), "awayClassification": orNil(g.Away.Division), "awayScore": nil,
		"lines": lines,
	}
	if g.Score != nil {
		shape["homeScore"], shape["awayScore"] = g.Score.Home, g.Score.Away
	}
	return shape
}

// formatted names the favourite, as the API does.
func formatted(g football.Game, spread float64) string {
	if spread < 0 {
		return fmt.Sprintf("%s %g", g.Home.Team, spread)
	}
	return fmt.Sprintf("%s -%g", g.Away.Team, spread)
}

// Team is a member of the FBS with every key that the API gives it.
func Team(id int, school string) map[string]any {
	return map[string]any{
		"id": id, "school": school, "mascot": nil, "abbreviation": nil, "alternateNames": []string{}, "conference": nil,
		"division": nil, "classification": "fbs", "color": "#ba0c2f", "alternateColor": nil, "logos": nil, "twitter": nil, "location": nil,
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
