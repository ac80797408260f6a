package mlp_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/mlp"
)

// noisy gives n rows of p >= 3 normal columns and a label that depends on three.
func noisy(n, p int, seed uint64) mlp.Samples {
	random := rand.New(rand.NewPCG(seed, 1))
	s := mlp.Samples{X: make([]float64, n*p), Y: make([]float64, n)}
	for i := range s.X {
		s.X[i] = random.NormFloat64()
	}
	for i := range s.Y {
		x := s.X[i*p:]
		if x[0]*x[1]+x[2]+0.5*random.NormFloat64() > 0 {
			s.Y[i] = 1
		}
	}
	return s
}

func names(p int) []string {
	out := make([]string, p)
	for i := range out {
		out[i] = fmt.Sprintf("x%d", i)
	}
	return out
}

// The size of a real run: 15,000 rows, 30 inputs, (32, 16), 30 epochs.
func BenchmarkTrain(b *testing.B) {
	data := mlp.Dataset{Features: names(30), Train: noisy(15000, 30, 1), Validation: noisy(2000, 30, 2)}
	params := mlp.DefaultParams(mlp.LogLoss)
	params.Patience = 0
	for b.Loop() {
		_, _, err := mlp.Train(b.Context(), data, params)
		require.NoError(b, err)
	}
}
