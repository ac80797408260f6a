package audit

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Kind is what was done to the log.
type Kind string

// The kinds of findings.
const (
	Removed  Kind = "removed"  // rows are missing
	Altered  Kind = "altered"  // a row is not what its hash was made over
	Moved    Kind = "moved"    // a row stands at the place of another
	Inserted Kind = "inserted" // a row stands where none was written
	Cut      Kind = "cut"      // the log ends before a known head
	Forged   Kind = "forged"   // the chain holds, but is not the one of a known head
)

// Finding names what is wrong, and where.
type Finding struct {
	Kind Kind   `json:"kind"`
	Seq  int64  `json:"seq"` // the first row concerned
	Says string `json:"says"`
}

// Report is what a verification found.
type Report struct {
	Rows     int64     `json:"rows"`
	Head     Head      `json:"-"` // of the last row, zero without rows
	HeadText string    `json:"head"`
	Findings []Finding `json:"findings"` // MaxFindings at most
}

// OK tells whether nothing is wrong.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// MaxFindings ends a verification: a log with so many needs no more.
const MaxFindings = 100

// near is how far around its place a row that does not belong there is looked
// for.
const near = 1000

// Verify walks a chain in order, with constant memory, and names every row
// that is missing, altered, moved or inserted. Each row is held to its own
// hash and to that of the row before it.
//
// A chain alone cannot tell that rows were cut off its end, or that somebody
// who may write the table made all of it anew from some row on: both leave a
// chain that holds. A known head tells: heads are those printed by earlier
// verifications and exports and kept where the database's owner cannot reach;
// the log must still hold each of them.
func Verify(rows iter.Seq2[Row, error], heads ...Head) (Report, error) {
	v := verifier{known: map[int64]Hash{}}
	for _, h := range heads {
		v.known[h.Seq] = h.Hash
	}
	for row, err := range rows {
		if err != nil {
			return v.report, err
		}
		if v.take(row); len(v.report.Findings) >= MaxFindings {
			return v.end(), nil
		}
	}
	v.finish()
	return v.end(), nil
}

type verifier struct {
	report Report
	last   Row
	shift  int64 // place less number of the rows here, when rows were renumbered
	since  int64 // the place from which on they were
	doubt  bool  // the last row is named already
	gaps   []gap
	known  map[int64]Hash
}

// gap is a range of numbers without rows, and the finding that says so.
type gap struct {
	from, to int64
	finding  int
}

func (v *verifier) find(kind Kind, seq int64, format string, args ...any) {
	v.report.Findings = append(v.report.Findings, Finding{kind, seq, fmt.Sprintf(format, args...)})
}

func (v *verifier) end() Report {
	v.report.Head = Head{v.last.Seq, v.last.Hash}
	if v.report.Rows > 0 {
		v.report.HeadText = v.report.Head.String()
	}
	return v.report
}

// finish says what only the end of the log shows.
func (v *verifier) finish() {
	if v.shift < 0 {
		v.find(Removed, v.since, "%s missing, and those behind were renumbered", span(v.since, v.since-v.shift-1))
	}
	for _, seq := range slices.Sorted(maps.Keys(v.known)) {
		if seq > v.last.Seq {
			v.find(Cut, seq, "the log ends at row %d, but row %d was there", v.last.Seq, seq)
		} else {
			v.find(Removed, seq, "row %d of the known head is not there", seq)
		}
	}
}

func (v *verifier) take(row Row) {
	v.report.Rows++
	if want, ok := v.known[row.Seq]; ok {
		if delete(v.known, row.Seq); want != row.Hash {
			v.find(Forged, row.Seq, "row %d is not the one of the known head, whose hash is %s", row.Seq, want)
		}
	}
	if row.Seq <= v.last.Seq || row.Seq < 1 {
		v.late(row)
		return
	}
	v.doubt = v.place(row)
	v.last = row
}

// late names a row that comes after one with a higher number, or the same.
func (v *verifier) late(row Row) {
	in := slices.IndexFunc(v.gaps, func(g gap) bool { return g.from <= row.Seq && row.Seq <= g.to })
	if in < 0 || row.sum() != row.Hash {
		v.find(Inserted, row.Seq, "there is another row %d", row.Seq)
		return
	}
	says := Finding{Moved, row.Seq, fmt.Sprintf("row %d stands behind row %d", row.Seq, v.last.Seq)}
	if g := v.gaps[in]; g.from == g.to { // then nothing is missing
		v.report.Findings[g.finding] = says
	} else {
		v.report.Findings = append(v.report.Findings, says)
	}
}

// place holds a row to its place, and tells whether the row itself is in
// doubt, so that the next need not match it.
func (v *verifier) place(row Row) (doubt bool) {
	behindGap := row.Seq > v.last.Seq+1
	if behindGap {
		v.gaps = append(v.gaps, gap{v.last.Seq + 1, row.Seq - 1, len(v.report.Findings)})
		v.find(Removed, v.last.Seq+1, "%s missing", span(v.last.Seq+1, row.Seq-1))
	}
	number, genuine := v.numberOf(row)
	if !genuine {
		v.find(Altered, row.Seq, "row %d is not what its hash was made over", row.Seq)
		return true
	}
	if shift := row.Seq - number; shift != v.shift {
		switch {
		case shift == 0: // where it belongs; what stands before is named
		case v.shift == 0 && shift > 0:
			v.find(Inserted, row.Seq-1, "row %d stands at place %d: %d too many before it", number, row.Seq, shift)
		default:
			v.find(Moved, row.Seq, "row %d stands at place %d", number, row.Seq)
		}
		v.shift, v.since = shift, row.Seq
		return false
	}
	if row.Prev != v.last.Hash && !behindGap && !v.doubt {
		replaced := max(v.last.Seq, 1)
		v.find(Altered, replaced, "row %d was written after another row %d than this", row.Seq, replaced)
	}
	return false
}

// numberOf finds the number under which the row's hash was made: its own, or
// when rows were renumbered another one near it.
func (v *verifier) numberOf(row Row) (number int64, genuine bool) {
	encoded := row.encoded()
	is := func(n int64) bool { return sumOf(row.Prev, n, encoded) == row.Hash }
	for _, n := range []int64{row.Seq - v.shift, row.Seq} {
		if is(n) {
			return n, true
		}
	}
	for d := int64(1); d <= near; d++ {
		for _, n := range []int64{row.Seq - d, row.Seq + d} {
			if is(n) {
				return n, true
			}
		}
	}
	return 0, false
}

func span(from, to int64) string {
	if from == to {
		return fmt.Sprintf("row %d is", from)
	}
	return fmt.Sprintf("rows %d to %d are", from, to)
}
