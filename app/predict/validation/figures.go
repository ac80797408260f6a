package validation

import (
	"context"
	"encoding/json"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

// The bases of a figure, labels of contract.ModelAccuracy and ModelLogLoss.
const (
	Recent = "recent"
	Card   = "card"
)

// Figure is how good a model is by one basis.
type Figure struct {
	Model, Basis      string
	Accuracy, LogLoss float64
}

// Figures are those of the active pack: the cards always, recent games once
// they have been judged. Both are of one feature set.
func (v *Validator) Figures() []Figure {
	manifest := v.predictor.Manifest()
	set := headline(manifest)
	var figures []Figure
	add := func(model, basis string, m pack.Metrics) {
		if m.Accuracy != nil && m.LogLoss != nil {
			figures = append(figures, Figure{model, basis, *m.Accuracy, *m.LogLoss})
		}
	}
	for _, model := range serving.Models() {
		add(model, Card, cardOf(manifest, key{model, set}))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.newest.PackVersion != manifest.Version {
		return figures // nothing, or of another pack
	}
	for _, m := range v.newest.Models {
		if m.FeatureSet == set {
			add(m.Name, Recent, m.Recent)
		}
	}
	return figures
}

func (v *Validator) keep(r Report) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.newest = r
}

// Restore takes the report of the newest run, as it was stored, so that a new
// process, and one whose neighbour ran the job, has its figures. load gives nil
// when there is none.
func (v *Validator) Restore(ctx context.Context, load func(context.Context) (json.RawMessage, error)) error {
	stored, err := load(ctx)
	if err != nil || len(stored) == 0 {
		return err
	}
	var report Report
	if err := json.Unmarshal(stored, &report); err != nil {
		return fault.Wrap(fault.Internal, err, "the stored report of the last validation cannot be read")
	}
	v.keep(report)
	return nil
}
