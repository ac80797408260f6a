package backtest_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/training"
)

func games() []football.Result {
	return footballtest.Results(footballtest.Options{Seed: 21, First: 2000, Last: 2010})
}

func collect(t *testing.T, results []football.Result) *training.Dataset {
	data, err := training.Collect(results)
	require.NoError(t, err)
	return data
}

func run(t *testing.T, data *training.Dataset, seasons ...int) *backtest.Report {
	report, err := backtest.Run(context.Background(), data, seasons, func(int, features.Set) {})
	require.NoError(t, err)
	return report
}

func TestRunJudgesEveryModel(t *testing.T) {
	data := collect(t, games())
	var mu sync.Mutex
	steps := map[int]int{}
	report, err := backtest.Run(context.Background(), data, []int{2010, 2009, 2010}, func(season int, _ features.Set) {
		mu.Lock()
		defer mu.Unlock()
		steps[season]++
	})
	require.NoError(t, err)
	require.Equal(t, map[int]int{2009: 2, 2010: 2}, steps)
	lines := map[string]int{}
	for _, r := range training.Between(data.Rows, features.WithSpread, 2009, 2010) {
		lines[map[int]string{2009: "2009", 2010: "2010"}[r.Fixture.Season]]++
	}
	require.Len(t, report.Seasons, 2)
	for season, byModel := range report.Seasons {
		for _, model := range backtest.Models() {
			require.NotEmpty(t, byModel[model], model)
			for set, m := range byModel[model] {
				require.Equal(t, lines[season], m.Games, "%s %s: all are judged on the same games", model, set)
				require.True(t, *m.Accuracy > 0.5 && *m.Accuracy < 1, "%s %s %v", model, set, *m.Accuracy)
				if model == "always_home" {
					require.Nil(t, m.LogLoss)
					continue
				}
				require.Less(t, *m.LogLoss, math.Ln2, "%s %s knows more than a coin", model, set)
				require.Equal(t, model == "gbt", m.MAE == nil)
			}
		}
	}
	total, home := report.Total["always_home"]["without_spread"], 0.0
	judged := training.Between(data.Rows, features.WithSpread, 2009, 2010)
	for _, r := range judged {
		home += r.HomeWin()
	}
	require.Equal(t, len(judged), total.Games)
	require.InDelta(t, home/float64(len(judged)), *total.Accuracy, 1e-12)
	line := 0.0
	for _, r := range judged {
		line += math.Abs(r.Margin + float64(*r.Fixture.Spread))
	}
	require.InDelta(t, line/float64(len(judged)), *report.Total["closing_line"]["with_spread"].MAE, 1e-9)
}

// A season is forecast without its own results and later ones: turning round
// all results of the judged season leaves the forecasts of its first block as
// they are, and turning round later seasons leaves all of them.
func TestForecastsDoNotLookAhead(t *testing.T) {
	const season = 2009
	results := games()
	base := run(t, collect(t, results), season)
	rows := training.Between(collect(t, results).Rows, features.WithSpread, season, season)

	later := turnedRound(results, season+1)
	same := run(t, collect(t, later), season)
	require.Empty(t, cmp.Diff(base.Outcomes, same.Outcomes, cmpopts.EquateNaNs()), "later seasons are not known")

	changed := run(t, collect(t, turnedRound(results, season)), season)
	calendar := football.NewCalendar(results)
	first, noticed := calendar.Key(rows[0].Fixture), false
	for _, model := range backtest.Models() {
		for set, before := range base.Outcomes[model] {
			after := changed.Outcomes[model][set]
			require.Len(t, after, len(rows))
			for i, row := range rows {
				same := before[i].Probability == after[i].Probability &&
					(before[i].Expected == after[i].Expected || math.IsNaN(before[i].Expected) && math.IsNaN(after[i].Expected))
				if calendar.Key(row.Fixture) == first {
					require.True(t, same, "%s %s, game %d", model, set, row.Fixture.ID)
					require.Equal(t, -before[i].Margin, after[i].Margin)
				}
				noticed = noticed || !same
			}
		}
	}
	require.True(t, noticed, "later blocks of the season do know")
}

// turnedRound swaps the scores of all games from a season on.
func turnedRound(results []football.Result, from int) []football.Result {
	results = slices.Clone(results)
	for i, r := range results {
		if r.Season >= from {
			results[i].Score = football.Score{Home: r.Score.Away, Away: r.Score.Home}
		}
	}
	return results
}

func TestRunRefusesSeasonsWithoutGames(t *testing.T) {
	data := collect(t, games())
	_, err := backtest.Run(context.Background(), data, []int{2031}, func(int, features.Set) {})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "season 2031 has no FBS games with a spread")
	_, err = backtest.Run(context.Background(), data, []int{2004}, func(int, features.Set) {})
	require.ErrorIs(t, err, training.ErrTooFewGames)
	require.ErrorContains(t, err, "season 2004")
	require.ErrorContains(t, err, "to train on")
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := backtest.Run(ctx, collect(t, games()), []int{2010}, func(int, features.Set) {})
	require.ErrorIs(t, err, context.Canceled)
}
