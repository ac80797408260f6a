package run

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/serving"
	"github.com/script-ohio/platform/app/predict/validation"
)

// newValidator makes the judge of the active pack and exports its figures.
// follow makes sure that the engine serves the active pack. Its Work is
// contract.JobModelValidation.
func newValidator(engine *serving.Engine, pool *pgxpool.Pool, follow func(context.Context) error, reg prometheus.Registerer) (*validation.Validator, error) {
	v := validation.New(engine, football.NewStore(pool), validation.Options{Prepare: follow})
	return v, reg.Register(modelFigures{v})
}

// runLister knows what became of jobs; jobs.Client is one.
type runLister interface {
	Runs(ctx context.Context, f jobs.Filter) ([]jobs.Record, error)
}

// lastReport loads the report of a job's newest success, nil when there is
// none.
func lastReport(runs runLister, job contract.Job) func(context.Context) (json.RawMessage, error) {
	return func(ctx context.Context) (json.RawMessage, error) {
		records, err := runs.Runs(ctx, jobs.Filter{Job: job.Name, Status: jobs.Succeeded, Limit: 1})
		if err != nil || len(records) == 0 {
			return nil, err
		}
		return records[0].Report, nil
	}
}

// modelFigures exports contract.ModelAccuracy and contract.ModelLogLoss; the
// pack may change at run time.
type modelFigures struct{ of *validation.Validator }

func (modelFigures) descs() (accuracy, logLoss *prometheus.Desc) {
	return prometheus.NewDesc(contract.ModelAccuracy.Name, contract.ModelAccuracy.Help, contract.ModelAccuracy.Labels, nil),
		prometheus.NewDesc(contract.ModelLogLoss.Name, contract.ModelLogLoss.Help, contract.ModelLogLoss.Labels, nil)
}

// Describe implements prometheus.Collector.
func (m modelFigures) Describe(ch chan<- *prometheus.Desc) {
	accuracy, logLoss := m.descs()
	ch <- accuracy
	ch <- logLoss
}

// Collect implements prometheus.Collector.
func (m modelFigures) Collect(ch chan<- prometheus.Metric) {
	accuracy, logLoss := m.descs()
	for _, f := range m.of.Figures() {
		ch <- prometheus.MustNewConstMetric(accuracy, prometheus.GaugeValue, f.Accuracy, f.Model, f.Basis)
		ch <- prometheus.MustNewConstMetric(logLoss, prometheus.GaugeValue, f.LogLoss, f.Model, f.Basis)
	}
}
