package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/pack"
)

func TestBacktestJudgesASeason(t *testing.T) {
	games, plot := reference.File(t, "games_2000_2023.csv"), filepath.Join(t.TempDir(), "plot.svg")
	report := decoded[struct {
		Seasons map[string]map[string]map[string]pack.Metrics
		Total   map[string]map[string]pack.Metrics
	}](t, "backtest", "--games", games, "--seasons", "2023", "--plot", plot, "-o", "json")
	require.Len(t, report.Seasons, 1)
	for _, judged := range []map[string]map[string]pack.Metrics{report.Seasons["2023"], report.Total} {
		for _, model := range []string{"ensemble", "ridge", "gbt", "mlp"} {
			for _, set := range []string{"without_spread", "with_spread"} {
				m := judged[model][set]
				require.Greater(t, m.Games, 500, "%s %s", model, set)
				require.NotNil(t, m.LogLoss, "%s %s", model, set)
				require.Less(t, *m.LogLoss, 0.6931, "%s %s is worse than a coin", model, set)
			}
		}
	}
	drawn, err := os.ReadFile(plot)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "<svg")
}

func TestBacktestDrawsATable(t *testing.T) {
	all, err := os.ReadFile(reference.File(t, "games_2000_2023.csv"))
	require.NoError(t, err)
	var recent strings.Builder
	for i, line := range strings.SplitAfter(string(all), "\n") {
		if _, row, _ := strings.Cut(line, ","); i == 0 || row >= "2016," {
			recent.WriteString(line)
		}
	}
	table, _ := ohio(t, 0, "backtest", "--games", write(t, "games.csv", recent.String()), "--seasons", "2023")
	for _, part := range []string{"SEASON", "2023", "total", "ensemble", "with_spread", "ensemble minus model"} {
		require.Contains(t, table, part)
	}
}

func TestTrainedPackIsAccepted(t *testing.T) {
	games, dir := reference.File(t, "games_2000_2023.csv"), filepath.Join(t.TempDir(), "pack")
	manifest := decoded[pack.Manifest](t, "train", "--games", games, "--out", dir, "--judged", "1", "-o", "json")
	require.Equal(t, 2023, manifest.LastSeason)
	require.Len(t, manifest.Metrics, 1)
	verified := decoded[pack.Manifest](t, "pack", "verify", dir, "-o", "json")
	require.Equal(t, manifest.Version, verified.Version)
	ohio(t, 0, "models", "--pack", dir)

	file := filepath.Join(dir, "golden.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(file, text, 0o600))
	_, complaint := ohio(t, 2, "pack", "verify", dir)
	require.Contains(t, complaint, "golden.json")
}

func TestTrainAndBacktestWantEnoughGoodRows(t *testing.T) {
	bad := write(t, "games.csv", header+game(1, "Iowa", "Iowa", 3))
	_, complaint := ohio(t, 2, "train", "--games", bad, "--out", filepath.Join(t.TempDir(), "pack"))
	require.Contains(t, complaint, bad+":2: ")
	_, complaint = ohio(t, 2, "backtest", "--games", bad, "--seasons", "2024")
	require.Contains(t, complaint, bad+":2: ")

	few := write(t, "games.csv", header+game(1, "Iowa", "Purdue", 3))
	for _, line := range [][]string{
		{"train", "--games", few, "--out", filepath.Join(t.TempDir(), "pack")},
		{"backtest", "--games", few, "--seasons", "2024"},
	} {
		_, complaint = ohio(t, 2, line...)
		require.Contains(t, complaint, "at least 500 and 50 are needed")
	}
}
