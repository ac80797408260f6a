package football_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

func names() []string {
	var names []string
	for _, g := range footballtest.Games(footballtest.Options{Seed: 1, First: 2000, Last: 2000}) {
		names = append(names, g.Home.Team, g.Away.Team)
	}
	return append(names, "Ohio", "Oklahoma", "Oklahoma State", "Texas", "Texas Tech", "App State", "Southern Miss", "Notre Dame", "Houston")
}

func TestResolve(t *testing.T) {
	d := football.NewDirectory(names())
	for typed, want := range map[string]string{
		"Ohio State": "Ohio State", "ohio state": "Ohio State", "OHIO STATE": "Ohio State", "ohio st.": "Ohio State", " Ohio  St ": "Ohio State",
		"Ohio State Buckeyes": "Ohio State", "The Ohio State University": "Ohio State", "OSU": "Ohio State",
		"Ohio": "Ohio", "Ohio University": "Ohio",
		"USC": "USC", "Southern Cal": "USC", "Southern California": "USC", "University of Southern California": "USC",
		"Miami": "Miami", "Miami (FL)": "Miami", "Miami FL": "Miami", "Miami (OH)": "Miami (OH)", "Miami Ohio": "Miami (OH)", "miami-oh": "Miami (OH)",
		"Hawaii": "Hawai'i", "Hawai‘i": "Hawai'i", "hawaiʻi": "Hawai'i", "San Jose State": "San José State", "SJSU": "San José State",
		"University of Michigan": "Michigan", "Mich State": "Michigan State", "Texas A & M": "Texas A&M", "texas a&m": "Texas A&M", "TAMU": "Texas A&M",
		"Mississippi": "Ole Miss", "Appalachian State": "App State", "Cal": "California", "OU": "Oklahoma",
	} {
		got, ok := d.Resolve(typed)
		require.True(t, ok, typed)
		require.Equal(t, want, got, typed)
	}
	for _, typed := range []string{"", " ", "?", "the", "Slippery Rock", "Pitt" /* plays elsewhere */, strings.Repeat("x", 10_000)} {
		_, ok := d.Resolve(typed)
		require.False(t, ok, typed)
	}
}

func TestSuggest(t *testing.T) {
	d := football.NewDirectory(names())
	for typed, want := range map[string]string{
		"Ohio Stat": "Ohio State", "Ohoi State": "Ohio State", "ohio staet": "Ohio State", "Buckeye": "Ohio State",
		"Michgan": "Michigan", "Mich": "Michigan", "Alabma": "Alabama", "Southern Calif": "USC", "Wisconson": "Wisconsin",
		"Oregon Ducks": "Oregon", "Missouri Tigers": "Missouri", "Houston Cougars": "Houston", "Hawai": "Hawai'i",
	} {
		require.Equal(t, want, append(d.Suggest(typed, 3), "")[0], typed)
	}
	for typed, wrong := range map[string]string{
		// Initials inside a word are no hint.
		"Missouri Tigers": "Oklahoma", "Houston Cougars": "Oklahoma",
	} {
		require.NotContains(t, d.Suggest(typed, 3), wrong, typed)
	}
	require.Empty(t, d.Suggest("", 3))
	require.Empty(t, d.Suggest("Xyzzyqwv", 3))
	require.Empty(t, d.Suggest(strings.Repeat("o", 10_000), 3))
	require.Len(t, d.Suggest("O", 2), 2)
}

func TestLookupSuggestsAndPointsAtTheInput(t *testing.T) {
	d := football.NewDirectory(names())
	name, err := d.Lookup("body.home_team", "hawaii")
	require.NoError(t, err)
	require.Equal(t, "Hawai'i", name)

	_, err = d.Lookup("body.home_team", "Ohio Stat")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, `unknown team "Ohio Stat"; did you mean Ohio State`)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "body.home_team", f.Details[0].Location)
	require.Equal(t, "Ohio Stat", f.Details[0].Value)

	_, err = d.Lookup("body.home_team", strings.Repeat("é", 5_000))
	require.Less(t, len(err.Error()), 200, "long input is not echoed in full")
}

// Every canonical name resolves to itself, whatever other names and aliases
// there are, and so does any way of typing it that folds the same.
func TestEveryCanonicalNameResolvesToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{
			"Ohio", "State", "St.", "The", "University", "of", "Miami", "(OH)", "(FL)", "Hawai'i", "Texas", "A&M", "José", "Jose", "OSU", "USC", "Cal", "Albany", "é", "&", "?",
		}), 1, 4)
		list := rapid.SliceOfN(rapid.Map(words, func(w []string) string { return strings.Join(w, " ") }), 1, 12).Draw(t, "names")
		d := football.NewDirectory(list)
		if !slices.IsSorted(d.Names()) {
			t.Fatalf("not sorted: %q", d.Names())
		}
		for _, name := range list {
			if got, ok := d.Resolve(name); !ok || got != name {
				t.Fatalf("%q resolves to %q, %v", name, got, ok)
			}
			if got, ok := d.Resolve(strings.ToLower(name)); ok && !slices.Contains(list, got) {
				t.Fatalf("%q resolves to %q, which is no canonical name", strings.ToLower(name), got)
			}
			for _, s := range d.Suggest(name, 5) {
				if !slices.Contains(list, s) {
					t.Fatalf("%q is suggested and is no canonical name", s)
				}
			}
		}
	})
}

func TestCanonicalConference(t *testing.T) {
	for name, want := range map[string]string{
		"Pac-10": "Pac-12", "Pac-12": "Pac-12", "MAC": "Mid-American", "American": "American Athletic",
		"FBS Independent": "FBS Independents", "Big Ten": "Big Ten", "": "",
	} {
		require.Equal(t, want, football.CanonicalConference(name))
		require.Equal(t, want, football.CanonicalConference(want))
	}
}
