package validation

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/pack"
)

// sigma is the standard deviation of games around a good forecast, in points.
const sigma = 15.6

// play makes up games as a model sees them that is right about strengths and
// adds noise and a bias of its own, in points.
func play(random *rand.Rand, n int, noise, bias float64) []backtest.Outcome {
	games := make([]backtest.Outcome, n)
	for i := range games {
		truth := 12 * random.NormFloat64()
		said := truth + bias + noise*random.NormFloat64()
		margin := math.Round(truth + sigma*random.NormFloat64())
		games[i] = backtest.Outcome{Probability: 0.5 * math.Erfc(-said/sigma/math.Sqrt2), Expected: said, Margin: margin}
	}
	return games
}

func metricsIn(issues []Worse) map[string]bool {
	found := map[string]bool{}
	for _, i := range issues {
		found[i.Metric] = true
	}
	return found
}

// A model that is as good as its card is hardly ever told of: two standard
// errors are passed by chance in 2.3 % of the cases.
func TestChanceIsNotTold(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	told := map[string]int{}
	const runs = 1000
	for range runs {
		card := backtest.Score(play(random, 770, 0, 0))
		for metric := range metricsIn(worse(key{"ensemble", "with_spread"}, play(random, 150, 0, 0), card)) {
			told[metric]++
		}
	}
	for metric, n := range told {
		require.Less(t, n, runs*5/100, metric)
	}
	require.NotEmpty(t, told, "the bound is not out of reach")
}

// A model that lost its way is always told of.
func TestARealLossIsTold(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		card := backtest.Score(play(random, 770, 0, 0))
		found := metricsIn(worse(key{"mlp", "with_spread"}, play(random, 300, 100, 0), card))
		require.Equal(t, map[string]bool{"accuracy": true, "log_loss": true, "mae": true}, found)
		biased := metricsIn(worse(key{"mlp", "with_spread"}, play(random, 300, 0, 25), card))
		require.True(t, biased["mae"] && biased["log_loss"])
	}
}

func TestSmallSamplesAreNotTold(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	card := backtest.Score(play(random, 770, 0, 0))
	hopeless := play(random, minGames, 100, 60)
	require.NotEmpty(t, worse(key{}, hopeless, card))
	require.Empty(t, worse(key{}, hopeless[1:], card))
	card.Games = minGames - 1
	require.Empty(t, worse(key{}, hopeless, card))
	require.Empty(t, worse(key{}, hopeless, pack.Metrics{Games: 770}), "a card that promises nothing")
}

// Better than the card is never told, and a worse card never adds issues.
func TestOnlyWorseIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		games := play(random, rapid.IntRange(2, 200).Draw(t, "games"), rapid.Float64Range(0, 60).Draw(t, "noise"), rapid.Float64Range(-30, 30).Draw(t, "bias"))
		card := backtest.Score(games)
		card.Games = rapid.IntRange(30, 3000).Draw(t, "card")
		if issues := worse(key{}, games, card); len(issues) > 0 {
			t.Fatalf("as good as the card, and told: %v", issues)
		}
		for _, i := range worse(key{}, play(random, 100, 20, 10), card) {
			if (i.Metric == "accuracy") != (i.Recent < i.Card) || math.Abs(i.Recent-i.Card) < math.Abs(i.Bound-i.Card) {
				t.Fatalf("%+v", i)
			}
		}
	})
}

func TestCardsOfManySeasonsCountByGames(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	m := pack.Manifest{Metrics: map[string]map[string]map[string]pack.Metrics{
		"2021": {"ensemble": {"without_spread": {Games: 100, Accuracy: p(0.7), LogLoss: p(0.5)}}},
		"2022": {"ensemble": {"without_spread": {Games: 300, Accuracy: p(0.8), LogLoss: p(0.4), MAE: p(12)}}},
		"2023": {"ridge": {"without_spread": {Games: 50, Accuracy: p(0.1)}}},
	}}
	card := cardOf(m, key{"ensemble", "without_spread"})
	require.Equal(t, 400, card.Games)
	require.InDelta(t, 0.775, *card.Accuracy, 1e-12)
	require.InDelta(t, 0.425, *card.LogLoss, 1e-12)
	require.InDelta(t, 12, *card.MAE, 1e-12)
	require.Equal(t, "without_spread", headline(m))
	require.Zero(t, cardOf(m, key{"mlp", "with_spread"}).Games)
}
