package ratings

import (
	"math"

	"github.com/script-ohio/platform/app/predict/football"
)

// Points ratings: every team's offence and defence in points a game against
// an average FBS opponent, by ridge regression of both sides' points with
// weights that fade with age. Teams below the FBS are one.
const (
	pointsHalfLife = 140.0 // days
	pointsWindow   = 800   // days kept
	pointsPenalty  = 3.0   // pull to the average, in games
	pointsSweeps   = 12    // alternating least squares, warm-started
)

// pointsGame is one played game; teams are indexes into State.teams, -1 for
// the pool.
type pointsGame struct {
	Home, Away         int
	HomePoints, Points int // home's and away's
	Day                football.Day
	Neutral            bool
}

type strength struct{ Offence, Defence float64 }

type pointsModel struct {
	games    []pointsGame // by time
	mean     float64      // points a side
	home     float64      // half of the home field
	pool     strength
	strength []strength // by team
}

func newPointsModel() pointsModel { return pointsModel{mean: 27, home: 1.5} }

func (m *pointsModel) of(team int) *strength {
	if team < 0 {
		return &m.pool
	}
	return &m.strength[team]
}

// expect gives the points that home and away should score.
func (m *pointsModel) expect(home, away int, neutral bool) (float64, float64) {
	field := m.home
	if neutral {
		field = 0
	}
	h, a := m.of(home), m.of(away)
	return m.mean + field + h.Offence - a.Defence, m.mean - field + a.Offence - h.Defence
}

// fit updates all strengths as of a day. O(sweeps * games in the window).
func (m *pointsModel) fit(today football.Day, teams int) {
	for len(m.strength) < teams {
		m.strength = append(m.strength, strength{})
	}
	old := 0
	for old < len(m.games) && today-m.games[old].Day > pointsWindow {
		old++
	}
	m.games = m.games[old:]

	weights := make([]float64, len(m.games))
	for i, g := range m.games {
		weights[i] = math.Exp2(-float64(today-g.Day) / pointsHalfLife)
	}
	// One slot more than teams: the pool is the last.
	slot := func(team int) int {
		if team < 0 {
			return teams
		}
		return team
	}
	sum, weight := make([]float64, teams+1), make([]float64, teams+1)
	solve := func(set func(*strength, float64)) {
		for t := range sum {
			team := t
			if t == teams {
				team = -1
			}
			set(m.of(team), sum[t]/(weight[t]+pointsPenalty))
		}
		clear(sum)
		clear(weight)
	}
	for range pointsSweeps {
		for i, g := range m.games {
			eh, ea := m.expect(g.Home, g.Away, g.Neutral)
			h, a := slot(g.Home), slot(g.Away)
			sum[h] += weights[i] * (float64(g.HomePoints) - eh + m.of(g.Home).Offence)
			sum[a] += weights[i] * (float64(g.Points) - ea + m.of(g.Away).Offence)
			weight[h] += weights[i]
			weight[a] += weights[i]
		}
		solve(func(s *strength, v float64) { s.Offence = v })
		for i, g := range m.games {
			eh, ea := m.expect(g.Home, g.Away, g.Neutral)
			h, a := slot(g.Home), slot(g.Away)
			sum[a] += weights[i] * (eh - float64(g.HomePoints) + m.of(g.Away).Defence)
			sum[h] += weights[i] * (ea - float64(g.Points) + m.of(g.Home).Defence)
			weight[h] += weights[i]
			weight[a] += weights[i]
		}
		solve(func(s *strength, v float64) { s.Defence = v })
		m.fitGeneral(weights)
	}
}

// fitGeneral updates the mean and the home field given the strengths.
func (m *pointsModel) fitGeneral(weights []float64) {
	var total, field, n, atHome float64
	for i, g := range m.games {
		eh, ea := m.expect(g.Home, g.Away, g.Neutral)
		total += weights[i] * (float64(g.HomePoints) - eh + float64(g.Points) - ea) / 2
		n += weights[i]
		if !g.Neutral {
			field += weights[i] * (float64(g.HomePoints) - eh - float64(g.Points) + ea) / 2
			atHome += weights[i]
		}
	}
	if n > 0 {
		m.mean += total / (n + pointsPenalty)
	}
	if atHome > 0 {
		m.home += field / (atHome + pointsPenalty)
	}
}

func (m *pointsModel) clone() pointsModel {
	c := *m
	c.games = append([]pointsGame(nil), m.games...)
	c.strength = append([]strength(nil), m.strength...)
	return c
}
