package serving_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/ratings"
	"github.com/script-ohio/platform/app/predict/serving"
)

// replay rates all games of blocks before a day from nothing.
func replay(t *testing.T, games []football.Game, before football.Day) *ratings.State {
	s := ratings.NewState()
	for _, b := range football.Blocks(football.Results(games)) {
		if b.Day < before {
			require.NoError(t, s.Learn(b))
		}
	}
	return s
}

// forecast asks the pack's models about a fixture seen from before its block.
func forecast(t *testing.T, p *pack.Pack, s *ratings.State, key football.BlockKey, f football.Fixture) ensemble.Forecast {
	view, err := s.Clone().Open(football.Slate{BlockKey: key, Fixtures: []football.Fixture{f}})
	require.NoError(t, err)
	set := features.SetFor(&f)
	x := make([]float64, len(features.Names(set)))
	var m ratings.Matchup
	require.NoError(t, features.NewBuilder(view).Build(set, &f, &m, x))
	var scratch ensemble.Scratch
	return p.Models[set].Forecast(x, &scratch)
}

// now is the forecast of a made-up game in the week after the last block.
func now(t *testing.T, p *pack.Pack, s *ratings.State, home, away string) ensemble.Forecast {
	next := pack.NextSlate(s)
	view, err := s.Clone().Open(next)
	require.NoError(t, err)
	h, _ := view.Side(home)
	a, _ := view.Side(away)
	return forecast(t, p, s, next.BlockKey, features.Hypothetical(view, h, a, false))
}

// New games continue the ratings to what a replay of all games gives, also
// when the pack was trained in the middle of a week.
func TestRefreshEqualsAReplay(t *testing.T) {
	q := serving.Request{Home: "Ohio State", Away: "Michigan"}
	for name, tc := range map[string]struct {
		build  func() (*pack.Pack, error)
		until  time.Time
		within float64 // points; the points ratings are iterated once more after half a week
	}{
		"nothing new":              {atWeekEnd, weekEnd, 1e-9},
		"two weeks":                {atWeekEnd, weekEnd.AddDate(0, 0, 14), 1e-9},
		"half a week":              {atWeekEnd, thursday.AddDate(0, 0, 14), 1e-9},
		"the whole season":         {atWeekEnd, time.Time{}, 1e-9},
		"the rest of the week":     {atThursday, weekEnd, 0.02},
		"the rest and more":        {atThursday, weekEnd.AddDate(0, 0, 21), 0.02},
		"to the middle of bowls":   {atThursday, time.Date(2009, 12, 24, 0, 0, 0, 0, time.UTC), 0.02},
		"from Thursday to the end": {atThursday, time.Time{}, 0.02},
	} {
		t.Run(name, func(t *testing.T) {
			p := packOf(t, tc.build)
			games := &source{games: league(8, p.Manifest.CreatedAt)}
			e := engine(t, p, options(games, nil))
			before, err := e.Predict(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, p.State.Hash(), before.RatingsHash)

			changed, err := e.Refresh(t.Context())
			require.NoError(t, err)
			require.False(t, changed, "the revision is the same")
			games.set(league(8, tc.until))
			changed, err = e.Refresh(t.Context())
			require.NoError(t, err)
			require.True(t, changed)

			want := replay(t, league(8, tc.until), 1<<30)
			after, err := e.Predict(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, want.Hash(), after.RatingsHash)
			require.Equal(t, want.AsOf(), after.AsOf)
			require.Equal(t, want.AsOf(), e.AsOf())
			f := now(t, p, want, q.Home, q.Away)
			require.InDelta(t, f.Ensemble.Margin, after.Margin.Expected, tc.within)
			require.InDelta(t, f.Ridge.Margin, after.Models[serving.ModelRidge].Margin, tc.within)
			if want.Hash() != p.State.Hash() {
				require.True(t, before.AsOf.Before(after.AsOf))
				require.NotEqual(t, before.Margin, after.Margin)
				require.NotEqual(t, before.ID, after.ID)
			}
		})
	}
}

// An engine that starts with newer games already there is as good.
func TestActivateContinuesThePack(t *testing.T) {
	games := &source{games: league(8, time.Time{})}
	e := engine(t, packOf(t, atWeekEnd), options(games, nil))
	require.Equal(t, replay(t, games.games, 1<<30).AsOf(), e.AsOf())
	require.NoError(t, e.Activate(t.Context(), packOf(t, atThursday)))
	require.Equal(t, replay(t, games.games, 1<<30).AsOf(), e.AsOf())
	require.Equal(t, packOf(t, atThursday).Manifest.Version, e.PackVersion())
}

// With the database away the engine starts, serves what it has, and catches
// up when the database is back.
func TestAFailingSourceKeepsServing(t *testing.T) {
	p, q := packOf(t, atWeekEnd), serving.Request{Home: "Ohio State", Away: "Michigan"}
	away := fault.New(fault.Unavailable, "PostgreSQL is away")
	games := &source{games: league(8, time.Time{}), err: away}
	e := engine(t, p, options(games, nil))
	require.NoError(t, e.Ready())
	first, err := e.Predict(t.Context(), q)
	require.NoError(t, err)
	_, err = e.Refresh(t.Context())
	require.ErrorIs(t, err, away)

	games.fail(nil)
	changed, err := e.Refresh(t.Context())
	require.NoError(t, err)
	require.True(t, changed)
	second, err := e.Predict(t.Context(), q)
	require.NoError(t, err)
	require.NotEqual(t, first.RatingsHash, second.RatingsHash)

	games.set(league(8, weekEnd))
	games.fail(errors.New("reset by peer"))
	_, err = e.Refresh(t.Context())
	require.Error(t, err)
	calls := games.calls
	third, err := e.Predict(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, second, third)
	require.Equal(t, calls, games.calls, "a prediction makes no query")
}

// A past week is predicted as it would have been then: from the games before
// it, replayed once.
func TestPastWeeks(t *testing.T) {
	p, games := packOf(t, atWeekEnd), &source{games: league(8, time.Time{})}
	var seen lookups
	e := engine(t, p, options(games, &seen))
	for i, tc := range []struct {
		name               string
		season, week       int
		seasonType         string
		earliest, dayAfter time.Time // of the last game known
	}{
		{"another season", 2006, 5, "", date(2006, 9, 23), date(2006, 9, 27)},
		{"its bowls", 2006, 1, football.Postseason, date(2006, 11, 20), date(2006, 12, 18)},
		{"its first week", 2006, 0, "", date(2005, 12, 25), date(2006, 1, 10)},
		{"this season before the pack", 2009, 3, football.Regular, date(2009, 9, 10), date(2009, 9, 15)},
		{"this season after the pack", 2009, 9, football.Regular, date(2009, 10, 22), date(2009, 10, 27)},
		{"this season's bowls", 2009, 1, football.Postseason, date(2009, 11, 20), date(2009, 12, 18)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := serving.Request{Home: "Ohio State", Away: "Michigan", Season: tc.season, Week: tc.week, SeasonType: tc.seasonType}
			got, err := e.Predict(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, tc.season, got.Season)
			require.False(t, got.AsOf.Before(tc.earliest), "%s", got.AsOf)
			require.True(t, got.AsOf.Before(tc.dayAfter), "%s", got.AsOf)
			state := replay(t, games.games, football.DayOf(got.AsOf.AddDate(0, 0, 1).Add(12*time.Hour)))
			require.Equal(t, state.Hash(), got.RatingsHash)
			require.Equal(t, [2]int{i, i + 1}, seen.of("ratings"))
			again, err := e.Predict(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, got, again)
			require.Equal(t, [2]int{i + 1, i + 1}, seen.of("ratings"), "replayed once")
		})
	}
	_, err := e.Predict(t.Context(), serving.Request{Home: "Ohio State", Away: "Michigan", Season: 2005, Week: 3})
	require.ErrorContains(t, err, "need the games of at least 3 seasons before it")
}

func date(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// The scheduled games of a week come in the order of kick-off, each as seen
// from before its own block.
func TestWeek(t *testing.T) {
	p, games := packOf(t, atWeekEnd), &source{games: league(8, weekEnd.AddDate(0, 0, 14))}
	var seen lookups
	e := engine(t, p, options(games, &seen))
	for name, tc := range map[string]struct {
		season, week int
		seasonType   string
		games        int
	}{
		"long ago":           {2006, 6, football.Regular, 15},
		"bowls long ago":     {2006, 1, football.Postseason, 12},
		"before the pack":    {2009, 2, football.Regular, 20},
		"after the pack":     {2009, 8, football.Regular, 15},
		"to come":            {2009, 11, football.Regular, 20},
		"bowls to come":      {2009, 1, football.Postseason, 12},
		"with pooled guests": {2009, 1, football.Regular, 26},
	} {
		t.Run(name, func(t *testing.T) {
			slate, err := e.Week(t.Context(), tc.season, tc.week, tc.seasonType)
			require.NoError(t, err)
			require.Equal(t, [...]any{tc.season, tc.week, tc.seasonType, p.Manifest.Version}, [...]any{slate.Season, slate.Week, slate.SeasonType, slate.PackVersion})
			var scheduled []football.Game
			for _, g := range games.games {
				if g.Season == tc.season && g.Week == tc.week && g.SeasonType == tc.seasonType {
					scheduled = append(scheduled, g)
				}
			}
			slices.SortFunc(scheduled, func(a, b football.Game) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
			require.Len(t, slate.Predictions, len(scheduled))
			require.GreaterOrEqual(t, len(scheduled), tc.games)
			calendar := football.NewCalendar(games.games)
			for i, g := range scheduled {
				got, key := slate.Predictions[i], calendar.Key(g.Fixture)
				require.Equal(t, [...]any{g.ID, g.Home.Team, g.Away.Team, g.Neutral}, [...]any{got.GameID, got.HomeTeam, got.AwayTeam, got.NeutralSite})
				require.Equal(t, (*float64)(g.Spread), got.Spread)
				require.Equal(t, i, slices.IndexFunc(slate.Predictions, func(p serving.Prediction) bool { return p.ID == got.ID }), "ids are unique")
				require.True(t, got.AsOf.Before(key.Day.Time()), "no game of the block is known")
				if i == 0 || i == len(scheduled)-1 {
					state := replay(t, games.games, key.Day)
					require.Equal(t, state.Hash(), got.RatingsHash)
					require.InDelta(t, forecast(t, p, state, key, g.Fixture).Ensemble.Margin, got.Margin.Expected, 1e-6)
				}
			}
		})
	}
	_, err := e.Week(t.Context(), 2009, 20, "")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

// A week is computed once for a pack and a revision of the games.
func TestWeekIsCached(t *testing.T) {
	games := &source{games: league(8, weekEnd)}
	var seen lookups
	e := engine(t, packOf(t, atWeekEnd), options(games, &seen))
	week := func(n int) serving.Slate {
		s, err := e.Week(t.Context(), 2009, n, "")
		require.NoError(t, err)
		return s
	}
	first := week(9)
	require.Equal(t, first, week(9))
	require.Equal(t, [2]int{1, 1}, seen.of("slates"))
	week(10)
	require.Equal(t, [2]int{1, 2}, seen.of("slates"), "another week")
	_, err := e.Refresh(t.Context())
	require.NoError(t, err)
	week(9)
	require.Equal(t, [2]int{2, 2}, seen.of("slates"), "nothing changed")
	games.set(league(8, weekEnd.AddDate(0, 0, 7)))
	_, err = e.Refresh(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, first.Predictions[0].RatingsHash, week(9).Predictions[0].RatingsHash)
	require.Equal(t, [2]int{2, 3}, seen.of("slates"), "another revision")
	require.NoError(t, e.Activate(t.Context(), packOf(t, other)))
	require.NotEqual(t, first.PackVersion, week(9).PackVersion)
	require.Equal(t, [2]int{2, 4}, seen.of("slates"), "another pack")
	_, err = e.Week(t.Context(), 2009, 25, "")
	require.Error(t, err)
	_, err = e.Week(t.Context(), 2009, 25, "")
	require.Error(t, err)
	require.Equal(t, [2]int{2, 6}, seen.of("slates"), "errors are not kept")
}

func TestBrowse(t *testing.T) {
	p, games := packOf(t, atWeekEnd), &source{games: league(8, weekEnd.AddDate(0, 0, 14))}
	e := engine(t, p, options(games, nil))

	ranking, err := e.Rankings(t.Context(), 0, 0)
	require.NoError(t, err)
	require.Equal(t, 2009, ranking.Season)
	require.Len(t, ranking.Teams, 40)
	for i, team := range ranking.Teams {
		require.Equal(t, i+1, team.Rank)
		require.True(t, i == 0 || team.Rating <= ranking.Teams[i-1].Rating)
	}
	past, err := e.Rankings(t.Context(), 2006, 0)
	require.NoError(t, err)
	require.Equal(t, 2006, past.Season)
	require.True(t, past.AsOf.After(date(2006, 12, 25)) && past.AsOf.Before(date(2007, 2, 1)), "as the season ended: %s", past.AsOf)

	require.True(t, slices.IsSortedFunc(e.Teams(), func(a, b serving.RankedTeam) int { return cmp.Compare(a.Team, b.Team) }))
	card, err := e.Team(t.Context(), "buckeyes")
	require.NoError(t, err)
	require.Equal(t, "Ohio State", card.Team)
	require.Equal(t, "Big Ten", card.Conference)
	require.Equal(t, football.FBS, card.Division)
	require.Len(t, card.History, len(p.History["Ohio State"])+2, "two weeks since the pack was trained")
	require.True(t, slices.IsSortedFunc(card.History, func(a, b pack.RatingPoint) int { return a.AsOf.Compare(b.AsOf) }))
	card, err = e.Team(t.Context(), "Montana")
	require.NoError(t, err)
	require.Equal(t, "other", card.Division)
	require.NotNil(t, card.History)
	_, err = e.Team(t.Context(), "Ohio Stat")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.ErrorContains(t, err, "did you mean Ohio State")

	cards := e.ModelCards()
	require.Len(t, cards, 4)
	for i, card := range cards {
		require.Equal(t, serving.Models()[i], card.Name)
		require.Equal(t, "2003-2009", card.Trained)
		require.Contains(t, card.Metrics, "2009/without_spread")
		require.Equal(t, features.Names(features.WithSpread), card.Features["with_spread"])
		one, err := e.ModelCard(card.Name)
		require.NoError(t, err)
		require.Equal(t, card, one)
	}
	_, err = e.ModelCard("oracle")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}
