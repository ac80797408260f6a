package backtest

import (
	"bytes"
	"fmt"
	"math"

	"github.com/script-ohio/platform/app/predict/features"
)

// PlotCalibration draws the ensemble's calibration curves as SVG: the share
// of home wins against the probability that was given, a circle's area by its
// number of games.
func PlotCalibration(r *Report) []byte {
	const size, margin = 480.0, 56.0
	const span = size - 2*margin
	x := func(p float64) float64 { return margin + p*span }
	y := func(p float64) float64 { return size - margin - p*span }
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+"\n", size, size)
	fmt.Fprintf(&b, `<title>Calibration of the ensemble</title><rect width="%g" height="%g" fill="white"/>`+"\n", size, size)
	for i := 0; i <= 10; i += 2 {
		p := float64(i) / 10
		fmt.Fprintf(&b, `<path d="M%g %gH%gM%g %gV%g" stroke="#ddd"/>`, x(0), y(p), x(1), x(p), y(0), y(1))
		fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="end">%.1f</text><text x="%g" y="%g" text-anchor="middle">%.1f</text>`+"\n", x(0)-8, y(p)+4, p, x(p), y(0)+18, p)
	}
	fmt.Fprintf(&b, `<path d="M%g %gL%g %g" stroke="#888" stroke-dasharray="4"/>`+"\n", x(0), y(0), x(1), y(1))
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">predicted probability of a home win</text>`+"\n", size/2, size-14)
	fmt.Fprintf(&b, `<text transform="translate(16 %g) rotate(-90)" text-anchor="middle">share of home wins</text>`+"\n", size/2)
	colours := []string{"#1f5fa8", "#c0392b"}
	for i, set := range features.Sets() {
		outcomes := r.Outcomes["ensemble"][string(set)]
		if len(outcomes) == 0 {
			continue
		}
		path := ""
		for _, bin := range Calibration(outcomes, eceBins) {
			command := "L"
			if path == "" {
				command = "M"
			}
			path += fmt.Sprintf("%s%.1f %.1f", command, x(bin.Expected), y(bin.Observed))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" fill-opacity="0.5"><title>%d games, %.3f predicted, %.3f won</title></circle>`+"\n",
				x(bin.Expected), y(bin.Observed), 2+0.4*math.Sqrt(float64(bin.Games)), colours[i], bin.Games, bin.Expected, bin.Observed)
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path, colours[i])
		m := Score(outcomes)
		fmt.Fprintf(&b, `<text x="%g" y="%g" fill="%s">%s: %d games, ECE %.3f, log loss %.4f</text>`+"\n", x(0), 24+16*float64(i), colours[i], set, m.Games, *m.ECE, *m.LogLoss)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
