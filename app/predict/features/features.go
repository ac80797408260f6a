// Package features turns a fixture into the numbers that models read. It sees
// a view of the ratings before the fixture's block and the fixture itself,
// neither of which holds a score, so no feature can leak a result.
package features

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// Set is one of the two feature sets.
type Set string

// The feature sets: from results alone, and with the betting line as well.
const (
	WithoutSpread Set = "without_spread"
	WithSpread    Set = "with_spread"
)

// Sets lists the feature sets.
func Sets() []Set { return []Set{WithoutSpread, WithSpread} }

// SetFor is the richest set that a fixture has the inputs for.
func SetFor(f *football.Fixture) Set {
	if f.Spread != nil {
		return WithSpread
	}
	return WithoutSpread
}

// version changes with the meaning of a feature whose name stays.
const version = 1

func baseNames() []string {
	return []string{
		"margin",            // expected home margin of the filter
		"margin_postseason", // the same, in bowl games only
		"margin_early",      // the same, fading with games played
		"total_at_home",     // expected total over 55 when somebody is at home
		"neutral_regular",   // neutral site before the postseason
		"bye_edge",          // home side comes from a bye, minus away side
		"informed_margin",   // expected by ratings that also know earlier closing lines
		"informed_early",    // the same, fading with games played
		"elo_margin",
		"points_margin",
		"points_total",
		"total",
		"margin_sd",
		"form_edge",
		"level_edge",
		"league_edge",
		"home_rating",
		"away_rating",
		"home_offence",
		"home_defence",
		"away_offence",
		"away_defence",
		"wins_edge",
		"games_played",
		"rest_edge",
		"week",
		"conference_game",
		"neutral",
		"postseason",
	}
}

// Names lists a set's features in order.
func Names(set Set) []string {
	names := baseNames()
	if set == WithSpread {
		names = append(names, "market_margin", "market_edge")
	}
	return names
}

// SchemaHash names the meaning of a set's features; a model is only good for
// the schema that it was trained on.
func SchemaHash(set Set) string { return hashOf(Names(set)) }

func hashOf(names []string) string {
	sum := sha256.Sum256([]byte{version, '\n'})
	sum = sha256.Sum256(append(sum[:], strings.Join(names, "\n")...))
	return hex.EncodeToString(sum[:8])
}

// Builder makes feature vectors from one view. It may be used by many
// goroutines at once as long as the view's state does not change.
type Builder struct{ view ratings.View }

// NewBuilder builds from a view.
func NewBuilder(view ratings.View) Builder { return Builder{view} }

// Build rates the fixture into m and writes its features to dst, whose length
// must be that of Names(set). Nothing is allocated. The fixture's spread is
// read for WithSpread only and must be there then.
func (b Builder) Build(set Set, f *football.Fixture, m *ratings.Matchup, dst []float64) error {
	if !b.view.Rate(f, m) {
		return fault.New(fault.Invalid, "no ratings for %s against %s", f.Away.Team, f.Home.Team)
	}
	post, neutral, conference := flag(f.IsPostseason()), flag(f.Neutral), flag(f.ConferenceGame)
	played := float64(min(m.GamesHome, m.GamesAway))
	dst = dst[:0]
	dst = append(dst,
		m.Margin,
		m.Margin*post,
		m.Margin*math.Exp(-played/3),
		(1-neutral)*(m.Total-55),
		neutral*(1-post),
		flag(isBye(m.RestHome))-flag(isBye(m.RestAway)),
		m.Informed,
		m.Informed*math.Exp(-played/3),
		m.EloMargin,
		m.PointsHome-m.PointsAway,
		m.PointsHome+m.PointsAway,
		m.Total,
		math.Sqrt(max(m.Variance, 0)),
		m.Home.Form-m.Away.Form,
		m.Home.Level-m.Away.Level,
		m.Home.League-m.Away.League,
		m.Home.Rating,
		m.Away.Rating,
		m.Home.Offence,
		m.Home.Defence,
		m.Away.Offence,
		m.Away.Defence,
		share(m.WinsHome, m.GamesHome)-share(m.WinsAway, m.GamesAway),
		played,
		rest(m.RestHome)-rest(m.RestAway),
		float64(min(f.Week, 16)),
		conference,
		neutral,
		post,
	)
	if set == WithSpread {
		market := float64(f.Spread.Margin())
		_ = append(dst, market, market-m.Margin)
	}
	return nil
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// isBye: 12 to 16 days between games is one week off.
func isBye(rest int) bool { return rest >= 12 && rest <= 16 }

// share of games won, pulled to a half (Laplace).
func share(wins float64, games int) float64 { return (wins + 1) / (float64(games) + 2) }

// rest in days, between a short week and two weeks; a season's first game
// counts as two weeks.
func rest(days int) float64 {
	if days < 0 || days > 14 {
		return 14
	}
	return float64(max(days, 4))
}

// Hypothetical is a fixture of two known teams on the Saturday of the view's
// block.
func Hypothetical(view ratings.View, home, away football.Side, neutral bool) football.Fixture {
	block := view.Block()
	return football.Fixture{
		Season: block.Season, Week: football.WeekOf(block.Season, block.Day), SeasonType: football.Regular,
		Start: block.Day.Kickoff(), Neutral: neutral, Home: home, Away: away,
		ConferenceGame: home.Division == football.FBS && away.Division == football.FBS && home.Conference == away.Conference,
	}
}
