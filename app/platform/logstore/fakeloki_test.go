package logstore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeLoki answers range queries as Loki's documentation says: lines from
// start on and before end, the first of them up to a limit over all streams,
// grouped by stream. What is not promised changes from answer to answer: the
// order of streams, and that of lines of one nanosecond.
type fakeLoki struct {
	*httptest.Server

	mu       sync.Mutex
	entries  []fakeEntry
	most     int                // max_entries_limit_per_query
	short    bool               // a page may end at any nanosecond, though there is more
	script   []http.HandlerFunc // for the next requests
	requests []url.Values
	user     *url.Userinfo // nobody else may read
}

type fakeEntry struct {
	at     int64
	labels map[string]string
	line   string
}

const allLines = `{app="ohio"}`

func newFakeLoki(t *testing.T) *fakeLoki {
	t.Helper()
	f := &fakeLoki{most: 5000}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// client is a Loki that tries again at once.
func (f *fakeLoki) client(t *testing.T, o LokiOptions) *Loki {
	t.Helper()
	u, err := url.Parse(f.URL)
	require.NoError(t, err)
	u.User = f.user
	o.Backoff = orDefault(o.Backoff, time.Millisecond)
	l := NewLoki(u, allLines, o)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func (f *fakeLoki) put(at int64, pod, line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, fakeEntry{at, map[string]string{"app": "ohio", "pod": pod}, line})
}

func (f *fakeLoki) asked() int { f.mu.Lock(); defer f.mu.Unlock(); return len(f.requests) }

var selectorForm = regexp.MustCompile(`^\{\w+="[^"]*"(, *\w+="[^"]*")*\}$`)

func (f *fakeLoki) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	query := r.URL.Query()
	f.requests = append(f.requests, query)
	var scripted http.HandlerFunc
	if len(f.script) > 0 {
		scripted, f.script = f.script[0], f.script[1:]
	}
	f.mu.Unlock()
	if scripted != nil {
		scripted(w, r)
		return
	}
	if f.user != nil {
		user, password, _ := r.BasicAuth()
		if want, _ := f.user.Password(); user != f.user.Username() || password != want {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
	}
	limit, start, end, err := question(query, f.most)
	switch {
	case r.URL.Path != queryRange:
		http.NotFound(w, r)
	case r.Header.Get("X-Scope-OrgID") != "" || r.Header.Get("X-Loki-Response-Encoding-Flags") != "":
		http.Error(w, "that was not meant to be asked", http.StatusTeapot)
	case err != "":
		http.Error(w, err, http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(f.answer(limit, start, end))
	}
}

func question(query url.Values, most int) (limit int, start, end int64, problem string) {
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "100"))
	if err != nil || limit <= 0 {
		return 0, 0, 0, "limit must be a positive value"
	}
	if limit > most {
		return 0, 0, 0, fmt.Sprintf("max entries limit per query exceeded, limit > max_entries_limit_per_query (%d > %d)", limit, most)
	}
	if query.Get("direction") != "forward" {
		return 0, 0, 0, "these tests read forward"
	}
	if !selectorForm.MatchString(query.Get("query")) {
		return 0, 0, 0, "parse error at line 1, col 2: syntax error: unexpected }, expecting IDENTIFIER"
	}
	start, startErr := strconv.ParseInt(query.Get("start"), 10, 64)
	end, endErr := strconv.ParseInt(query.Get("end"), 10, 64)
	if startErr != nil || endErr != nil {
		return 0, 0, 0, "could not parse a timestamp"
	}
	if end <= start {
		return 0, 0, 0, "end timestamp must not be before or equal to start time"
	}
	return limit, start, end, ""
}

func (f *fakeLoki) answer(limit int, start, end int64) any {
	f.mu.Lock()
	entries, short := slices.Clone(f.entries), f.short
	f.mu.Unlock()
	entries = slices.DeleteFunc(entries, func(e fakeEntry) bool { return e.at < start || e.at >= end })
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	slices.SortStableFunc(entries, func(a, b fakeEntry) int { return cmp.Compare(a.at, b.at) })
	entries = entries[:min(limit, len(entries))]
	if short && len(entries) > 0 && len(entries) < limit {
		end := entries[rand.IntN(len(entries))].at
		entries = slices.DeleteFunc(entries, func(e fakeEntry) bool { return e.at > end })
	}
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][2]string       `json:"values"`
	}
	byPod := map[string]*stream{}
	for _, e := range entries {
		s := byPod[e.labels["pod"]]
		if s == nil {
			s = &stream{Stream: e.labels}
			byPod[e.labels["pod"]] = s
		}
		s.Values = append(s.Values, [2]string{strconv.FormatInt(e.at, 10), e.line})
	}
	streams := []*stream{}
	for _, s := range byPod { // in no order
		streams = append(streams, s)
	}
	return map[string]any{"status": "success", "data": map[string]any{
		"resultType": "streams", "result": streams, "stats": map[string]any{"summary": map[string]any{"totalLinesProcessed": len(entries)}},
	}}
}

// say answers a request with a status and words.
func say(status int, words string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(words))
	}
}

// cut hangs up in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"streams","result":[{"stream":{`))
}

// readLine is a line as Read writes it.
type readLine struct {
	Time   time.Time         `json:"time"`
	Labels map[string]string `json:"labels"`
	Line   string            `json:"line"`
}

func decode(t require.TestingT, texts []string) (all []readLine) {
	for _, text := range texts {
		var l readLine
		require.NoError(t, json.Unmarshal([]byte(text), &l), strings.ToValidUTF8(text, "?"))
		all = append(all, l)
	}
	return all
}
