package audit_test

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/ops/audit"
)

func walk(rows []audit.Row) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// chain makes n rows.
func chain(n int) []audit.Row {
	var entries []audit.Entry
	for i := range n {
		entries = append(entries, audit.Entry{
			Action: "key.create", SubjectType: "api_key", SubjectID: fmt.Sprint(i), After: map[string]any{"name": fmt.Sprint("key ", i), "rate": 1.5},
		})
	}
	rows, err := audit.Chain(entries)
	if err != nil {
		panic(err)
	}
	return rows
}

func verified(t require.TestingT, rows []audit.Row, heads ...audit.Head) audit.Report {
	report, err := audit.Verify(walk(rows), heads...)
	require.NoError(t, err)
	return report
}

func headOf(r audit.Row) audit.Head { return audit.Head{Seq: r.Seq, Hash: r.Hash} }

func TestAnUntouchedChainHolds(t *testing.T) {
	for _, n := range []int{0, 1, 2, 50} {
		rows := chain(n)
		var heads []audit.Head
		for _, r := range rows {
			heads = append(heads, headOf(r))
		}
		report := verified(t, rows, heads...)
		require.True(t, report.OK(), report.Findings)
		require.EqualValues(t, n, report.Rows)
		if n > 0 {
			require.Equal(t, headOf(rows[n-1]), report.Head)
			read, err := audit.ParseHead(report.HeadText)
			require.NoError(t, err)
			require.Equal(t, report.Head, read)
		}
	}
}

// renumber closes gaps as a forger would who hides a removal.
func renumber(rows []audit.Row) []audit.Row {
	for i := range rows {
		rows[i].Seq = int64(i + 1)
	}
	return rows
}

// rewrite computes all hashes anew from a row on.
func rewrite(rows []audit.Row, from int) []audit.Row {
	for i := from; i < len(rows); i++ {
		rows[i].Seq, rows[i].Prev = int64(i+1), audit.Hash{}
		if i > 0 {
			rows[i].Prev = rows[i-1].Hash
		}
		rows[i].Hash = rows[i].Sum()
	}
	return rows
}

// Every trick, what it is called, and which rows are named.
func TestTamperingIsNamed(t *testing.T) {
	type finding = struct {
		kind audit.Kind
		seq  int64
	}
	forged := func(rows []audit.Row, like int) audit.Row {
		r := rows[like]
		r.SubjectID = "forged"
		return r
	}
	for name, c := range map[string]struct {
		tamper func([]audit.Row) []audit.Row
		want   []finding
	}{
		"a row removed":          {func(r []audit.Row) []audit.Row { return slices.Delete(r, 4, 5) }, []finding{{audit.Removed, 5}}},
		"rows removed":           {func(r []audit.Row) []audit.Row { return slices.Delete(r, 4, 8) }, []finding{{audit.Removed, 5}}},
		"the first rows removed": {func(r []audit.Row) []audit.Row { return r[3:] }, []finding{{audit.Removed, 1}}},
		"removed and renumbered": {func(r []audit.Row) []audit.Row { return renumber(slices.Delete(r, 4, 5)) }, []finding{{audit.Moved, 5}, {audit.Removed, 5}}},
		"altered":                {func(r []audit.Row) []audit.Row { r[4].Actor.Name = "nobody"; return r }, []finding{{audit.Altered, 5}}},
		"time altered":           {func(r []audit.Row) []audit.Row { r[4].At = r[4].At.Add(time.Microsecond); return r }, []finding{{audit.Altered, 5}}},
		"document altered":       {func(r []audit.Row) []audit.Row { r[4].After = []byte(`{"rate": 2}`); return r }, []finding{{audit.Altered, 5}}},
		"document removed":       {func(r []audit.Row) []audit.Row { r[4].After = nil; return r }, []finding{{audit.Altered, 5}}},
		"hash altered":           {func(r []audit.Row) []audit.Row { r[4].Hash[0]++; return r }, []finding{{audit.Altered, 5}}},
		"altered and hashed": {func(r []audit.Row) []audit.Row {
			r[4].SubjectID = "x"
			r[4].Hash = r[4].Sum()
			return r
		}, []finding{{audit.Altered, 5}}},
		"the first altered and hashed": {func(r []audit.Row) []audit.Row {
			r[0].SubjectID = "x"
			r[0].Hash = r[0].Sum()
			return r
		}, []finding{{audit.Altered, 1}}},
		"a word moved to the next field": {func(r []audit.Row) []audit.Row {
			r[4].SubjectType, r[4].SubjectID = "", r[4].SubjectType+r[4].SubjectID
			return r
		}, []finding{{audit.Altered, 5}}},
		"swapped": {func(r []audit.Row) []audit.Row {
			r[4], r[5] = r[5], r[4]
			return renumber(r)
		}, []finding{{audit.Moved, 5}, {audit.Moved, 6}}},
		"lines swapped": {func(r []audit.Row) []audit.Row {
			r[4], r[5] = r[5], r[4]
			return r
		}, []finding{{audit.Moved, 5}}},
		"lines reversed": {func(r []audit.Row) []audit.Row { slices.Reverse(r[4:7]); return r }, []finding{{audit.Removed, 5}, {audit.Moved, 6}, {audit.Moved, 5}}},
		"inserted": {func(r []audit.Row) []audit.Row {
			return renumber(slices.Insert(r, 4, forged(r, 4)))
		}, []finding{{audit.Altered, 5}, {audit.Inserted, 5}}},
		"inserted with hashes": {func(r []audit.Row) []audit.Row {
			f := forged(r, 4)
			f.Hash = f.Sum()
			return renumber(slices.Insert(r, 4, f))
		}, []finding{{audit.Inserted, 5}}},
		"a line twice":       {func(r []audit.Row) []audit.Row { return slices.Insert(r, 4, r[3]) }, []finding{{audit.Inserted, 4}}},
		"appended":           {func(r []audit.Row) []audit.Row { f := forged(r, 9); f.Seq = 11; return append(r, f) }, []finding{{audit.Altered, 11}}},
		"row zero":           {func(r []audit.Row) []audit.Row { f := forged(r, 0); f.Seq = 0; return slices.Insert(r, 0, f) }, []finding{{audit.Inserted, 0}}},
		"two things at once": {func(r []audit.Row) []audit.Row { r[2].Action = "x"; return slices.Delete(r, 6, 7) }, []finding{{audit.Altered, 3}, {audit.Removed, 7}}},
	} {
		t.Run(name, func(t *testing.T) {
			report := verified(t, c.tamper(chain(10)))
			var got []finding
			for _, f := range report.Findings {
				got = append(got, finding{f.Kind, f.Seq})
				require.Contains(t, f.Says, "row")
			}
			require.Equal(t, c.want, got, "%v", report.Findings)
		})
	}
}

// What a chain alone cannot tell, a known head does.
func TestKnownHeadsProveTheEndAndTheWhole(t *testing.T) {
	rows := chain(10)
	tenth, fifth := headOf(rows[9]), headOf(rows[4])
	cut := chain(10)[:7]
	require.True(t, verified(t, cut).OK(), "a shorter chain is a chain")
	require.True(t, verified(t, cut, fifth).OK())
	report := verified(t, cut, tenth, fifth)
	require.Equal(t, []audit.Finding{{Kind: audit.Cut, Seq: 10, Says: "the log ends at row 7, but row 10 was there"}}, report.Findings)
	require.Equal(t, audit.Cut, verified(t, nil, tenth).Findings[0].Kind)

	anew := chain(10)
	anew[2].SubjectID = "x"
	rewrite(anew, 2)
	require.True(t, verified(t, anew).OK(), "all of it written anew is a chain")
	report = verified(t, anew, fifth)
	require.Equal(t, audit.Forged, report.Findings[0].Kind)
	require.EqualValues(t, 5, report.Findings[0].Seq)
	require.True(t, verified(t, anew, headOf(rows[1])).OK(), "the head says nothing of what came after it")
	require.True(t, verified(t, chain(20), tenth, fifth).OK(), "a log that grew keeps its heads")
}

// Random sequences of tampering are found, as long as they leave anything but
// the beginning of the chain; with its head that is found too.
func TestAnyTamperingIsFound(t *testing.T) {
	original := chain(12)
	head := headOf(original[11])
	rapid.Check(t, func(t *rapid.T) {
		rows := slices.Clone(original)
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			if len(rows) == 0 {
				break
			}
			i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
			switch rapid.SampledFrom([]string{"alter", "rehash", "remove", "swap", "copy", "insert", "renumber", "cut"}).Draw(t, "step") {
			case "alter":
				switch rapid.IntRange(0, 4).Draw(t, "field") {
				case 0:
					rows[i].Action += "x"
				case 1:
					rows[i].Actor.ClientIP += "1"
				case 2:
					rows[i].Before = []byte(`{"a": 1}`)
				case 3: // moves a character from one field to the next
					rows[i].SubjectID, rows[i].SubjectType = rows[i].SubjectType+rows[i].SubjectID, ""
				case 4:
					rows[i].Seq += int64(rapid.IntRange(-2, 2).Draw(t, "by"))
				}
			case "rehash":
				rows[i].Hash = rows[i].Sum()
			case "remove":
				rows = slices.Delete(rows, i, i+1)
			case "swap":
				j := rapid.IntRange(0, len(rows)-1).Draw(t, "other")
				rows[i], rows[j] = rows[j], rows[i]
			case "copy":
				rows = slices.Insert(rows, i, rows[rapid.IntRange(0, len(rows)-1).Draw(t, "which")])
			case "insert":
				f := rows[i]
				f.SubjectID = "forged"
				f.Hash = f.Sum()
				rows = slices.Insert(rows, i, f)
			case "renumber":
				renumber(rows)
			case "cut":
				rows = rows[:i]
			}
		}
		same := func(a, b []audit.Row) bool {
			return slices.EqualFunc(a, b, func(x, y audit.Row) bool { return reflect.DeepEqual(x, y) })
		}
		begins := len(rows) <= len(original) && same(rows, original[:len(rows)])
		// A last row that was altered and hashed anew is a chain of its own.
		if report := verified(t, rows); !begins && report.OK() {
			require.NotEqual(t, rows[len(rows)-1].Hash, original[min(len(rows), 12)-1].Hash)
			require.True(t, same(rows[:len(rows)-1], original[:len(rows)-1]), "only the last row may differ")
		} else {
			require.Equal(t, begins, report.OK(), "%v", report.Findings)
		}
		require.Equal(t, begins && len(rows) == 12, verified(t, rows, head).OK(), "with its head")
	})
}

func TestVerificationStops(t *testing.T) {
	rows := chain(3 * audit.MaxFindings)
	for i := range rows {
		rows[i].Action = "x"
	}
	require.Len(t, verified(t, rows).Findings, audit.MaxFindings)
	broken := errors.New("broken")
	_, err := audit.Verify(func(yield func(audit.Row, error) bool) { yield(audit.Row{}, broken) })
	require.Equal(t, broken, err)
}

func TestHeadsParse(t *testing.T) {
	head := headOf(chain(3)[2])
	for _, bad := range []string{"", "@", "@3", head.Hash.String(), head.String() + "x", head.Hash.String() + "@0", head.Hash.String() + "@-1", "z" + head.String()[1:], head.String()[1:]} {
		_, err := audit.ParseHead(bad)
		require.ErrorContains(t, err, "HASH@SEQ", bad)
	}
}
