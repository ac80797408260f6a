// Package validation compares what the active models said of games that have
// been played since with what their cards promise.
package validation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

// Predictor is what is judged, as it is served: the games of a week are
// predicted from the ratings before them. serving.Engine is one.
type Predictor interface {
	Manifest() pack.Manifest
	Refresh(ctx context.Context) (changed bool, err error)
	Week(ctx context.Context, season, week int, seasonType string) (serving.Slate, error)
}

// Games is where results come from; football.Store is one.
type Games interface {
	Games(ctx context.Context, filter football.GameFilter) ([]football.Game, error)
}

// Options of a Validator; zero values serve.
type Options struct {
	Weeks   int                             // most weeks looked at, default 8
	Now     func() time.Time                // default time.Now
	Prepare func(ctx context.Context) error // before each run, such as following the active pack; may be nil
}

// Validator judges the active pack. It is safe for concurrent use.
type Validator struct {
	predictor Predictor
	games     Games
	options   Options

	mu     sync.Mutex
	newest Report // of the last run that judged anything
}

// New makes a Validator.
func New(p Predictor, g Games, o Options) *Validator {
	if o.Weeks == 0 {
		o.Weeks = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Prepare == nil {
		o.Prepare = func(context.Context) error { return nil }
	}
	return &Validator{predictor: p, games: g, options: o}
}

// Report is what a run found. Games are of two teams of the FBS, as those of
// the cards are.
type Report struct {
	PackVersion string    `json:"pack_version"`
	From        time.Time `json:"from"` // first kick-off
	To          time.Time `json:"to"`   // last
	Weeks       int       `json:"weeks"`
	Games       int       `json:"games"`
	FeatureSet  string    `json:"feature_set"` // the one that the metrics tell of
	Models      []Model   `json:"models"`
	Worse       []Worse   `json:"worse"`  // none: as good as the cards, as far as chance lets one tell
	Issues      []Issue   `json:"issues"` // the same in words, for the report of the run
}

// Issue is something that a person should know.
type Issue struct {
	Severity contract.Severity `json:"severity"`
	Text     string            `json:"text"`
}

// Model is how one model did on the games of one feature set.
type Model struct {
	Name       string       `json:"name"`
	FeatureSet string       `json:"feature_set"`
	Recent     pack.Metrics `json:"recent"`
	Card       pack.Metrics `json:"card"` // all seasons of the card together
}

// Worse is a score that is worse than the card by more than chance explains.
type Worse struct {
	Model      string  `json:"model"`
	FeatureSet string  `json:"feature_set"`
	Metric     string  `json:"metric"` // accuracy, log_loss or mae
	Recent     float64 `json:"recent"`
	Card       float64 `json:"card"`
	Bound      float64 `json:"bound"` // that chance seldom passes
	Games      int     `json:"games"`
	CardGames  int     `json:"card_games"`
}

// String words it for a person.
func (w Worse) String() string {
	words := map[string]string{"accuracy": "share of winners called right", "log_loss": "log loss", "mae": "mean miss of the margin in points"}[w.Metric]
	return fmt.Sprintf("%s (%s): %s %.3f on the last %d games, %.3f on its card of %d; chance seldom passes %.3f",
		w.Model, w.FeatureSet, words, w.Recent, w.Games, w.Card, w.CardGames, w.Bound)
}

// Work is contract.JobModelValidation. Models that got worse are issues of the
// report, not an error of the run.
func (v *Validator) Work(ctx context.Context, run *jobs.Run) (any, error) {
	report, err := v.Run(ctx, func(done, total int, what string) { run.Progress(int64(done), int64(total), what) })
	if err != nil {
		return nil, err
	}
	if report.Games == 0 {
		return report, jobs.Skip("no finished games that the pack %s has not learned from", report.PackVersion)
	}
	return report, nil
}

// Run judges the newest finished weeks that are later than the pack. A week
// costs some tenths of a second.
func (v *Validator) Run(ctx context.Context, progress func(done, total int, what string)) (Report, error) {
	if err := v.options.Prepare(ctx); err != nil {
		return Report{}, err
	}
	if _, err := v.predictor.Refresh(ctx); err != nil {
		return Report{}, err
	}
	manifest := v.predictor.Manifest()
	weeks, err := v.finished(ctx, manifest)
	if err != nil {
		return Report{}, err
	}
	outcomes := outcomes{}
	report := Report{PackVersion: manifest.Version, Weeks: len(weeks), FeatureSet: headline(manifest), Models: []Model{}, Worse: []Worse{}, Issues: []Issue{}}
	for i, w := range weeks {
		progress(i, len(weeks), fmt.Sprintf("season %d, week %d, %s", w.season, w.number, w.seasonType))
		judged, err := v.judge(ctx, manifest, w, outcomes)
		if err != nil {
			return Report{}, err
		}
		for _, g := range judged {
			report.Games++
			if report.From.IsZero() || g.Start.Before(report.From) {
				report.From = g.Start
			}
			if g.Start.After(report.To) {
				report.To = g.Start
			}
		}
	}
	report.Models, report.Worse = compare(manifest, outcomes)
	for _, w := range report.Worse {
		report.Issues = append(report.Issues, Issue{contract.Warning, w.String()})
	}
	if report.Games > 0 {
		v.keep(report)
	}
	progress(len(weeks), len(weeks), "done")
	return report, nil
}

// key names a model and the features that it had.
type key struct{ model, set string }

type outcomes map[key][]backtest.Outcome

// judge adds what was said of a week's games and what became of them, and
// gives the games that count.
func (v *Validator) judge(ctx context.Context, manifest pack.Manifest, w week, all outcomes) ([]football.Game, error) {
	slate, err := v.predictor.Week(ctx, w.season, w.number, w.seasonType)
	if err != nil {
		return nil, err
	}
	if slate.PackVersion != manifest.Version {
		return nil, fault.New(fault.Conflict, "the active pack changed from %s to %s meanwhile; validate again", manifest.Version, slate.PackVersion)
	}
	said := map[int64]serving.Prediction{}
	for _, p := range slate.Predictions {
		said[p.GameID] = p
	}
	var judged []football.Game
	for _, g := range w.games {
		p, ok := said[g.ID]
		if !ok || g.Score == nil || !g.BothFBS() {
			continue
		}
		if !p.AsOf.Before(football.DayOf(g.Start).Time()) {
			return nil, fault.New(fault.Internal, "the prediction of game %d knows games up to %s, but it was played on %s: that is no prediction",
				g.ID, p.AsOf.Format(time.DateOnly), football.DayOf(g.Start).Time().Format(time.DateOnly))
		}
		judged = append(judged, g)
		for model, estimate := range p.Models {
			k := key{model, p.FeatureSet}
			all[k] = append(all[k], backtest.Outcome{
				Season: g.Season, Probability: estimate.HomeProbability, Expected: estimate.Margin, Margin: float64(g.Score.Margin()),
			})
		}
	}
	return judged, nil
}

// compare scores the models against their cards, in the order of
// serving.Models.
func compare(manifest pack.Manifest, all outcomes) ([]Model, []Worse) {
	models, found := []Model{}, []Worse{}
	for k, outcomes := range all {
		card := cardOf(manifest, k)
		m := Model{Name: k.model, FeatureSet: k.set, Recent: backtest.Score(outcomes), Card: card}
		if card.MAE == nil {
			// The trees' margin follows from their probability; no card has it.
			m.Recent.MAE, m.Recent.RMSE = nil, nil
		}
		models = append(models, m)
		found = append(found, worse(k, outcomes, card)...)
	}
	order := func(name string) int { return slices.Index(serving.Models(), name) }
	slices.SortFunc(models, func(a, b Model) int {
		return cmp.Or(cmp.Compare(a.FeatureSet, b.FeatureSet), cmp.Compare(order(a.Name), order(b.Name)))
	})
	slices.SortFunc(found, func(a, b Worse) int {
		return cmp.Or(cmp.Compare(a.FeatureSet, b.FeatureSet), cmp.Compare(order(a.Model), order(b.Model)), cmp.Compare(a.Metric, b.Metric))
	})
	return models, found
}
