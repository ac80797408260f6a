package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/predict/activation"
	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/release"
	"github.com/script-ohio/platform/app/predict/training"
)

type trainCmd struct {
	output
	Games  []string `required:"" placeholder:"FILE" help:"CSV file of games; may be given more than once."`
	Out    string   `required:"" placeholder:"DIR" help:"Folder of the pack; it appears when it is complete."`
	Judged int      `default:"3" help:"Last seasons to score walk-forward for the model cards."`
}

// Validate is called by kong.
func (c trainCmd) Validate() error {
	if c.Judged < 1 {
		return errors.New("--judged must be at least 1")
	}
	return nil
}

func (c trainCmd) Run(ctx context.Context, out *console) error {
	results, err := out.goodResults(c.Games...)
	if err != nil {
		return err
	}
	progress := out.newProgress("training", release.Steps(c.Judged))
	p, err := release.Build(ctx, results, release.Options{
		ToolVersion: build().Version, Now: time.Now, JudgedSeasons: c.Judged, Progress: func(string) { progress.step() },
	})
	progress.close()
	if err != nil {
		return err
	}
	if err := p.Write(c.Out); err != nil {
		return err
	}
	return c.print(out, p.Manifest, func(w *tabwriter.Writer) { drawManifest(w, p.Manifest) })
}

func drawManifest(w *tabwriter.Writer, m pack.Manifest) {
	row(w, "VERSION", m.Version)
	row(w, "SEASONS", fmt.Sprintf("%d-%d", m.FirstSeason, m.LastSeason))
	row(w, "GAMES", m.Games)
	row(w, "LAST BLOCK", m.LastBlock.Day.Time().Format(time.DateOnly))
	size := int64(0)
	for _, f := range m.Files {
		size += f.Bytes
	}
	row(w, "SIZE", fmt.Sprintf("%.1f MB in %s", float64(size)/1e6, count(len(m.Files), "file")))
	for _, set := range features.Sets() {
		row(w, "SCHEMA "+string(set), m.Schema[string(set)])
	}
}

type packCmd struct {
	Verify packVerifyCmd `cmd:"" help:"Check a pack's checksums, schema, weights and self-test."`
	Upload packUploadCmd `cmd:"" help:"Copy a pack to the models bucket, from where the API can activate it."`
}

type packVerifyCmd struct {
	output
	Dir string `arg:"" optional:"" help:"Folder of the pack; the embedded pack if left out."`
}

func (c packVerifyCmd) Run(_ context.Context, out *console) error {
	p, err := loadPack(c.Dir)
	if err != nil {
		return err
	}
	return c.print(out, p.Manifest, func(w *tabwriter.Writer) { drawManifest(w, p.Manifest) })
}

type packUploadCmd struct {
	Dir    string `arg:"" help:"Folder of the pack."`
	Bucket string `required:"" env:"MODELS_BUCKET" help:"Bucket URL, such as s3://name or file:///path."`
}

func (c packUploadCmd) Run(ctx context.Context, out *console) error {
	if err := lasting(c.Bucket); err != nil {
		return err
	}
	p, err := pack.Load(os.DirFS(c.Dir))
	if err != nil {
		return err
	}
	bucket, err := blob.Open(ctx, c.Bucket)
	if err != nil {
		return err
	}
	defer bucket.Close()
	if _, err := activation.Upload(ctx, bucket, p); err != nil {
		return err
	}
	sentence(out.out, "uploaded %s", p.Manifest.Version)
	return nil
}

type backtestCmd struct {
	output
	Games   string   `required:"" placeholder:"FILE" help:"CSV file with the seasons to judge."`
	Seasons []int    `required:"" placeholder:"A,B" help:"Seasons to judge."`
	History []string `placeholder:"FILE" help:"CSV files with earlier seasons to learn from."`
	Plot    string   `placeholder:"FILE.svg" help:"Draw the ensemble's calibration curve."`
}

// Validate is called by kong.
func (c backtestCmd) Validate() error {
	if len(c.Seasons) == 0 {
		return errors.New("--seasons must name at least one season")
	}
	return nil
}

func (c backtestCmd) Run(ctx context.Context, out *console) error {
	results, err := out.goodResults(append(slices.Clone(c.History), c.Games)...)
	if err != nil {
		return err
	}
	// Nothing after the last judged season is looked at.
	last := slices.Max(c.Seasons)
	kept := results[:0]
	for _, r := range results {
		if r.Season <= last {
			kept = append(kept, r)
		}
	}
	data, err := training.Collect(kept)
	if err != nil {
		return err
	}
	progress := out.newProgress("judging", len(c.Seasons)*len(features.Sets()))
	report, err := backtest.Run(ctx, data, c.Seasons, func(int, features.Set) { progress.step() })
	progress.close()
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := os.WriteFile(c.Plot, backtest.PlotCalibration(report), 0o644); err != nil {
			return fault.Wrap(fault.Invalid, err, "the plot cannot be written")
		}
	}
	return c.print(out, report, func(w *tabwriter.Writer) { drawReport(w, report) })
}

func drawReport(w *tabwriter.Writer, r *backtest.Report) {
	row(w, "SEASON", "MODEL", "FEATURES", "GAMES", "ACCURACY", "LOG LOSS", "BRIER", "AUC", "ECE", "MAE", "RMSE")
	draw := func(name string, byModel backtest.ByModel) {
		for _, model := range backtest.Models() {
			for _, set := range sortedKeys(byModel[model]) {
				row(w, append([]any{name, model, set}, metricColumns(byModel[model][set])...)...)
			}
		}
	}
	for _, season := range sortedKeys(r.Seasons) {
		draw(season, r.Seasons[season])
	}
	draw("total", r.Total)
	fmt.Fprintln(w, "\nPaired difference of log loss, ensemble minus model (negative: the ensemble is better), 95 % interval")
	for _, set := range features.Sets() {
		for _, model := range []string{"ridge", "gbt", "mlp"} {
			d := r.Compare("ensemble", model, string(set))
			row(w, "", model, set, fmt.Sprintf("%+.4f [%+.4f, %+.4f]", d.Mean, d.Low, d.High))
		}
	}
}

func metricColumns(m pack.Metrics) []any {
	return []any{m.Games, m.Accuracy, m.LogLoss, m.Brier, m.AUC, m.ECE, m.MAE, m.RMSE}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
