package football

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two spellings of one alias must mean one team, or the answer would depend
// on the order of a map; and no alias may hide a team of that name.
func TestAliasesAgree(t *testing.T) {
	canonical, meaning := map[string]string{}, map[string]string{}
	for _, name := range aliases() {
		canonical[fold(name)] = name
	}
	for alias, name := range aliases() {
		folded := fold(alias)
		require.NotEmpty(t, folded, alias)
		if other, twice := meaning[folded]; twice {
			require.Equal(t, other, name, alias)
		}
		meaning[folded] = name
		if other, taken := canonical[folded]; taken {
			require.Equal(t, other, name, alias)
		}
	}
}

// Initials that several schools share help people, not files.
func TestFilesKeepAmbiguousInitials(t *testing.T) {
	in := newInterner()
	for typed, want := range map[string]string{
		"MSU": "MSU", "OSU": "OSU", "UT": "UT", "Hawaii": "Hawai'i", "Southern Cal": "USC", "K-State": "Kansas State", "ohio st": "Ohio State",
		"Slippery Rock": "Slippery Rock",
	} {
		require.Equal(t, want, in.team(typed))
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"iowa", "iowa", 0}, {"iowa", "oiwa", 1}, {"utah", "utha", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		require.Equal(t, tc.want, distance(tc.a, tc.b), "%s %s", tc.a, tc.b)
		require.Equal(t, tc.want, distance(tc.b, tc.a), "%s %s", tc.b, tc.a)
	}
}
