package ratings

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
)

// snapshot is the state without its covariances, as JSON.
type snapshot struct {
	Block       football.BlockKey `json:"block"`
	Games       int               `json:"games"`
	Latest      football.Day      `json:"latest"`
	Digest      string            `json:"digest"`
	Conferences map[string]int    `json:"conferences"`
	Teams       []teamSnapshot    `json:"teams"`
	Margin      filterSnapshot    `json:"margin"`
	Total       filterSnapshot    `json:"total"`
	Lines       filterSnapshot    `json:"lines"`
	Points      pointsSnapshot    `json:"points"`
}

type teamSnapshot struct {
	Name       string       `json:"name"`
	Pooled     bool         `json:"pooled,omitempty"`
	Form       int          `json:"form"`
	Conference int          `json:"conference"`
	Elo        float64      `json:"elo"`
	Season     int          `json:"season"`
	Games      int          `json:"games"`
	Wins       float64      `json:"wins"`
	Last       football.Day `json:"last"`
}

type filterSnapshot struct {
	Means     []float64  `json:"means"`
	Kinds     []int      `json:"kinds"`
	Newcomers [5]float64 `json:"newcomers"`
}

type pointsSnapshot struct {
	Mean     float64      `json:"mean"`
	Home     float64      `json:"home"`
	Pool     strength     `json:"pool"`
	Strength []strength   `json:"strength"`
	Games    []pointsGame `json:"games"`
}

// Encode writes the state exactly: structure as JSON; the upper triangles of
// the margin's, the total's and the lines' covariances as little-endian
// float64, byte by byte of all numbers, which compresses better.
func (s *State) Encode() (structure, covariances []byte, err error) {
	snap := snapshot{
		Block: s.block, Games: s.games, Latest: s.latest, Digest: hex.EncodeToString(s.digest[:]), Conferences: s.conferences,
		Margin: s.margin.snapshot(), Total: s.total.snapshot(), Lines: s.lines.snapshot(),
		Points: pointsSnapshot{s.points.mean, s.points.home, s.points.pool, s.points.strength, s.points.games},
	}
	for _, t := range s.teams {
		snap.Teams = append(snap.Teams, teamSnapshot{t.name, t.pooled, t.form, t.conf, t.elo, t.season, t.games, t.wins, t.lastDay})
	}
	structure, err = json.Marshal(snap)
	for _, f := range s.filters() {
		covariances = f.appendTriangle(covariances)
	}
	return structure, shuffle(covariances), err
}

// Decode reads what Encode wrote and checks that it hangs together.
func Decode(structure, covariances []byte) (*State, error) {
	var snap snapshot
	if err := json.Unmarshal(structure, &snap); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the ratings are no valid JSON")
	}
	s := NewState()
	s.block, s.begun, s.games, s.latest = snap.Block, true, snap.Games, snap.Latest
	digest, err := hex.DecodeString(snap.Digest)
	if err != nil || len(digest) != len(s.digest) {
		return nil, fault.New(fault.Invalid, "the ratings' digest is malformed")
	}
	copy(s.digest[:], digest)
	n := len(snap.Margin.Means)
	if n < 2 || n > maxStates {
		return nil, fault.New(fault.Invalid, "the ratings' filters have %d states", n)
	}
	size := triangle(n) * 8
	if want := 3 * size; len(covariances) != want {
		return nil, fault.New(fault.Invalid, "the covariances have %d bytes, %d states need %d", len(covariances), n, want)
	}
	covariances = unshuffle(covariances)
	for i, part := range []struct {
		filter **filter
		snap   filterSnapshot
	}{{&s.margin, snap.Margin}, {&s.total, snap.Total}, {&s.lines, snap.Lines}} {
		var err error
		if *part.filter, err = restoreFilter((*part.filter).params, part.snap, n, covariances[i*size:(i+1)*size]); err != nil {
			return nil, err
		}
	}
	if err := s.restoreTeams(snap); err != nil {
		return nil, err
	}
	return s, s.restorePoints(snap.Points)
}

// maxStates bounds what a file can make us allocate: ten times today's need.
const maxStates = 6000

func triangle(n int) int { return n * (n + 1) / 2 }

func (s *State) restoreTeams(snap snapshot) error {
	is := func(i int, k kind) bool { return i >= 0 && i < len(s.margin.kinds) && s.margin.kinds[i] == k }
	for name, i := range snap.Conferences {
		if !is(i, kindConf) {
			return fault.New(fault.Invalid, "conference %q points at state %d, which is none", name, i)
		}
		s.conferences[name], s.confName[i] = i, name
	}
	for _, t := range snap.Teams {
		form, level := kindForm, kindLevel
		if t.Pooled {
			form, level = kindPoolForm, kindPoolLevel
		}
		if !is(t.Form, form) || !is(t.Form+1, level) || s.confName[t.Conference] == "" || !finite(t.Elo, t.Wins) {
			return fault.New(fault.Invalid, "team %q points at states that are not its own", t.Name)
		}
		division := football.FBS
		if t.Pooled {
			division = ""
		}
		k := key(football.Side{Team: t.Name, Division: division})
		if _, twice := s.byKey[k]; twice {
			return fault.New(fault.Invalid, "team %q appears twice", t.Name)
		}
		s.byKey[k] = len(s.teams)
		s.teams = append(s.teams, team{
			name: t.Name, pooled: t.Pooled, place: place{t.Form, t.Conference}, elo: t.Elo,
			season: t.Season, games: t.Games, wins: t.Wins, lastDay: t.Last,
		})
	}
	return nil
}

func (s *State) restorePoints(p pointsSnapshot) error {
	if len(p.Strength) != len(s.teams) || !finite(p.Mean, p.Home, p.Pool.Offence, p.Pool.Defence) {
		return fault.New(fault.Invalid, "the points ratings do not fit the teams")
	}
	for _, r := range p.Strength {
		if !finite(r.Offence, r.Defence) {
			return fault.New(fault.Invalid, "a points rating is not finite")
		}
	}
	for _, g := range p.Games {
		if max(g.Home, g.Away) >= len(p.Strength) || min(g.Home, g.Away) < -1 {
			return fault.New(fault.Invalid, "a remembered game has unknown teams")
		}
	}
	s.points = pointsModel{games: p.Games, mean: p.Mean, home: p.Home, pool: p.Pool, strength: p.Strength}
	return nil
}

func (f *filter) snapshot() filterSnapshot {
	kinds := make([]int, len(f.kinds))
	for i, k := range f.kinds {
		kinds[i] = int(k)
	}
	return filterSnapshot{f.x, kinds, [5]float64{f.formVar, f.levelVar, f.poolFormVar, f.poolLevelVar, f.confVar}}
}

func (f *filter) appendTriangle(b []byte) []byte {
	for i := range f.x {
		for _, v := range f.p[i*f.stride+i : i*f.stride+len(f.x)] {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// shuffle groups the first bytes of all numbers, then the second ones, and so
// on.
func shuffle(b []byte) []byte {
	out, n := make([]byte, len(b)), len(b)/8
	for i, v := range b {
		out[i%8*n+i/8] = v
	}
	return out
}

func unshuffle(b []byte) []byte {
	out, n := make([]byte, len(b)), len(b)/8
	for i := range out {
		out[i] = b[i%8*n+i/8]
	}
	return out
}

func restoreFilter(params *filterParams, snap filterSnapshot, n int, covariance []byte) (*filter, error) {
	if len(snap.Means) != n || len(snap.Kinds) != n || !finite(snap.Means...) || !finite(snap.Newcomers[:]...) {
		return nil, fault.New(fault.Invalid, "a rating filter is incomplete or not finite")
	}
	f := &filter{
		params: params, x: snap.Means, stride: n + n/8, kinds: make([]kind, n),
		formVar: snap.Newcomers[0], levelVar: snap.Newcomers[1],
		poolFormVar: snap.Newcomers[2], poolLevelVar: snap.Newcomers[3], confVar: snap.Newcomers[4],
	}
	for i, k := range snap.Kinds {
		if k < 0 || k > int(kindPoolLevel) || (i == generalIndex) != (kind(k) == kindGeneral) {
			return nil, fault.New(fault.Invalid, "state %d of a rating filter is of unknown kind %d", i, k)
		}
		f.kinds[i] = kind(k)
	}
	f.p = make([]float64, sqInt(f.stride))
	for i := range n {
		for j := i; j < n; j++ {
			v := math.Float64frombits(binary.LittleEndian.Uint64(covariance))
			covariance = covariance[8:]
			if !finite(v) || (i == j && v < 0) {
				return nil, fault.New(fault.Invalid, "covariance %d,%d of a rating filter is %v", i, j, v)
			}
			f.p[i*f.stride+j] = v
		}
	}
	return f, nil
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
