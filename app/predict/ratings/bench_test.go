package ratings_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/ratings"
)

func BenchmarkReplayAllSeasons(b *testing.B) {
	blocks := referenceBlocks(b)
	for b.Loop() {
		state := ratings.NewState()
		for _, block := range blocks {
			require.NoError(b, state.Learn(block))
		}
	}
}
