package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

func TestPredict(t *testing.T) {
	alone(t)
	p := decoded[serving.Prediction](t, "predict", "ohio-state", "michigan", "--neutral", "-o", "json")
	require.Equal(t, "Ohio State", p.HomeTeam)
	require.Equal(t, "Michigan", p.AwayTeam)
	require.True(t, p.NeutralSite)
	require.InDelta(t, 1, p.Probabilities.Home+p.Probabilities.Away, 1e-12)
	require.Nil(t, p.Spread)
	require.Empty(t, p.Contributions)
	require.Equal(t, p, decoded[serving.Prediction](t, "predict", "ohio-state", "michigan", "--neutral", "-o", "json"), "the same again")

	table, _ := ohio(t, 0, "predict", "Ohio State", "Michigan", "--explain")
	for _, part := range []string{"Ohio State against Michigan, at Ohio State", "WINNER", "PROBABILITY", "ensemble", "ridge", "gbt", "mlp", "FEATURE", p.PackVersion} {
		require.Contains(t, table, part)
	}
}

// A betting line may be given in all the ways that a shell user writes it.
func TestPredictWithSpread(t *testing.T) {
	alone(t)
	for _, spread := range [][]string{{"--spread", "-7.5"}, {"--spread=-7.5"}} {
		p := decoded[serving.Prediction](t, append([]string{"predict", "Iowa", "Purdue", "--model", "gbt", "--explain", "-o", "json"}, spread...)...)
		require.NotNil(t, p.Spread)
		require.InDelta(t, -7.5, *p.Spread, 0)
		require.Equal(t, "gbt", p.Model)
		require.Equal(t, "with_spread", p.FeatureSet)
		require.NotEmpty(t, p.Contributions)
	}
}

func TestUnknownTeamIsExitStatus2WithSuggestions(t *testing.T) {
	alone(t)
	out, complaint := ohio(t, 2, "predict", "Ohio Stat", "Michigan")
	require.Empty(t, out)
	require.Contains(t, complaint, `unknown team "Ohio Stat"; did you mean Ohio State`)
}

func TestRank(t *testing.T) {
	alone(t)
	ranking := decoded[serving.Ranking](t, "rank", "--top", "5", "-o", "json")
	require.Len(t, ranking.Teams, 5)
	for i, team := range ranking.Teams {
		require.Equal(t, i+1, team.Rank)
	}
	all := decoded[serving.Ranking](t, "rank", "--top", "0", "-o", "json")
	require.Greater(t, len(all.Teams), 100)
	table, _ := ohio(t, 0, "rank")
	require.Contains(t, table, ranking.Teams[0].Team)
	_, complaint := ohio(t, 2, "rank", "--season", "2010")
	require.Contains(t, complaint, "ohio games import")
}

func TestModels(t *testing.T) {
	alone(t)
	cards := decoded[[]serving.ModelCard](t, "models", "-o", "json")
	require.Len(t, cards, len(serving.Models()))
	table, _ := ohio(t, 0, "models")
	for _, card := range cards {
		require.Contains(t, table, card.Name)
		require.NotEmpty(t, card.Metrics)
	}
}

// Answers come from the pack that is asked for.
func TestPackFolder(t *testing.T) {
	alone(t)
	dir := t.TempDir() + "/pack"
	embedded, err := pack.Default()
	require.NoError(t, err)
	require.NoError(t, embedded.Write(dir))
	want := decoded[serving.Prediction](t, "predict", "Iowa", "Purdue", "-o", "json")
	require.Equal(t, want, decoded[serving.Prediction](t, "predict", "Iowa", "Purdue", "--pack", dir, "-o", "json"))

	bucket := "file://" + t.TempDir()
	out, _ := ohio(t, 0, "pack", "upload", dir, "--bucket", bucket)
	require.Contains(t, out, embedded.Manifest.Version)
	manifest := decoded[pack.Manifest](t, "pack", "verify", dir, "-o", "json")
	require.Equal(t, embedded.Manifest.Version, manifest.Version)
	table, _ := ohio(t, 0, "pack", "verify")
	require.Contains(t, table, embedded.Manifest.Version)
}
