package release_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/release"
)

func TestBuiltPackLoadsAgain(t *testing.T) {
	file, err := os.Open(reference.File(t, "games_2000_2023.csv"))
	require.NoError(t, err)
	defer file.Close()
	games, _, err := football.ReadCSV(file)
	require.NoError(t, err)
	p, err := release.Build(context.Background(), football.Results(games), release.Options{
		ToolVersion: "test", Now: time.Now, JudgedSeasons: 1, Progress: func(step string) { t.Log(step) },
	})
	require.NoError(t, err)
	dir := t.TempDir() + "/pack"
	require.NoError(t, p.Write(dir))
	started := time.Now()
	loaded, err := pack.Load(os.DirFS(dir))
	require.NoError(t, err)
	t.Logf("%s loaded in %s", loaded.Manifest.Version, time.Since(started))
	size := int64(0)
	for name, f := range loaded.Manifest.Files {
		t.Logf("%-30s %8d", name, f.Bytes)
		size += f.Bytes
	}
	require.Less(t, size, int64(4<<20))
	require.Equal(t, p.Manifest.Version, loaded.Manifest.Version)
	for model, bySet := range loaded.Manifest.Metrics["2023"] {
		for set, m := range bySet {
			if m.MAE != nil && m.LogLoss != nil {
				t.Logf("%s %s mae %.3f ll %.4f", model, set, *m.MAE, *m.LogLoss)
			}
		}
	}
}
