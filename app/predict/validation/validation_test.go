package validation_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/release"
	"github.com/script-ohio/platform/app/predict/serving"
	"github.com/script-ohio/platform/app/predict/training"
	"github.com/script-ohio/platform/app/predict/validation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// trained is when the pack of these tests was made: after a week of 2009.
var (
	trained = time.Date(2009, time.October, 13, 12, 0, 0, 0, time.UTC)
	built   = sync.OnceValues(func() (*pack.Pack, error) { return build(football.Results(league(trained)), 1) })
)

func build(results []football.Result, judged int) (*pack.Pack, error) {
	return release.Build(context.Background(), results, release.Options{
		ToolVersion: "test", Now: func() time.Time { return trained }, Progress: func(string) {}, JudgedSeasons: judged,
	})
}

// league is the games of 2003 to 2009, played before an instant.
func league(until time.Time) []football.Game {
	return footballtest.Games(footballtest.Options{Seed: 8, First: 2003, Last: 2009, PlayedBefore: until})
}

// games is a football.Store in memory.
type games struct {
	all []football.Game
	err error
}

func (g *games) Revision(context.Context) (int64, error) { return 1, g.err }

func (g *games) FromSeason(_ context.Context, season int) ([]football.Game, error) {
	return g.keep(func(x football.Game) bool { return x.Season >= season })
}

func (g *games) Games(_ context.Context, f football.GameFilter) ([]football.Game, error) {
	return g.keep(func(x football.Game) bool {
		return (f.Season == 0 || x.Season == f.Season) && (f.AfterStart.IsZero() || x.Start.After(f.AfterStart))
	})
}

func (g *games) keep(keep func(football.Game) bool) ([]football.Game, error) {
	if g.err != nil {
		return nil, g.err
	}
	return slices.DeleteFunc(slices.Clone(g.all), func(x football.Game) bool { return !keep(x) }), nil
}

func engine(t *testing.T, p *pack.Pack, source *games) *serving.Engine {
	t.Helper()
	e, err := serving.New(t.Context(), p, serving.Options{Logger: slog.New(slog.DiscardHandler), Games: source})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func validator(t *testing.T, source *games, o validation.Options) *validation.Validator {
	t.Helper()
	p, err := built()
	require.NoError(t, err)
	return validation.New(engine(t, p, source), source, o)
}

func at(month time.Month, day int) func() time.Time {
	return func() time.Time { return time.Date(2009, month, day, 12, 0, 0, 0, time.UTC) }
}

func still(int, int, string) {}

// Scores are those of forecasts made by a replay of all games, each from
// before its block, and nothing of them speaks against the cards.
func TestScoresAreThoseOfAReplay(t *testing.T) {
	source := &games{all: league(time.Time{})}
	v := validator(t, source, validation.Options{Weeks: 100, Now: at(time.December, 31)})
	var steps []int
	report, err := v.Run(t.Context(), func(done, total int, what string) { steps = append(steps, done); require.Equal(t, 8, total) })
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, steps, "weeks 7 to 13 and the bowls")

	p, err := built()
	require.NoError(t, err)
	data, err := training.Collect(football.Results(source.all))
	require.NoError(t, err)
	want, counted := map[string][]backtest.Outcome{}, 0
	for _, row := range data.Rows {
		if !row.Fixture.Start.After(trained) {
			continue
		}
		counted++
		set := features.SetFor(&row.Fixture)
		var scratch ensemble.Scratch
		f := p.Models[set].Forecast(row.X[set], &scratch)
		for model, e := range map[string]ensemble.Estimate{"ensemble": f.Ensemble, "ridge": f.Ridge, "gbt": f.GBT, "mlp": f.MLP} {
			want[model+"/"+string(set)] = append(want[model+"/"+string(set)], backtest.Outcome{Probability: e.Probability, Expected: e.Margin, Margin: row.Margin})
		}
	}
	require.Equal(t, counted, report.Games)
	require.Len(t, report.Models, 8)
	for _, m := range report.Models {
		score := backtest.Score(want[m.Name+"/"+m.FeatureSet])
		require.Equal(t, score.Games, m.Recent.Games)
		require.InDelta(t, *score.LogLoss, *m.Recent.LogLoss, 1e-9, m.Name)
		require.InDelta(t, *score.Accuracy, *m.Recent.Accuracy, 1e-9)
		if m.Name == "gbt" {
			require.Nil(t, m.Recent.MAE)
		} else {
			require.InDelta(t, *score.MAE, *m.Recent.MAE, 1e-9)
		}
		card := p.Manifest.Metrics["2009"][m.Name][m.FeatureSet]
		require.Equal(t, card.Games, m.Card.Games)
		require.InDelta(t, *card.LogLoss, *m.Card.LogLoss, 1e-12)
	}
	require.Empty(t, report.Issues)
	require.Equal(t, "with_spread", report.FeatureSet)
	require.Equal(t, p.Manifest.Version, report.PackVersion)
	require.True(t, report.From.After(trained) && report.To.After(report.From))
}

// Once results come out the other way round, every model is told of.
func TestModelsThatGotWorseAreTold(t *testing.T) {
	all := league(time.Time{})
	for i := range all {
		if all[i].Start.After(trained) {
			all[i].Score = &football.Score{Home: all[i].Score.Away, Away: all[i].Score.Home}
		}
	}
	report, err := validator(t, &games{all: all}, validation.Options{Now: at(time.December, 31)}).Run(t.Context(), still)
	require.NoError(t, err)
	told := map[string][]string{}
	require.Len(t, report.Issues, len(report.Worse))
	for i, issue := range report.Worse {
		if issue.FeatureSet == "with_spread" {
			told[issue.Model] = append(told[issue.Model], issue.Metric)
		}
		require.NotEqual(t, issue.Recent, issue.Card)
		require.Contains(t, report.Issues[i].Text, issue.Model)
	}
	require.Equal(t, map[string][]string{
		"ensemble": {"accuracy", "log_loss", "mae"}, "ridge": {"accuracy", "log_loss", "mae"},
		"gbt": {"accuracy", "log_loss"}, "mlp": {"accuracy", "log_loss", "mae"},
	}, told)
}

// Which weeks count: finished ones that the pack has not learned from, the
// newest of them.
func TestWhichWeeksCount(t *testing.T) {
	p, err := built()
	require.NoError(t, err)
	week := func(number int) (first, last time.Time) {
		for _, g := range league(time.Time{}) {
			if g.Season == 2009 && g.Week == number && g.SeasonType == football.Regular && g.BothFBS() {
				if first.IsZero() || g.Start.Before(first) {
					first = g.Start
				}
				if g.Start.After(last) {
					last = g.Start
				}
			}
		}
		return first, last
	}
	require.Equal(t, football.WeekDay(2009, 6), p.Manifest.LastBlock.Day)
	seven, _ := week(7)
	eight, endOfEight := week(8)
	_, endOfNine := week(9)
	for name, tc := range map[string]struct {
		played   time.Time
		now      func() time.Time
		weeks    int
		from, to time.Time
	}{
		"nothing since the pack":  {trained, at(time.October, 14), 0, time.Time{}, time.Time{}},
		"the second week runs":    {endOfEight.Add(-time.Minute), func() time.Time { return endOfEight }, 1, seven, time.Time{}},
		"two weeks":               {endOfEight.Add(time.Minute), func() time.Time { return endOfEight.Add(time.Hour) }, 2, seven, endOfEight},
		"a game never was played": {endOfEight, func() time.Time { return endOfEight.AddDate(0, 0, 5) }, 2, seven, time.Time{}},
		"only the newest":         {endOfNine.Add(time.Minute), func() time.Time { return endOfNine.Add(time.Hour) }, 2, eight, endOfNine},
	} {
		t.Run(name, func(t *testing.T) {
			source := &games{all: league(tc.played)}
			report, err := validator(t, source, validation.Options{Weeks: 2, Now: tc.now}).Run(t.Context(), still)
			require.NoError(t, err)
			require.Equal(t, tc.weeks, report.Weeks)
			require.Equal(t, tc.from, report.From)
			if !tc.to.IsZero() {
				require.Equal(t, tc.to, report.To)
			}
		})
	}
}

func TestFiguresComeFromTheCardAndFromTheLastRun(t *testing.T) {
	source := &games{all: league(time.Time{})}
	v := validator(t, source, validation.Options{Now: at(time.December, 31)})
	p, err := built()
	require.NoError(t, err)
	bases := func(figures []validation.Figure) (all []string) {
		for _, f := range figures {
			all = append(all, f.Model+" "+f.Basis)
		}
		return all
	}
	cards := []string{"ensemble card", "ridge card", "gbt card", "mlp card"}
	both := append(slices.Clone(cards), "ensemble recent", "ridge recent", "gbt recent", "mlp recent")
	require.Equal(t, cards, bases(v.Figures()))
	require.InDelta(t, *p.Manifest.Metrics["2009"]["ensemble"]["with_spread"].LogLoss, v.Figures()[0].LogLoss, 1e-12)

	report, err := v.Work(t.Context(), &jobs.Run{Job: contract.JobModelValidation})
	require.NoError(t, err)
	require.Equal(t, both, bases(v.Figures()))
	require.InDelta(t, *report.(validation.Report).Models[0].Recent.Accuracy, v.Figures()[4].Accuracy, 1e-12)

	// Another process has them from the stored report, unless it serves
	// another pack.
	stored, err := json.Marshal(report)
	require.NoError(t, err)
	other := validator(t, source, validation.Options{})
	load := func(text json.RawMessage) func(context.Context) (json.RawMessage, error) {
		return func(context.Context) (json.RawMessage, error) { return text, nil }
	}
	require.NoError(t, other.Restore(t.Context(), load(nil)))
	require.Equal(t, cards, bases(other.Figures()))
	require.NoError(t, other.Restore(t.Context(), load(stored)))
	require.Equal(t, v.Figures(), other.Figures())
	require.Error(t, other.Restore(t.Context(), load([]byte(`{"games": "many"}`))))
	require.Equal(t, v.Figures(), other.Figures())
	require.NoError(t, other.Restore(t.Context(), load([]byte(`{"pack_version":"another","games":1,"models":[]}`))))
	require.Equal(t, cards, bases(other.Figures()))
}

func TestTheJobSaysWhyItDoesNothing(t *testing.T) {
	v := validator(t, &games{all: league(trained)}, validation.Options{Now: at(time.October, 14)})
	_, err := v.Work(t.Context(), &jobs.Run{Job: contract.JobModelValidation})
	require.ErrorContains(t, err, "no finished games that the pack s2009-")
	require.IsType(t, jobs.Skip("x"), err)
}

// swapped gives another pack's slate, or one that knows too much.
type swapped struct {
	validation.Predictor
	edit func(*serving.Slate)
}

func (s swapped) Week(ctx context.Context, season, week int, seasonType string) (serving.Slate, error) {
	slate, err := s.Predictor.Week(ctx, season, week, seasonType)
	slate.Predictions = slices.Clone(slate.Predictions)
	s.edit(&slate)
	return slate, err
}

func TestTrouble(t *testing.T) {
	source := &games{all: league(time.Time{})}
	p, err := built()
	require.NoError(t, err)
	e := engine(t, p, source)
	options := validation.Options{Weeks: 1, Now: at(time.December, 31)}
	_, err = validation.New(swapped{e, func(s *serving.Slate) { s.PackVersion = "s2010-x" }}, source, options).Run(t.Context(), still)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "changed from "+p.Manifest.Version+" to s2010-x")

	_, err = validation.New(swapped{e, func(s *serving.Slate) { s.Predictions[3].AsOf = trained.AddDate(1, 0, 0) }}, source, options).Run(t.Context(), still)
	require.ErrorContains(t, err, "that is no prediction")

	away := errors.New("away")
	_, err = validation.New(e, &games{err: away}, options).Run(t.Context(), still)
	require.ErrorIs(t, err, away)
	options.Prepare = func(context.Context) error { return away }
	_, err = validation.New(e, source, options).Run(t.Context(), still)
	require.ErrorIs(t, err, away)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = validation.New(engine(t, p, source), source, validation.Options{Now: at(time.December, 31)}).Run(ctx, still)
	require.ErrorIs(t, err, context.Canceled)
}
