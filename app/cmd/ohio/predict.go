package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/serving"
)

// source is where answers come from: a pack, continued through the games of
// a database if there is one.
type source struct {
	instance
	PackDir string `name:"pack" placeholder:"DIR" help:"Model pack folder instead of the embedded pack."`
}

// when is the moment to answer for; zeros mean now.
type when struct {
	Season int `help:"Season; a past one is replayed from the database."`
	Week   int `help:"Week; only the games before it are used."`
}

// Validate is called by kong. The bounds are those of the API.
func (w when) Validate() error {
	if w.Season != 0 && (w.Season < 1869 || w.Season > 2200) {
		return errors.New("--season must be 1869 to 2200")
	}
	if w.Week < 0 || w.Week > 30 {
		return errors.New("--week must be 1 to 30")
	}
	return nil
}

type predictCmd struct {
	source
	output
	when
	Home       string   `arg:"" help:"Home team."`
	Away       string   `arg:"" help:"Away team."`
	Neutral    bool     `help:"Neutral site."`
	Spread     *float64 `help:"Betting line; negative favours the home team."`
	SeasonType string   `enum:"regular,postseason" default:"regular" help:"One of ${enum}."`
	Model      string   `enum:"ensemble,ridge,gbt,mlp" default:"ensemble" help:"One of ${enum}."`
	Explain    bool     `help:"Show what moved the answer most."`
}

func (c predictCmd) Run(ctx context.Context, out *console) error {
	engine, closeAll, err := c.engine(ctx, c.PackDir)
	if err != nil {
		return err
	}
	defer closeAll()
	p, err := engine.Predict(ctx, serving.Request{
		Home: c.Home, Away: c.Away, Neutral: c.Neutral, Season: c.Season, Week: c.Week,
		SeasonType: c.SeasonType, Spread: c.Spread, Model: c.Model, Explain: c.Explain,
	})
	if err != nil {
		return err
	}
	return c.print(out, p, func(w *tabwriter.Writer) { drawPrediction(w, p) })
}

func drawPrediction(w *tabwriter.Writer, p serving.Prediction) {
	where := "at " + p.HomeTeam
	if p.NeutralSite {
		where = "on a neutral field"
	}
	sentence(w, "%s against %s, %s", p.HomeTeam, p.AwayTeam, where)
	fmt.Fprintln(w)
	row(w, "WINNER", p.Winner)
	row(w, "PROBABILITY", fmt.Sprintf("%s %.1f %%, %s %.1f %%", p.HomeTeam, 100*p.Probabilities.Home, p.AwayTeam, 100*p.Probabilities.Away))
	row(w, "HOME MARGIN", fmt.Sprintf("%+.1f points (%.0f %% between %+.1f and %+.1f)", p.Margin.Expected, 100*p.Margin.Level, p.Margin.Low, p.Margin.High))
	row(w, "TOTAL", fmt.Sprintf("%.1f points", p.Total))
	row(w, "AGREEMENT", fmt.Sprintf("%d of %d models, probabilities within %.1f points", p.Agreement.SameWinner, p.Agreement.Models, 100*p.Agreement.ProbabilityRange))
	fmt.Fprintln(w)
	row(w, "MODEL", "HOME WIN", "MARGIN")
	for _, name := range serving.Models() {
		m := p.Models[name]
		row(w, name, fmt.Sprintf("%.1f %%", 100*m.HomeProbability), fmt.Sprintf("%+.1f", m.Margin))
	}
	if len(p.Contributions) > 0 {
		fmt.Fprintln(w)
		row(w, "FEATURE", "VALUE", "POINTS")
		for _, k := range p.Contributions {
			row(w, k.Feature, fmt.Sprintf("%.2f", k.Value), fmt.Sprintf("%+.2f", k.Points))
		}
	}
	fmt.Fprintln(w)
	sentence(w, "pack %s, %s, games up to %s, id %s", p.PackVersion, p.FeatureSet, p.AsOf.Format("2006-01-02"), p.ID)
}

type rankCmd struct {
	source
	output
	when
	Top int `default:"25" help:"How many teams; 0 for all."`
}

func (c rankCmd) Run(ctx context.Context, out *console) error {
	engine, closeAll, err := c.engine(ctx, c.PackDir)
	if err != nil {
		return err
	}
	defer closeAll()
	ranking, err := engine.Rankings(ctx, c.Season, c.Week)
	if err != nil {
		return err
	}
	if c.Top > 0 {
		ranking.Teams = ranking.Teams[:min(c.Top, len(ranking.Teams))]
	}
	return c.print(out, ranking, func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "Season %d, games up to %s\n\n", ranking.Season, ranking.AsOf.Format("2006-01-02"))
		row(w, "#", "TEAM", "CONFERENCE", "RATING", "±", "OFFENCE", "DEFENCE", "ELO", "WON", "PLAYED")
		for _, t := range ranking.Teams {
			row(w, t.Rank, t.Team, t.Conference, t.Rating, t.SD, t.Offence, t.Defence, fmt.Sprintf("%.0f", t.Elo), fmt.Sprintf("%g", t.Wins), t.Games)
		}
	})
}

type modelsCmd struct {
	source
	output
}

func (c modelsCmd) Run(ctx context.Context, out *console) error {
	engine, closeAll, err := c.engine(ctx, c.PackDir)
	if err != nil {
		return err
	}
	defer closeAll()
	cards := engine.ModelCards()
	return c.print(out, cards, func(w *tabwriter.Writer) {
		sentence(w, "Pack %s, trained on %s; walk-forward scores", cards[0].PackVersion, cards[0].Trained)
		fmt.Fprintln(w)
		row(w, "MODEL", "SEASON", "FEATURES", "GAMES", "ACCURACY", "LOG LOSS", "BRIER", "AUC", "ECE", "MAE", "RMSE")
		for _, card := range cards {
			for _, key := range sortedKeys(card.Metrics) {
				season, set, _ := strings.Cut(key, "/")
				row(w, append([]any{card.Name, season, set}, metricColumns(card.Metrics[key])...)...)
			}
		}
		fmt.Fprintln(w)
		row(w, "MODEL", "KIND", "PURPOSE")
		for _, card := range cards {
			row(w, card.Name, card.Kind, card.Purpose)
		}
		fmt.Fprintf(w, "\nFeatures: %d from results, %d with the spread\n",
			len(features.Names(features.WithoutSpread)), len(features.Names(features.WithSpread)))
	})
}
