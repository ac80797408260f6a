package pack

import (
	"math"

	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// golden is one row of the self-test: a made-up fixture and what the pack
// said about it when it was trained.
type golden struct {
	Home    string           `json:"home"`
	Away    string           `json:"away"`
	Neutral bool             `json:"neutral,omitempty"`
	Spread  *football.Spread `json:"spread,omitempty"`
	Margin  float64          `json:"margin"`
	Homes   []float64        `json:"home_probabilities"` // ridge, gbt, mlp, ensemble
}

// tolerance of the self-test in points and probability: another processor may
// fuse multiplications (IEEE 754-2019 5.4.1).
const tolerance = 1e-6

// goldenRows is how many rows a self-test has for each feature set.
const goldenRows = 32

// NextSlate is the week after the last block that a state has learned.
func NextSlate(s *ratings.State) football.Slate {
	last, _ := s.LastBlock()
	return football.Slate{BlockKey: football.BlockKey{Season: last.Season, Day: (last.Day + 7).Week()}}
}

// predictGolden fills a row's answers from the models.
func (p *Pack) predictGolden(view ratings.View, g golden) (golden, error) {
	home, _ := view.Side(g.Home)
	away, _ := view.Side(g.Away)
	f := features.Hypothetical(view, home, away, g.Neutral)
	f.Spread = g.Spread
	set := features.SetFor(&f)
	var matchup ratings.Matchup
	x := make([]float64, len(features.Names(set)))
	if err := features.NewBuilder(view).Build(set, &f, &matchup, x); err != nil {
		return g, err
	}
	var scratch ensemble.Scratch
	a := p.Models[set].Forecast(x, &scratch)
	g.Margin = a.Ensemble.Margin
	g.Homes = []float64{a.Ridge.Probability, a.GBT.Probability, a.MLP.Probability, a.Ensemble.Probability}
	return g, nil
}

// makeGolden picks fixtures among the ranked teams and records the answers.
func (p *Pack) makeGolden() ([]golden, error) {
	next := NextSlate(p.State)
	view, err := p.State.Clone().Open(next)
	if err != nil {
		return nil, err
	}
	ranking := view.Ranking()
	var rows []golden
	for i := range goldenRows {
		if len(ranking) < 2 {
			break
		}
		home, away := ranking[(i*7)%len(ranking)], ranking[(i*11+1)%len(ranking)]
		if home.Name == away.Name {
			continue
		}
		g := golden{Home: home.Name, Away: away.Name, Neutral: i%3 == 0}
		spread := football.Spread(math.Round(away.Rating - home.Rating))
		for _, line := range []*football.Spread{nil, &spread} {
			g.Spread = line
			row, err := p.predictGolden(view, g)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// selfTest repeats the golden rows.
func (p *Pack) selfTest() error {
	var rows []golden
	if err := p.decode(goldenFile, &rows); err != nil {
		return err
	}
	if len(rows) == 0 {
		return refuse(nil, "the self-test has no rows")
	}
	view, err := p.State.Clone().Open(NextSlate(p.State))
	if err != nil {
		return refuse(err, "the ratings cannot be continued")
	}
	for i, want := range rows {
		got, err := p.predictGolden(view, want)
		if err != nil {
			return refuse(err, "row %d of the self-test cannot be predicted", i)
		}
		same := len(want.Homes) == len(got.Homes) && math.Abs(got.Margin-want.Margin) <= tolerance
		for k := range got.Homes {
			same = same && math.Abs(got.Homes[k]-want.Homes[k]) <= tolerance
		}
		if !same {
			return refuse(nil, "row %d of the self-test (%s against %s) gives margin %.6f and %.6v, recorded were %.6f and %.6v",
				i, want.Away, want.Home, got.Margin, got.Homes, want.Margin, want.Homes)
		}
	}
	return nil
}
