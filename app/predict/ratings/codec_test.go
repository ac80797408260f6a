package ratings_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// A state that was stored and read again in the middle goes on bit for bit as
// if it had not been.
func TestADecodedStateContinuesExactly(t *testing.T) {
	blocks := league(6, 2001, 2003)
	want := encodedPair(t, learned(t, blocks))
	state := ratings.NewState()
	for i, b := range blocks {
		require.NoError(t, state.Learn(b))
		if i%9 > 1 { // single blocks and longer runs in between
			continue
		}
		structure, covariances, err := state.Encode()
		require.NoError(t, err)
		state, err = ratings.Decode(structure, covariances)
		require.NoError(t, err)
		require.True(t, encodedPair(t, state) == [2]string{string(structure), string(covariances)}, "encoding again gives the same")
	}
	require.True(t, encodedPair(t, state) == want)
}

// Variances stay positive, whatever is learned, and ratings finite.
func TestVariancesStayPositive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := winter(rapid.Uint64().Draw(t, "seed"))
		for i := range 5 { // absurd scores too
			b := &blocks[rapid.IntRange(0, len(blocks)-1).Draw(t, "block")]
			b.Scores[i%len(b.Scores)] = football.Score{Home: rapid.IntRange(0, 300).Draw(t, "home"), Away: rapid.IntRange(0, 300).Draw(t, "away")}
		}
		state := learned(t, blocks)
		structure, covariances, err := state.Encode()
		require.NoError(t, err)
		at, n := 0, states(t, structure)
		for filter := range 3 {
			for i := range n {
				if variance := number(covariances, at); !(variance > 0) || math.IsInf(variance, 0) {
					t.Fatalf("filter %d: variance %d is %v", filter, i, variance)
				}
				at += n - i
			}
		}
		require.Equal(t, len(covariances)/8, at)
		for _, team := range state.View().Ranking() {
			if !(team.SD > 0 && team.SD < 30) || math.Abs(team.Rating) > 200 {
				t.Fatalf("%+v", team)
			}
		}
	})
}

func states(t require.TestingT, structure []byte) int {
	var s struct{ Margin struct{ Means []float64 } }
	require.NoError(t, json.Unmarshal(structure, &s))
	return len(s.Margin.Means)
}

// number reads a covariance: all numbers' first bytes come first, then their
// second ones, and so on.
func number(covariances []byte, i int) float64 {
	var b [8]byte
	for k := range b {
		b[k] = covariances[k*len(covariances)/8+i]
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
}

func setNumber(covariances []byte, i int, v float64) {
	for k, b := range binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) {
		covariances[k*len(covariances)/8+i] = b
	}
}

// edit changes one place of the structure.
func edit(t *testing.T, structure []byte, change func(map[string]any)) []byte {
	var m map[string]any
	decoder := json.NewDecoder(bytes.NewReader(structure))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&m))
	change(m)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	return data
}

func TestDecodeRefuses(t *testing.T) {
	structure, covariances, err := learned(t, league(6, 2001, 2001)).Encode()
	require.NoError(t, err)
	n := states(t, structure)
	object := func(m map[string]any, path ...any) map[string]any {
		var at any = m
		for _, p := range path {
			switch p := p.(type) {
			case string:
				at = at.(map[string]any)[p]
			case int:
				at = at.([]any)[p]
			}
		}
		return at.(map[string]any)
	}
	set := func(i int, v float64) func([]byte) { return func(b []byte) { setNumber(b, i, v) } }
	for name, tc := range map[string]struct {
		structure   func(map[string]any)
		covariances func([]byte)
		reason      string
	}{
		"no digest":             {structure: func(m map[string]any) { m["digest"] = "" }, reason: "digest"},
		"long digest":           {structure: func(m map[string]any) { m["digest"] = strings.Repeat("ab", 33) }, reason: "digest"},
		"no states":             {structure: func(m map[string]any) { object(m, "margin")["means"] = []any{} }, reason: "have 0 states"},
		"filters differ":        {structure: func(m map[string]any) { object(m, "total")["means"] = []any{1, 2, 3} }, reason: "incomplete"},
		"no kinds":              {structure: func(m map[string]any) { object(m, "margin")["kinds"] = []any{} }, reason: "incomplete"},
		"unknown kind":          {structure: func(m map[string]any) { object(m, "margin")["kinds"].([]any)[5] = 17 }, reason: "unknown kind 17"},
		"two general terms":     {structure: func(m map[string]any) { object(m, "margin")["kinds"].([]any)[5] = 0 }, reason: "unknown kind 0"},
		"conference elsewhere":  {structure: func(m map[string]any) { object(m, "conferences")["SEC"] = 9999 }, reason: `conference "SEC"`},
		"conference below zero": {structure: func(m map[string]any) { object(m, "conferences")["SEC"] = -1 }, reason: `conference "SEC"`},
		"team elsewhere":        {structure: func(m map[string]any) { object(m, "teams", 0)["form"] = 1 << 62 }, reason: "states that are not its own"},
		"team without a league": {structure: func(m map[string]any) { object(m, "teams", 0)["conference"] = 0 }, reason: "states that are not its own"},
		"team twice":            {structure: func(m map[string]any) { l := m["teams"].([]any); l[1] = l[0] }, reason: "appears twice"},
		"strengths too many": {structure: func(m map[string]any) {
			p := object(m, "points")
			p["strength"] = append(p["strength"].([]any), map[string]any{})
		}, reason: "do not fit"},
		"strengths too few":      {structure: func(m map[string]any) { p := object(m, "points"); p["strength"] = p["strength"].([]any)[1:] }, reason: "do not fit"},
		"unknown team in a game": {structure: func(m map[string]any) { object(m, "points", "games", 3)["Home"] = 10_000 }, reason: "unknown teams"},
		"team below the pool":    {structure: func(m map[string]any) { object(m, "points", "games", 3)["Away"] = -2 }, reason: "unknown teams"},
		"NaN":                    {covariances: set(2, math.NaN()), reason: "is NaN"},
		"infinite in the second": {covariances: set(n*(n+1)/2, math.Inf(1)), reason: "is +Inf"},
		"negative variance":      {covariances: set(0, -1), reason: "covariance 0,0"},
	} {
		t.Run(name, func(t *testing.T) {
			changed, bits := structure, bytes.Clone(covariances)
			if tc.structure != nil {
				changed = edit(t, structure, tc.structure)
			}
			if tc.covariances != nil {
				tc.covariances(bits)
			}
			_, err := ratings.Decode(changed, bits)
			require.Error(t, err)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			require.ErrorContains(t, err, tc.reason)
		})
	}
	for name, tc := range map[string]struct{ structure, covariances []byte }{
		"not JSON":             {[]byte("{"), covariances},
		"truncated structure":  {structure[:len(structure)/2], covariances},
		"truncated covariance": {structure, covariances[:len(covariances)-8]},
		"odd covariance":       {structure, covariances[:len(covariances)-1]},
		"no covariance":        {structure, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ratings.Decode(tc.structure, tc.covariances)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

// Corrupted input gives a fault, or a state that can be used without a panic.
func FuzzDecode(f *testing.F) {
	blocks := league(6, 2001, 2001)
	for _, cut := range []int{1, 3} {
		small := football.Block{Slate: football.Slate{BlockKey: blocks[cut].BlockKey, Fixtures: blocks[cut].Fixtures[:2]}, Scores: blocks[cut].Scores[:2]}
		structure, covariances, err := learned(f, []football.Block{small}).Encode()
		require.NoError(f, err)
		f.Add(structure, covariances)
	}
	next := blocks[len(blocks)-1]
	f.Fuzz(func(t *testing.T, structure, covariances []byte) {
		state, err := ratings.Decode(structure, covariances)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			return
		}
		view := state.View()
		for _, name := range view.Names() {
			view.Team(name)
		}
		view.Ranking()
		if last, _ := state.LastBlock(); last.Season == next.Season && last.Compare(next.BlockKey) < 0 {
			_ = state.Learn(next)
		}
	})
}
