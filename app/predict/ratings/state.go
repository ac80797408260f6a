// Package ratings rates teams block by block: from results alone by two Kalman
// filters (margin and total points), Elo, and opponent-adjusted offence and
// defence; and by a third filter that also learns from the closing lines of
// games that have been played. A State learns results; a View of it, opened for a slate of
// fixtures without scores, is all that features may be made from.
package ratings

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

// State is everything known after the blocks learned so far. It is not safe
// for concurrent use; a View that nobody updates any more is.
type State struct {
	margin, total *filter // the same indexes in all
	lines         *filter // of the margin, from results and closing lines
	teams         []team
	byKey         map[string]int
	conferences   map[string]int // name -> filter index
	confName      map[int]string
	points        pointsModel
	block         football.BlockKey // the last one opened
	begun         bool
	games         int // learned
	latest        football.Day
	digest        [sha256.Size]byte // chain over all games learned
}

type team struct {
	name   string
	pooled bool // below the FBS
	place
	elo float64

	season  int // that the next fields are about
	games   int
	wins    float64
	lastDay football.Day
}

// NewState knows nothing yet.
func NewState() *State {
	return &State{
		margin: newFilter(&marginParams), total: newFilter(&totalParams), lines: newFilter(linesParams()),
		byKey: map[string]int{}, conferences: map[string]int{poolConference: poolConfIndex},
		confName: map[int]string{poolConfIndex: poolConference}, points: newPointsModel(),
	}
}

// poolConference stands for all teams below the FBS.
const poolConference = "~"

// key of a side: a team that changes division is a new team.
func key(s football.Side) string {
	if s.Division == football.FBS {
		return s.Team
	}
	return poolConference + s.Team
}

func conferenceOf(s football.Side) string {
	switch {
	case s.Division != football.FBS:
		return poolConference
	case s.Conference == "":
		return "Ind"
	}
	return football.CanonicalConference(s.Conference)
}

// Clone copies the state. O(n^2) memory, about 5 MB.
func (s *State) Clone() *State {
	c := *s
	c.margin, c.total, c.lines = s.margin.clone(), s.total.clone(), s.lines.clone()
	c.teams = append([]team(nil), s.teams...)
	c.byKey = make(map[string]int, len(s.byKey))
	for k, v := range s.byKey {
		c.byKey[k] = v
	}
	c.conferences, c.confName = make(map[string]int, len(s.conferences)), make(map[int]string, len(s.conferences))
	for k, v := range s.conferences {
		c.conferences[k], c.confName[v] = v, k
	}
	c.points = s.points.clone()
	return &c
}

// LastBlock is the block that the state includes or was last opened for;
// ok is false for a new state.
func (s *State) LastBlock() (key football.BlockKey, ok bool) { return s.block, s.begun }

// Games is the number of results learned.
func (s *State) Games() int { return s.games }

// Open moves time on to the slate's block, meets its teams, and gives a view
// to predict from. The view is good until the state is next changed. Opening
// a block earlier than the last one is a mistake of the caller's.
func (s *State) Open(slate football.Slate) (View, error) {
	if s.begun && slate.Compare(s.block) < 0 {
		return View{}, fmt.Errorf("block of day %d opened after day %d", slate.Day, s.block.Day)
	}
	s.elapse(slate.BlockKey)
	for _, f := range slate.Fixtures {
		s.meet(f.Home, f.Season)
		s.meet(f.Away, f.Season)
	}
	s.points.fit(slate.Day, len(s.teams))
	return View{s}, nil
}

func (s *State) filters() [3]*filter { return [3]*filter{s.margin, s.total, s.lines} }

// View is what the state knows after the last block, at that time.
func (s *State) View() View { return View{s} }

func (s *State) elapse(to football.BlockKey) {
	switch {
	case !s.begun:
	case to.Season != s.block.Season:
		for range max(1, to.Season-s.block.Season) {
			for _, f := range s.filters() {
				f.newSeason()
			}
			eloNewSeason(s.teams)
		}
	default:
		if weeks := min(float64(to.Day-s.block.Day)/7, 6); weeks > 0 {
			for _, f := range s.filters() {
				f.elapse(weeks)
			}
		}
	}
	s.block, s.begun = to, true
}

// meet registers a side: a new team, or one that has changed conference.
func (s *State) meet(side football.Side, season int) {
	conf := s.conference(conferenceOf(side))
	k := key(side)
	i, known := s.byKey[k]
	if !known {
		pooled := side.Division != football.FBS
		i = len(s.teams)
		form := s.margin.addTeam(pooled)
		s.total.addTeam(pooled)
		s.lines.addTeam(pooled)
		s.teams = append(s.teams, team{name: side.Team, pooled: pooled, place: place{form, conf}, elo: eloStart})
		s.byKey[k] = i
		if pooled {
			s.teams[i].elo = eloPool
		} else if season > newcomerAfter {
			s.margin.x[form+1] += marginParams.newcomer
			s.total.x[form+1] += totalParams.newcomer
			s.lines.x[form+1] += marginParams.newcomer
			s.teams[i].elo = eloNewcomer
		}
		return
	}
	t := &s.teams[i]
	if t.conf != conf {
		// Scoring follows the new league at once; strength does not.
		s.margin.moveConference(t.form+1, t.conf, conf)
		s.lines.moveConference(t.form+1, t.conf, conf)
		t.conf = conf
	}
}

func (s *State) conference(name string) int {
	i, known := s.conferences[name]
	if !known {
		i = s.margin.addConference()
		s.total.addConference()
		s.lines.addConference()
		s.conferences[name], s.confName[i] = i, name
	}
	return i
}

// Learn opens the block and takes in its scores.
func (s *State) Learn(b football.Block) error {
	if len(b.Scores) != len(b.Fixtures) {
		return fmt.Errorf("%d scores for %d fixtures", len(b.Scores), len(b.Fixtures))
	}
	if _, err := s.Open(b.Slate); err != nil {
		return err
	}
	s.learn(b)
	return nil
}

// Walk learns blocks one after another. Before each block's scores are used
// it shows visit the view and the slate, so what is made there knows earlier
// blocks only.
func (s *State) Walk(blocks []football.Block, visit func(View, football.Slate) error) error {
	for _, b := range blocks {
		if len(b.Scores) != len(b.Fixtures) {
			return fmt.Errorf("%d scores for %d fixtures", len(b.Scores), len(b.Fixtures))
		}
		view, err := s.Open(b.Slate)
		if err != nil {
			return err
		}
		if err := visit(view, b.Slate); err != nil {
			return err
		}
		s.learn(b)
	}
	return nil
}

// squash damps blow-outs in high-scoring games (exponent and scale tuned with
// the filter).
func squash(score football.Score) float64 {
	total := float64(score.Home + score.Away)
	return float64(score.Margin()) * math.Pow(55/max(total, 20), 0.12)
}

func (s *State) learn(b football.Block) {
	// Elo and records first read the state before the block, for all games.
	shifts := make([]float64, len(b.Fixtures))
	for i, f := range b.Fixtures {
		home, away := s.team(f.Home), s.team(f.Away)
		shifts[i] = eloShift(eloAdvantage(home, away, f.Neutral), float64(b.Scores[i].Margin()))
	}
	for i, f := range b.Fixtures {
		score := b.Scores[i]
		home, away := s.team(f.Home), s.team(f.Away)
		d := s.margin.design(home.place, away.place, f.Neutral)
		s.margin.update(&d, squash(score), s.margin.params.noise)
		if f.Spread != nil {
			s.lines.update(&d, float64(f.Spread.Margin()), lineNoise)
		}
		s.lines.update(&d, squash(score), s.lines.params.noise)
		d = s.total.design(home.place, away.place, f.Neutral)
		s.total.update(&d, float64(score.Home+score.Away), s.total.params.noise)
		if !home.pooled {
			home.elo += shifts[i]
		}
		if !away.pooled {
			away.elo -= shifts[i]
		}
		s.points.games = append(s.points.games, pointsGame{
			Home: s.pointsIndex(f.Home), Away: s.pointsIndex(f.Away),
			HomePoints: score.Home, Points: score.Away, Day: football.DayOf(f.Start), Neutral: f.Neutral,
		})
		home.record(f, score.Margin())
		away.record(f, -score.Margin())
		s.remember(f, score)
	}
}

// remember chains the game into the digest, so that equal digests mean equal
// games in equal order.
func (s *State) remember(f football.Fixture, score football.Score) {
	s.games++
	s.latest = max(s.latest, football.DayOf(f.Start))
	b := append(make([]byte, 0, sha256.Size+24), s.digest[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(f.ID))
	b = binary.LittleEndian.AppendUint32(b, uint32(score.Home))
	b = binary.LittleEndian.AppendUint32(b, uint32(score.Away))
	if f.Spread != nil {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(*f.Spread)))
	}
	s.digest = sha256.Sum256(b)
}

// Hash names the games learned: equal hashes mean equal games and scores in
// equal order.
func (s *State) Hash() string { return hex.EncodeToString(s.digest[:8]) }

// AsOf is the day of the last game learned.
func (s *State) AsOf() time.Time { return s.latest.Time() }

func (s *State) team(side football.Side) *team { return &s.teams[s.byKey[key(side)]] }

func (s *State) pointsIndex(side football.Side) int {
	if side.Division != football.FBS {
		return -1
	}
	return s.byKey[key(side)]
}

func (t *team) record(f football.Fixture, margin football.Margin) {
	if t.season != f.Season {
		t.season, t.games, t.wins = f.Season, 0, 0
	}
	t.games++
	switch {
	case margin > 0:
		t.wins++
	case margin == 0:
		t.wins += 0.5
	}
	t.lastDay = football.DayOf(f.Start)
}
