package smoke

import (
	"errors"
	"math"

	"github.com/script-ohio/platform/app/fault"
)

type prediction struct {
	ID            string   `json:"id"`
	Home          string   `json:"home_team"`
	Away          string   `json:"away_team"`
	Season        int      `json:"season"`
	Week          int      `json:"week"`
	Winner        string   `json:"winner"`
	Probabilities chances  `json:"probabilities"`
	Margin        interval `json:"margin"`
	Total         float64  `json:"total"`
	Models        map[string]struct {
		Home *float64 `json:"home_probability"`
	} `json:"models"`
	Contributions []struct {
		Feature string `json:"feature"`
	} `json:"contributions"`
	Pack string `json:"pack_version"`
}

type chances struct {
	Home float64 `json:"home"`
	Away float64 `json:"away"`
}

type interval struct {
	Low      float64 `json:"low"`
	Expected float64 `json:"expected"`
	High     float64 `json:"high"`
}

func probability(p float64) bool { return p >= 0 && p <= 1 }

func (p prediction) sane() error {
	for name, m := range p.Models {
		if m.Home == nil || !probability(*m.Home) {
			return must(false, "model %s gives no probability", name)
		}
	}
	c, i := p.Probabilities, p.Margin
	return all(
		must(p.ID != "" && p.Pack != "", "the prediction has no id or no model pack"),
		must(p.Home != "" && p.Away != "" && p.Home != p.Away, "the prediction is of %q against %q", p.Home, p.Away),
		must(probability(c.Home) && probability(c.Away) && math.Abs(c.Home+c.Away-1) < 1e-6, "the probabilities are %g and %g", c.Home, c.Away),
		must(p.Winner == p.Home || p.Winner == p.Away, "the winner is %q of %q against %q", p.Winner, p.Home, p.Away),
		must(i.Low < i.Expected && i.Expected < i.High, "the margin %g is not between %g and %g", i.Expected, i.Low, i.High),
		must(p.Total > 0 && p.Total < 200, "the total is %g points", p.Total),
		must(len(p.Models) > 0, "it does not tell its models"),
	)
}

func sanePredicted(f *found, p prediction) error {
	return all(
		p.sane(),
		must(p.Home == f.teams[0] && p.Away == f.teams[1], "the prediction is of %s against %s instead of %s against %s", p.Home, p.Away, f.teams[0], f.teams[1]),
		must(len(p.Contributions) > 0 && p.Contributions[0].Feature != "", "it does not explain itself"),
	)
}

type batch struct {
	Failed      int `json:"failed"`
	Predictions []struct {
		Index      int         `json:"index"`
		Prediction *prediction `json:"prediction"`
		Error      *problem    `json:"error"`
	} `json:"predictions"`
}

func saneBatch(f *found, b batch) error {
	if len(b.Predictions) != 2 || b.Predictions[0].Prediction == nil || b.Predictions[1].Error == nil {
		return errors.New("a good and a bad game do not give a prediction and an error")
	}
	bad := b.Predictions[1]
	return all(
		sanePredicted(f, *b.Predictions[0].Prediction),
		must(b.Failed == 1 && bad.Index == 1 && bad.Error.Code == string(fault.Invalid), "the bad game is not told as the one that is %s", fault.Invalid),
	)
}

type slate struct {
	Season      int          `json:"season"`
	Week        int          `json:"week"`
	Predictions []prediction `json:"predictions"`
}

func saneSlate(f *found, s slate) error {
	for _, p := range s.Predictions {
		if err := p.sane(); err != nil {
			return err
		}
	}
	asked := f.weekGame
	return all(
		must(s.Season == asked.Season && s.Week == asked.Week, "it is of week %d of %d instead of week %d of %d", s.Week, s.Season, asked.Week, asked.Season),
		must(len(s.Predictions) > 0, "it predicts no game"),
	)
}
