package ensemble

import "math"

// Contributions splits a model's margin into what each feature adds to the
// answer for an average game, in points. They add up to the margin minus the
// returned baseline. Every model is the ridge plus shares of the trees' and
// the net's corrections: 0, 0 explains the ridge, 1, 0 the trees, 0, 1 the net
// and Blend.GBT, Blend.MLP the ensemble. The ridge's part is exact, the trees'
// is TreeSHAP in log odds brought to points, the net's is a two-permutation
// Shapley estimate (Castro et al. 2009): exact in sum, approximate in split.
// It costs two net evaluations a feature and allocates.
func (m *Models) Contributions(x []float64, treeShare, netShare float64) (contributions []float64, baseline float64) {
	n := len(x)
	linear := m.Ridge.Contributions(x, nil)
	contributions = make([]float64, n)

	var scratch Scratch
	f := m.Forecast(x, &scratch)
	treeParts := make([]float64, n+1)
	m.Trees.Contributions(scratch.x32, treeParts)
	perLogit := 0.0
	sum := 0.0
	for _, v := range treeParts {
		sum += v
	}
	if sum != 0 {
		perLogit = (f.GBT.Margin - f.Ridge.Margin) / sum
	}
	netParts, netBase := m.netContributions(x)
	for i := range n {
		contributions[i] = linear[i] + treeShare*perLogit*treeParts[i] + netShare*netParts[i]
	}
	return contributions, m.Ridge.Intercept + treeShare*perLogit*treeParts[n] + netShare*netBase
}

// netContributions replaces the average by the game's values, first to last
// and last to first, and credits every step with half of the change.
func (m *Models) netContributions(x []float64) (parts []float64, base float64) {
	n := len(x)
	parts = make([]float64, n)
	average := make([]float64, n)
	for i := range average {
		average[i] = math.NaN() // missing counts as the training mean
	}
	walk := func(order func(int) int) {
		at := append([]float64(nil), average...)
		before := m.net(at)
		base = before
		for k := range n {
			i := order(k)
			at[i] = x[i]
			after := m.net(at)
			parts[i] += (after - before) / 2
			before = after
		}
	}
	walk(func(k int) int { return k })
	walk(func(k int) int { return n - 1 - k })
	return parts, base
}

// net is the nets' mean correction in points.
func (m *Models) net(x []float64) float64 {
	sum := 0.0
	for _, net := range m.nets {
		sum += net.Predict(x)
	}
	return sum / float64(len(m.nets))
}
