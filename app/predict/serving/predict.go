package serving

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// workspace is one prediction's memory, reused.
type workspace struct {
	x       [64]float64
	scratch ensemble.Scratch
	matchup ratings.Matchup
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// maxSpread bounds the betting line in points.
const maxSpread = 100

// Predict answers one request. For the current week it costs some
// microseconds and no network hop; another week of the past is replayed once.
func (e *Engine) Predict(ctx context.Context, q Request) (Prediction, error) {
	r := e.resident.Load()
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	return e.predict(ctx, r, w, &q)
}

// PredictBatch answers requests in order; each fails on its own. All see the
// same pack and ratings.
func (e *Engine) PredictBatch(ctx context.Context, requests []Request) []BatchItem {
	r := e.resident.Load()
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	items := make([]BatchItem, len(requests))
	predictions := make([]Prediction, len(requests))
	for i := range requests {
		predictions[i], items[i].Err = e.predict(ctx, r, w, &requests[i])
		if items[i].Err == nil {
			items[i].Prediction = &predictions[i]
		}
	}
	return items
}

func (e *Engine) predict(ctx context.Context, r *resident, w *workspace, q *Request) (Prediction, error) {
	f, m, err := e.fixture(ctx, r, q)
	if err != nil {
		return Prediction{}, err
	}
	return r.answer(m, w, f, q)
}

// fixture turns a request into a fixture and the moment to see it from.
func (e *Engine) fixture(ctx context.Context, r *resident, q *Request) (*football.Fixture, *moment, error) {
	home, err := r.directory.Lookup("body.home_team", q.Home)
	if err != nil {
		return nil, nil, err
	}
	away, err := r.directory.Lookup("body.away_team", q.Away)
	if err != nil {
		return nil, nil, err
	}
	if home == away {
		return nil, nil, invalid("body.away_team", "a team cannot play itself: both names mean "+home, q.Away)
	}
	if q.Spread != nil && !(math.Abs(*q.Spread) <= maxSpread) {
		return nil, nil, invalid("body.spread", "the spread must be a number from -100 to 100", nil)
	}
	if !slices.Contains([]string{"", ModelEnsemble, ModelRidge, ModelGBT, ModelMLP}, q.Model) {
		return nil, nil, invalid("body.model", "the model must be ensemble, ridge, gbt or mlp", q.Model)
	}
	m, err := e.when(ctx, r, q.Season, q.Week, q.SeasonType)
	if err != nil {
		return nil, nil, err
	}
	homeSide, okHome := m.view.Side(home)
	awaySide, okAway := m.view.Side(away)
	if !okHome || !okAway {
		return nil, nil, fault.New(fault.Invalid, "%s or %s had not played yet", home, away)
	}
	f := features.Hypothetical(m.view, homeSide, awaySide, q.Neutral)
	if q.Week > 0 {
		f.Week = q.Week
	}
	if q.SeasonType == football.Postseason {
		f.SeasonType = football.Postseason
	}
	f.Spread = (*football.Spread)(q.Spread)
	return &f, m, nil
}

func invalid(location, message string, value any) error {
	return fault.New(fault.Invalid, "%s", message).With(fault.Detail{Location: location, Message: message, Value: value})
}

// answer asks the models about a fixture.
func (r *resident) answer(m *moment, w *workspace, f *football.Fixture, q *Request) (Prediction, error) {
	set := features.SetFor(f)
	models := r.pack.Models[set]
	x := w.x[:len(models.Ridge.Features)]
	if err := m.build.Build(set, f, &w.matchup, x); err != nil {
		return Prediction{}, err
	}
	all := models.Forecast(x, &w.scratch)
	model := cmp.Or(q.Model, ModelEnsemble)
	chosen := all.Ensemble
	switch model {
	case ModelRidge:
		chosen = all.Ridge
	case ModelGBT:
		chosen = all.GBT
	case ModelMLP:
		chosen = all.MLP
	}
	p := Prediction{
		GameID: f.ID, HomeTeam: f.Home.Team, AwayTeam: f.Away.Team, NeutralSite: f.Neutral,
		Season: f.Season, Week: f.Week, SeasonType: f.SeasonType, Spread: (*float64)(f.Spread),
		Model: model, Winner: f.Away.Team,
		Probabilities: Probabilities{Home: chosen.Probability, Away: 1 - chosen.Probability},
		Margin: Interval{
			Expected: chosen.Margin, Low: chosen.Margin - models.Blend.HalfWidth, High: chosen.Margin + models.Blend.HalfWidth,
			Level: ensemble.IntervalLevel,
		},
		Total: w.matchup.Total,
		Models: map[string]Estimate{
			ModelEnsemble: {all.Ensemble.Probability, all.Ensemble.Margin},
			ModelRidge:    {all.Ridge.Probability, all.Ridge.Margin},
			ModelGBT:      {all.GBT.Probability, all.GBT.Margin},
			ModelMLP:      {all.MLP.Probability, all.MLP.Margin},
		},
		Agreement:  agreement(chosen, all),
		FeatureSet: string(set), PackVersion: r.pack.Manifest.Version, SchemaHash: r.pack.Manifest.Schema[string(set)],
		AsOf: m.view.AsOf(), RatingsHash: m.view.Hash(),
	}
	if chosen.Probability >= 0.5 {
		p.Winner = f.Home.Team
	}
	if q.Explain {
		p.Contributions = explain(models, model, x)
	}
	p.ID = identify(&p, m.view.Block(), f)
	return p, nil
}

func agreement(chosen ensemble.Estimate, all ensemble.Forecast) Agreement {
	members := [...]float64{all.Ridge.Probability, all.GBT.Probability, all.MLP.Probability}
	a := Agreement{Models: len(members), ProbabilityRange: slices.Max(members[:]) - slices.Min(members[:])}
	for _, p := range members {
		if (p >= 0.5) == (chosen.Probability >= 0.5) {
			a.SameWinner++
		}
	}
	return a
}

// topContributions is how many features an explanation names.
const topContributions = 8

func explain(models *ensemble.Models, model string, x []float64) []Contribution {
	treeShare, netShare := models.Blend.GBT, models.Blend.MLP
	switch model {
	case ModelRidge:
		treeShare, netShare = 0, 0
	case ModelGBT:
		treeShare, netShare = 1, 0
	case ModelMLP:
		treeShare, netShare = 0, 1
	}
	points, _ := models.Contributions(x, treeShare, netShare)
	all := make([]Contribution, len(points))
	for i, name := range models.Ridge.Features {
		all[i] = Contribution{Feature: name, Value: x[i], Points: points[i]}
	}
	slices.SortStableFunc(all, func(a, b Contribution) int { return cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)) })
	return all[:min(topContributions, len(all))]
}

// identify names an answer by all it depends on.
func identify(p *Prediction, block football.BlockKey, f *football.Fixture) string {
	b := make([]byte, 0, 256)
	for _, s := range [...]string{p.PackVersion, p.RatingsHash, p.FeatureSet, p.Model, p.HomeTeam, p.AwayTeam, p.SeasonType} {
		b = append(append(b, s...), 0)
	}
	for _, n := range [...]int{p.Season, p.Week, int(block.Day), int(p.GameID), int(football.DayOf(f.Start))} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	if p.NeutralSite {
		b = append(b, 1)
	}
	if p.Spread != nil {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*p.Spread))
	}
	sum := sha256.Sum256(b)
	return "p_" + encoding.EncodeToString(sum[:10])
}

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
