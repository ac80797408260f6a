package football

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/script-ohio/platform/app/fault"
)

// Directory knows the canonical team names and resolves what people type.
type Directory struct {
	byFolded map[string]string // folded name or alias -> canonical
	names    []string          // canonical, sorted
}

// NewDirectory builds a directory of the given canonical names and the
// aliases known for them.
func NewDirectory(names []string) *Directory {
	d := &Directory{byFolded: make(map[string]string, 3*len(names)), names: slices.Sorted(slices.Values(names))}
	d.names = slices.Compact(d.names)
	for alias, name := range aliases() {
		if _, known := slices.BinarySearch(d.names, name); known {
			d.byFolded[fold(alias)] = name
		}
	}
	for _, name := range d.names { // a name always wins over an alias
		d.byFolded[fold(name)] = name
	}
	return d
}

// Names are the canonical names, sorted.
func (d *Directory) Names() []string { return d.names }

// Resolve finds the canonical name; ok is false for an unknown one.
func (d *Directory) Resolve(name string) (canonical string, ok bool) {
	// The canonical name as it stands is the hot path: no folding.
	if _, known := slices.BinarySearch(d.names, name); known {
		return name, true
	}
	canonical, ok = d.byFolded[fold(name)]
	return canonical, ok
}

// Same tells whether two spellings mean one team; of teams that the directory
// does not know by the aliases that files may use.
func (d *Directory) Same(a, b string) bool { return a == b || d.key(a) == d.key(b) }

func (d *Directory) key(name string) string {
	if canonical, ok := d.Resolve(name); ok {
		return fold(canonical)
	}
	return fold(newInterner().team(name))
}

// Lookup is Resolve with a fault that suggests the nearest names.
func (d *Directory) Lookup(location, name string) (string, error) {
	if canonical, ok := d.Resolve(name); ok {
		return canonical, nil
	}
	typed := name
	if len(typed) > maxName {
		typed = strings.ToValidUTF8(typed[:maxName], "") + "..."
	}
	message := fmt.Sprintf("unknown team %q", typed)
	if suggestions := d.Suggest(name, 3); len(suggestions) > 0 {
		message += "; did you mean " + strings.Join(suggestions, ", ") + "?"
	}
	return "", fault.New(fault.Invalid, "%s", message).
		With(fault.Detail{Location: location, Message: message, Value: typed})
}

// Suggest lists the n names nearest to what was typed: those that contain or
// begin like it, or that it contains as a word, then those few typing errors
// away.
func (d *Directory) Suggest(typed string, n int) []string {
	want := fold(typed)
	if want == "" || len(want) > maxName {
		return nil
	}
	type candidate struct {
		name string
		cost float64
	}
	best := map[string]float64{}
	for folded, name := range d.byFolded {
		cost := float64(distance(want, folded))
		switch {
		case strings.HasPrefix(folded, want):
			cost = 0.1 * float64(len(folded)-len(want))
		case strings.Contains(folded, want), strings.Contains(" "+want+" ", " "+folded+" "):
			cost = min(cost, 2)
		}
		if cost > max(2, float64(len(want))/3) {
			continue
		}
		if old, seen := best[name]; !seen || cost < old {
			best[name] = cost
		}
	}
	candidates := make([]candidate, 0, len(best))
	for name, cost := range best {
		candidates = append(candidates, candidate{name, cost})
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, n)
	for _, c := range candidates[:min(n, len(candidates))] {
		names = append(names, c.name)
	}
	return names
}

// fold brings spellings together: case, accents, punctuation, "St." and
// "University of" do not count.
func fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ReplaceAll(name, "&", " and ")) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' || r == '‘' || r == 'ʻ' || r == '.':
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	kept := words[:0]
	for i, w := range words {
		switch {
		case w == "the" || w == "university" || (w == "of" && i > 0 && words[0] == "of"):
			continue
		case w == "of" && len(kept) == 0:
			continue
		case w == "st" && i > 0:
			w = "state"
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

// distance is the optimal string alignment distance (Damerau-Levenshtein
// without repeated edits) over bytes; O(len(a) len(b)) time.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
