package smoke

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

// Verdict is what came of one question.
type Verdict string

// The verdicts. Slow is a warning: the answer was right, and later than
// contract.LatencyTarget. Only Failed fails the whole.
const (
	Passed  Verdict = "passed"
	Slow    Verdict = "slow"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped"
)

// Result is one question to one route and what came of it.
type Result struct {
	Route   string // contract.Route.ID
	Method  string
	Path    string // as asked
	Says    string // what holds when it passes
	Verdict Verdict
	Status  int    // of the answer, 0 without one
	Reason  string // for every verdict but Passed

	took, target time.Duration
}

// Took is the time to answer, connecting left out.
func (r Result) Took() time.Duration { return r.took }

func (r Result) passed() bool { return r.Verdict == Passed || r.Verdict == Slow }

func skipped(route contract.Route, says, reason string) Result {
	return Result{Route: route.ID, Method: route.Method, Path: route.Path, Says: says, Verdict: Skipped, Reason: reason}
}

// MarshalJSON implements json.Marshaler, with times in milliseconds.
func (r Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Route   string  `json:"route"`
		Method  string  `json:"method"`
		Path    string  `json:"path"`
		Says    string  `json:"check"`
		Verdict Verdict `json:"verdict"`
		Status  int     `json:"status,omitempty"`
		Took    float64 `json:"took_ms"`
		Target  float64 `json:"target_ms,omitempty"`
		Reason  string  `json:"reason,omitempty"`
	}{r.Route, r.Method, r.Path, r.Says, r.Verdict, r.Status, milliseconds(r.took), milliseconds(r.target), r.Reason})
}

// Report is a whole smoke test, in the order of contract.Routes.
type Report struct {
	URL         string   `json:"url"`
	Version     string   `json:"version"`
	PackVersion string   `json:"pack_version"`
	Passed      bool     `json:"passed"`
	Verdict     string   `json:"verdict"` // in a line
	TookMS      float64  `json:"took_ms"`
	Results     []Result `json:"results"`
}

// finish sorts and sums up.
func (r *Report) finish(seen *found, took time.Duration) {
	r.Version, r.PackVersion, r.TookMS = seen.version, seen.pack, milliseconds(took)
	place := map[string]int{}
	for i, route := range contract.Routes() {
		place[route.ID] = i
	}
	slices.SortStableFunc(r.Results, func(a, b Result) int { return cmp.Compare(place[a.Route], place[b.Route]) })
	failed := r.Failed()
	r.Passed = len(failed) == 0
	r.Verdict = fmt.Sprintf("passed: %d routes in %s", len(place), round(took))
	if !r.Passed {
		r.Verdict = fmt.Sprintf("FAILED: %s", strings.Join(failed, ", "))
	}
	for _, v := range []Verdict{Slow, Skipped} {
		if n := r.count(v); n > 0 {
			r.Verdict += fmt.Sprintf("; %d %s", n, v)
		}
	}
}

// Failed lists the routes that failed.
func (r Report) Failed() (routes []string) {
	for _, result := range r.Results {
		if result.Verdict == Failed && !slices.Contains(routes, result.Route) {
			routes = append(routes, result.Route)
		}
	}
	return routes
}

func (r Report) count(v Verdict) (n int) {
	for _, result := range r.Results {
		if result.Verdict == v {
			n++
		}
	}
	return n
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// round keeps what a person reads.
func round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
