package ratings

import "math"

// Elo rating with margin of victory (Elo 1978; the damping of blow-outs by
// favourites follows FiveThirtyEight's NFL ratings).
const (
	eloK         = 35.0
	eloHome      = 55.0
	eloKeep      = 0.7 // share kept between seasons; the rest is the conference's mean
	eloStart     = 1500.0
	eloPool      = 1200.0 // every team below the FBS
	eloNewcomer  = 1300.0 // an FBS team that first appears
	eloPerPoint  = 25.0   // rating points per point of margin
	eloLogistic  = 400.0
	eloWinnerCap = 2.2
)

func eloProbability(diff float64) float64 { return 1 / (1 + math.Pow(10, -diff/eloLogistic)) }

// eloShift is what the home side gains, given its advantage diff before the
// game (home field included) and the margin.
func eloShift(diff, margin float64) float64 {
	outcome, winnerDiff := 0.5, 0.0
	switch {
	case margin > 0:
		outcome, winnerDiff = 1, diff
	case margin < 0:
		outcome, winnerDiff = 0, -diff
	}
	damping := eloWinnerCap / max(0.001*winnerDiff+eloWinnerCap, 0.5)
	return eloK * math.Log(math.Abs(margin)+1) * damping * (outcome - eloProbability(diff))
}

// eloAdvantage is the home side's lead in rating points, field included.
func eloAdvantage(home, away *team, neutral bool) float64 {
	diff := home.elo - away.elo
	if !neutral {
		diff += eloHome
	}
	return diff
}

// eloNewSeason pulls every team towards the mean of its conference. O(teams).
func eloNewSeason(teams []team) {
	type mean struct {
		sum float64
		n   int
	}
	byConference := map[int]mean{}
	for _, t := range teams {
		if !t.pooled {
			m := byConference[t.conf]
			byConference[t.conf] = mean{m.sum + t.elo, m.n + 1}
		}
	}
	for i := range teams {
		if t := &teams[i]; !t.pooled {
			m := byConference[t.conf]
			t.elo = eloKeep*t.elo + (1-eloKeep)*m.sum/float64(m.n)
		}
	}
}
