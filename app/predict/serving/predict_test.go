package serving_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/serving"
)

func ptr(v float64) *float64 { return &v }

func TestPredict(t *testing.T) {
	e := alone(t)
	p := packOf(t, atWeekEnd)
	for name, q := range map[string]serving.Request{
		"plain":          {Home: "Ohio State", Away: "Michigan"},
		"neutral":        {Home: "Ohio State", Away: "Michigan", Neutral: true},
		"with a spread":  {Home: "Ohio State", Away: "Michigan", Spread: ptr(-3.5)},
		"a pick 'em":     {Home: "Ohio State", Away: "Michigan", Spread: ptr(0)},
		"explained":      {Home: "Alabama", Away: "USC", Explain: true},
		"ridge":          {Home: "Alabama", Away: "USC", Model: serving.ModelRidge, Explain: true},
		"gbt":            {Home: "Alabama", Away: "USC", Model: serving.ModelGBT, Explain: true},
		"mlp":            {Home: "Alabama", Away: "USC", Model: serving.ModelMLP, Explain: true, Spread: ptr(10)},
		"from the pool":  {Home: "Ohio State", Away: "Montana"},
		"pool at home":   {Home: "Montana", Away: "Furman"},
		"next season":    {Home: "Ohio State", Away: "Michigan", Season: 2010, Week: 2},
		"a later week":   {Home: "Ohio State", Away: "Michigan", Season: 2009, Week: 12},
		"a later bowl":   {Home: "Ohio State", Away: "Michigan", Season: 2009, Week: 1, SeasonType: football.Postseason, Neutral: true},
		"by other names": {Home: "Buckeyes", Away: "university of michigan"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := e.Predict(t.Context(), q)
			require.NoError(t, err)
			require.InDelta(t, 1, got.Probabilities.Home+got.Probabilities.Away, 1e-12)
			require.True(t, got.Probabilities.Home > 0 && got.Probabilities.Home < 1)
			winner := got.AwayTeam
			if got.Probabilities.Home >= 0.5 {
				winner = got.HomeTeam
			}
			require.Equal(t, winner, got.Winner)
			require.Equal(t, got.Probabilities.Home >= 0.5, got.Margin.Expected >= 0, "margin and winner agree")
			require.True(t, got.Margin.Low < got.Margin.Expected && got.Margin.Expected < got.Margin.High)
			require.InDelta(t, 20.5, (got.Margin.High-got.Margin.Low)/2, 6)
			require.Equal(t, 0.8, got.Margin.Level)
			require.InDelta(t, 54, got.Total, 30)
			model := q.Model
			if model == "" {
				model = serving.ModelEnsemble
			}
			require.Equal(t, model, got.Model)
			require.Len(t, got.Models, 4)
			require.Equal(t, serving.Estimate{HomeProbability: got.Probabilities.Home, Margin: got.Margin.Expected}, got.Models[model])
			require.Equal(t, 3, got.Agreement.Models)
			low, high := 1.0, 0.0
			for _, member := range serving.Models()[1:] {
				low, high = min(low, got.Models[member].HomeProbability), max(high, got.Models[member].HomeProbability)
			}
			require.InDelta(t, high-low, got.Agreement.ProbabilityRange, 1e-12)

			set := features.WithoutSpread
			if q.Spread != nil {
				set = features.WithSpread
			}
			require.Equal(t, string(set), got.FeatureSet)
			require.Equal(t, features.SchemaHash(set), got.SchemaHash)
			require.Equal(t, p.Manifest.Version, got.PackVersion)
			require.Equal(t, p.State.Hash(), got.RatingsHash)
			require.Equal(t, p.State.AsOf(), got.AsOf)
			require.True(t, got.AsOf.Before(weekEnd))
			require.Equal(t, q.Neutral, got.NeutralSite)
			require.Equal(t, q.Spread, got.Spread)

			if q.Explain {
				require.Len(t, got.Contributions, 8)
				require.True(t, slices.IsSortedFunc(got.Contributions, func(a, b serving.Contribution) int {
					return -int(math.Copysign(1, math.Abs(a.Points)-math.Abs(b.Points)))
				}))
			} else {
				require.Empty(t, got.Contributions)
			}

			again, err := engine(t, p, options(nil, nil)).Predict(t.Context(), q)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(got, again), "another engine on the same pack says the same")
		})
	}
}

// Every input that the answer depends on changes its id; the way of typing a
// name and the wish for an explanation do not.
func TestIDsNameInputs(t *testing.T) {
	e := alone(t)
	id := func(q serving.Request) string {
		p, err := e.Predict(t.Context(), q)
		require.NoError(t, err)
		require.Regexp(t, "^p_[a-z2-7]{16}$", p.ID)
		return p.ID
	}
	base := serving.Request{Home: "Ohio State", Away: "Michigan"}
	require.Equal(t, id(base), id(serving.Request{Home: "ohio st.", Away: "Wolverines", Explain: true, Model: serving.ModelEnsemble}))
	seen := map[string]serving.Request{id(base): base}
	for _, q := range []serving.Request{
		{Home: "Michigan", Away: "Ohio State"},
		{Home: "Ohio State", Away: "Michigan State"},
		{Home: "Ohio State", Away: "Michigan", Neutral: true},
		{Home: "Ohio State", Away: "Michigan", Spread: ptr(-3)},
		{Home: "Ohio State", Away: "Michigan", Spread: ptr(3)},
		{Home: "Ohio State", Away: "Michigan", Neutral: true, Spread: ptr(3)},
		{Home: "Ohio State", Away: "Michigan", Model: serving.ModelRidge},
		{Home: "Ohio State", Away: "Michigan", Season: 2009, Week: 12},
		{Home: "Ohio State", Away: "Michigan", Season: 2010, Week: 12},
		{Home: "Ohio State", Away: "Michigan", SeasonType: football.Postseason},
	} {
		twin, twice := seen[id(q)]
		require.False(t, twice, "%+v %+v", q, twin)
		seen[id(q)] = q
	}
}

func TestPredictRefuses(t *testing.T) {
	e := alone(t)
	for name, tc := range map[string]struct {
		q                serving.Request
		location, reason string
	}{
		"unknown home":  {serving.Request{Home: "Ohio Stat", Away: "Michigan"}, "body.home_team", `unknown team "Ohio Stat"; did you mean Ohio State`},
		"unknown away":  {serving.Request{Home: "Ohio State", Away: "Michigna"}, "body.away_team", "did you mean Michigan"},
		"no name":       {serving.Request{Away: "Michigan"}, "body.home_team", "unknown team"},
		"same team":     {serving.Request{Home: "Ohio State", Away: "Buckeyes"}, "body.away_team", "a team cannot play itself: both names mean Ohio State"},
		"NaN spread":    {serving.Request{Home: "Ohio State", Away: "Michigan", Spread: ptr(math.NaN())}, "body.spread", "-100 to 100"},
		"huge spread":   {serving.Request{Home: "Ohio State", Away: "Michigan", Spread: ptr(-100.5)}, "body.spread", "-100 to 100"},
		"unknown model": {serving.Request{Home: "Ohio State", Away: "Michigan", Model: "oracle"}, "body.model", "ensemble, ridge, gbt or mlp"},
		"far future":    {serving.Request{Home: "Ohio State", Away: "Michigan", Season: 2090}, "", "season 2090 is too far from the ratings, which end in 2009"},
		"past, no games": {
			serving.Request{Home: "Ohio State", Away: "Michigan", Season: 2006, Week: 3}, "", "need the games of at least 3 seasons before it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Predict(t.Context(), tc.q)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			require.ErrorContains(t, err, tc.reason)
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			if tc.location != "" {
				require.Equal(t, tc.location, f.Details[0].Location)
			}
		})
	}
}

// A line moves the answer towards it, in the right direction.
func TestSpreadSign(t *testing.T) {
	e := alone(t)
	margin := func(spread float64) float64 {
		p, err := e.Predict(t.Context(), serving.Request{Home: "Iowa", Away: "Illinois", Spread: ptr(spread)})
		require.NoError(t, err)
		return p.Margin.Expected
	}
	require.Greater(t, margin(-14), margin(0)+7)
	require.Less(t, margin(14), margin(0)-7)
}

func TestBatchAnswersInOrderAndOneByOne(t *testing.T) {
	e := alone(t)
	requests := []serving.Request{
		{Home: "Ohio State", Away: "Michigan"},
		{Home: "Nowhere", Away: "Michigan"},
		{Home: "Alabama", Away: "LSU", Spread: ptr(-7), Explain: true},
		{Home: "LSU", Away: "LSU"},
		{Home: "LSU", Away: "Alabama"},
	}
	items := e.PredictBatch(t.Context(), requests)
	require.Len(t, items, len(requests))
	for i, q := range requests {
		want, err := e.Predict(t.Context(), q)
		if err != nil {
			require.Nil(t, items[i].Prediction)
			require.EqualError(t, items[i].Err, err.Error())
			continue
		}
		require.NoError(t, items[i].Err)
		require.Empty(t, cmp.Diff(want, *items[i].Prediction))
	}
	require.Empty(t, e.PredictBatch(t.Context(), nil))
}

// Predictions go on while packs are exchanged and ratings refreshed, and each
// answer is of one pack as a whole.
func TestPredictionsSurviveHotSwaps(t *testing.T) {
	a, b := packOf(t, atWeekEnd), packOf(t, other)
	games := &source{games: league(8, weekEnd)}
	e := engine(t, a, options(games, nil))
	q := serving.Request{Home: "Ohio State", Away: "Michigan", Explain: true}
	want := map[string]serving.Prediction{}
	for _, p := range []string{a.Manifest.Version, b.Manifest.Version} {
		prediction, err := e.Predict(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, p, prediction.PackVersion)
		want[p] = prediction
		require.NoError(t, e.Activate(t.Context(), b))
	}
	require.NotEqual(t, want[a.Manifest.Version].ID, want[b.Manifest.Version].ID)

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	failures := make(chan string, 4)
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				got, err := e.Predict(t.Context(), q)
				if err != nil || !cmp.Equal(want[got.PackVersion], got) {
					failures <- cmp.Diff(want[got.PackVersion], got)
					return
				}
				if _, err := e.Week(t.Context(), 2009, 12, ""); err != nil {
					failures <- err.Error()
					return
				}
				e.Teams()
			}
		})
	}
	for i := range 20 {
		p := a
		if i%2 == 0 {
			p = b
		}
		require.NoError(t, e.Activate(t.Context(), p))
		games.set(league(8, weekEnd))
		changed, err := e.Refresh(t.Context())
		require.NoError(t, err)
		require.True(t, changed)
	}
	stop()
	readers.Wait()
	require.Empty(t, failures)
}

// An engine without a database predicts, and says where games come from.
func TestEngineWithoutDatabase(t *testing.T) {
	e := alone(t)
	require.NoError(t, e.Ready())
	changed, err := e.Refresh(t.Context())
	require.NoError(t, err)
	require.False(t, changed)
	_, err = e.Week(t.Context(), 2009, 12, "")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.ErrorContains(t, err, "ohio games import")
	require.WithinDuration(t, weekEnd, e.AsOf(), 4*24*time.Hour)
}

func BenchmarkPredict(b *testing.B) {
	e := alone(b)
	for name, q := range map[string]serving.Request{
		"without_spread": {Home: "Ohio State", Away: "Michigan"},
		"with_spread":    {Home: "Ohio State", Away: "Michigan", Spread: ptr(-3.5)},
		"explained":      {Home: "Ohio State", Away: "Michigan", Explain: true},
		"alias":          {Home: "Buckeyes", Away: "Wolverines"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Predict(context.Background(), q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "predictions/s")
		})
	}
}

func BenchmarkPredictBatch(b *testing.B) {
	e := alone(b)
	teams := e.Teams()
	requests := make([]serving.Request, 100)
	for i := range requests {
		requests[i] = serving.Request{Home: teams[i%len(teams)].Team, Away: teams[(i*7+3)%len(teams)].Team, Neutral: i%2 == 0}
		if requests[i].Home == requests[i].Away {
			requests[i].Away = "Montana"
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range e.PredictBatch(context.Background(), requests) {
			if item.Err != nil {
				b.Fatal(item.Err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(requests))/b.Elapsed().Seconds(), "predictions/s")
}
