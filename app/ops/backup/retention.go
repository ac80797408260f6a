package backup

import (
	"cmp"
	"fmt"
	"time"
)

// abandonedAfter is when what was never completed counts as left behind.
const abandonedAfter = 24 * time.Hour

// Decision is what retention makes of a backup.
type Decision struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Bytes  int64  `json:"bytes"`
	Delete bool   `json:"delete"`
	Reason string `json:"reason"`

	objects []string
}

// decide says which backups may go, from the newest to the oldest. Nothing
// goes that somebody marked, and never the newest backup that a verification
// has read in full; while there is none, not the newest complete one.
// Whether Object Lock keeps a backup is asked later, of those that may go.
func decide(entries []Entry, now time.Time, retention time.Duration) []Decision {
	last := lastResort(entries, now)
	decisions := make([]Decision, len(entries))
	for i, e := range entries {
		age := now.Sub(e.At)
		d := Decision{Name: e.Name, Status: e.Status, Bytes: e.Bytes, objects: e.objects}
		switch {
		case e.Mark != nil:
			d.Reason = "it is marked to be kept: " + e.Mark.Reason
		case e.Name == last:
			d.Reason = "it is the newest that is known to be good"
		case e.Status == Incomplete && age <= abandonedAfter && !future(e.At, now):
			d.Reason = "it may still be under way"
		case e.Status == Incomplete:
			d.Delete, d.Reason = true, "it was never completed"
		case age <= retention:
			d.Reason = fmt.Sprintf("it is not older than %d days", int(retention.Hours()/24))
		default:
			d.Delete, d.Reason = true, fmt.Sprintf("it is %d days old", int(age.Hours()/24))
		}
		decisions[i] = d
	}
	return decisions
}

// lastResort is the backup that one would restore: the newest verified one,
// else the newest complete one, and no safety copy of what was replaced; ""
// when there is none. Those that begin in the future are too young to go, and
// do not count. Entries are newest first.
func lastResort(entries []Entry, now time.Time) (last string) {
	for _, e := range entries {
		if e.Status != Complete || e.Safety || future(e.At, now) {
			continue
		}
		if e.Verified() {
			return e.Name
		}
		last = cmp.Or(last, e.Name)
	}
	return last
}
