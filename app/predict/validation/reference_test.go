package validation_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/validation"
)

// Real football: a pack of the seasons up to 2021 keeps in 2022 what its card
// promises.
func TestARealSeasonIsAsGoodAsTheCard(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on 19 seasons")
	}
	file, err := os.Open(reference.File(t, "games_2000_2023.csv"))
	require.NoError(t, err)
	defer file.Close()
	all, bad, err := football.ReadCSV(file)
	require.NoError(t, err)
	require.Empty(t, bad)
	var before, until []football.Game
	for _, g := range all {
		if g.Season <= 2021 {
			before = append(before, g)
		}
		if g.Season <= 2022 {
			until = append(until, g)
		}
	}
	p, err := build(football.Results(before), 2)
	require.NoError(t, err)
	source := &games{all: until}
	v := validation.New(engine(t, p, source), source, validation.Options{
		Weeks: 30, Now: func() time.Time { return time.Date(2023, 2, 1, 0, 0, 0, 0, time.UTC) },
	})
	report, err := v.Run(t.Context(), still)
	require.NoError(t, err)
	require.Equal(t, 16, report.Weeks, "15 weeks and the bowls")
	require.Greater(t, report.Games, 750)
	require.Empty(t, report.Issues)
	for _, m := range report.Models {
		if m.FeatureSet == "with_spread" {
			require.InDelta(t, 0.55, *m.Recent.LogLoss, 0.01, "%s: as the card of 2022 had it", m.Name)
			t.Logf("%s: %.4f, card %.4f", m.Name, *m.Recent.LogLoss, *m.Card.LogLoss)
		}
	}
}
