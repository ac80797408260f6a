package logstore

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
)

func TestLinesOfALoki(t *testing.T) {
	f := newFakeLoki(t)
	f.user = url.UserPassword("reader", "hunter2")
	f.put(noon.UnixNano()-1, "a", "before")
	f.put(noon.UnixNano(), "a", `{"time":"x","msg":"<first> & \"quoted\""}`)
	f.put(noon.UnixNano()+1, "b", "tab\tand ünï")
	f.put(noon.Add(time.Hour).UnixNano(), "a", "after")
	l := f.client(t, LokiOptions{})
	got := lines(t, l, noon, noon.Add(time.Hour))
	require.Equal(t, []string{
		`{"time":"2026-11-03T12:00:00Z","labels":{"app":"ohio","pod":"a"},"line":"{\"time\":\"x\",\"msg\":\"<first> & \\\"quoted\\\"\"}"}`,
		`{"time":"2026-11-03T12:00:00.000000001Z","labels":{"app":"ohio","pod":"b"},"line":"tab\tand ünï"}`,
	}, got)
	require.Equal(t, 3, f.asked(), "an empty page is the end")
	require.Equal(t, url.Values{
		"query": {allLines}, "direction": {"forward"}, "limit": {"2500"},
		"start": {"1793707200000000000"}, "end": {"1793710800000000000"},
	}, f.requests[0])
	require.Empty(t, lines(t, l, noon.Add(2*time.Hour), noon.Add(3*time.Hour)))
	require.Empty(t, lines(t, l, noon, noon), "nothing is asked about no time")
	require.Equal(t, 4, f.asked())
}

// Whatever the pages and however many lines share a nanosecond, every line
// comes once and in order.
func TestPagesLoseAndRepeatNothing(t *testing.T) {
	f := newFakeLoki(t)
	rapid.Check(t, func(r *rapid.T) {
		f.entries, f.most, f.short = nil, 1<<20, rapid.Bool().Draw(r, "short")
		var want []string
		for n := range rapid.IntRange(0, 60).Draw(r, "lines") {
			at := noon.UnixNano() + rapid.Int64Range(0, 9).Draw(r, "at")
			line := fmt.Sprint("line ", n)
			f.put(at, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "pod"), line)
			if at < noon.UnixNano()+8 {
				want = append(want, line)
			}
		}
		got := decode(r, lines(r, f.client(t, LokiOptions{PageLines: rapid.IntRange(1, 12).Draw(r, "page")}), noon, noon.Add(8)))
		require.True(r, slices.IsSortedFunc(got, func(a, b readLine) int { return a.Time.Compare(b.Time) }))
		var came []string
		for _, l := range got {
			came = append(came, l.Line)
		}
		slices.Sort(want)
		slices.Sort(came)
		require.Equal(r, want, came)
	})
}

// More lines of one nanosecond than the Loki gives at once cannot be read; it
// is said, and nothing is made up.
func TestMoreOfANanosecondThanComesAtOnce(t *testing.T) {
	f := newFakeLoki(t)
	f.most = 25
	for n := range 30 {
		f.put(noon.UnixNano()+5, "a", fmt.Sprint(n))
	}
	err := f.client(t, LokiOptions{PageLines: 10}).Read(background, noon, noon.Add(time.Hour), &strings.Builder{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "at least 20 of that nanosecond")
	require.ErrorContains(t, err, "2026-11-03T12:00:00.000000005Z")
	f.most = 40
	require.Len(t, lines(t, f.client(t, LokiOptions{PageLines: 10}), noon, noon.Add(time.Hour)), 30)
}

// A Loki that gives less at a time, or lines that are too long for as many, is
// asked for less.
func TestPagesShrink(t *testing.T) {
	f := newFakeLoki(t)
	f.most = 30
	for n := range 100 {
		f.put(noon.UnixNano()+int64(n/2), "a", fmt.Sprint(n, strings.Repeat("x", 1000)))
	}
	require.Len(t, lines(t, f.client(t, LokiOptions{PageLines: 100}), noon, noon.Add(time.Hour)), 100)
	require.Less(t, f.asked(), 10)
	f.most = 5000
	require.Len(t, lines(t, f.client(t, LokiOptions{PageLines: 100, MaxBytes: 5000}), noon, noon.Add(time.Hour)), 100)
	err := f.client(t, LokiOptions{PageLines: 100, MaxBytes: 500}).Read(background, noon, noon.Add(time.Hour), &strings.Builder{})
	require.Equal(t, fault.TooLarge, fault.CodeOf(err), "a single line is too big: %v", err)
	err = f.client(t, LokiOptions{PageLines: 100, MaxBytes: 1500}).Read(background, noon, noon.Add(time.Hour), &strings.Builder{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "at least 1 of that nanosecond")
}

// How each trouble ends: after how many requests, with which fault, and what
// is said.
func TestTroubleOfALoki(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	away := say(503, "empty ring")
	for name, tc := range map[string]struct {
		script   []http.HandlerFunc
		requests int
		code     fault.Code // "" when it ends well; that takes two good requests
		says     string
	}{
		"too many requests, then none": {[]http.HandlerFunc{say(429, "too many outstanding requests", "Retry-After", "0")}, 3, "", ""},
		"errors of the server":         {[]http.HandlerFunc{say(500, "oops"), say(502, ""), away, say(504, "")}, 6, "", ""},
		"a cut connection":             {[]http.HandlerFunc{cut, hangUp}, 4, "", ""},
		"a broken body":                {[]http.HandlerFunc{say(200, `{"status":"success","data":{"resultType":"streams","result":[{`), say(200, "<html>"), say(200, "")}, 5, "", ""},
		"trouble on the second page":   {[]http.HandlerFunc{nil, away, cut}, 4, "", ""},

		"away for long":             {repeated(away, 5), 5, fault.Unavailable, "does not answer now (503: empty ring)"},
		"hangs up for long":         {repeated(hangUp, 5), 5, fault.Unavailable, "cannot be reached"},
		"always broken":             {repeated(say(200, "[]"), 5), 5, fault.Unavailable, "cannot be read"},
		"another status":            {repeated(say(200, `{"status":"error"}`), 5), 5, fault.Unavailable, "its status is error"},
		"no time":                   {repeated(say(200, streams(`["then","x"]`)), 5), 5, fault.Unavailable, "cannot be read"},
		"no line":                   {repeated(say(200, streams(`["1793707200000000001"]`)), 5), 5, fault.Unavailable, "without a line"},
		"back in an hour":           {[]http.HandlerFunc{say(429, "", "Retry-After", "3600")}, 1, fault.Unavailable, "asks to come back in 1h0m0s"},
		"back at a time":            {[]http.HandlerFunc{say(503, "", "Retry-After", noon.Add(2*time.Hour).Format(http.TimeFormat))}, 1, fault.Unavailable, "asks to come back in 2h0m0s"},
		"a query that is none":      {[]http.HandlerFunc{say(400, "parse error at line 1,\n col 2")}, 1, fault.Invalid, "does not take the query of LOG_STORE (400: parse error at line 1, col 2)"},
		"numbers instead of lines":  {[]http.HandlerFunc{say(200, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}}`)}, 1, fault.Invalid, "its query must select lines"},
		"a stranger":                {[]http.HandlerFunc{say(401, "who is hunter2?")}, 1, fault.Forbidden, "(401: who is ...?)"},
		"something else":            {[]http.HandlerFunc{say(404, "404 page not found")}, 1, fault.Invalid, "there is no Loki at"},
		"a redirect":                {[]http.HandlerFunc{say(302, "", "Location", "http://elsewhere.invalid/")}, 1, fault.Invalid, "there is no Loki at"},
		"not implemented":           {[]http.HandlerFunc{say(501, "")}, 1, fault.Invalid, "(501)"},
		"lines of other times only": {[]http.HandlerFunc{say(200, streams(strings.Repeat(`["1","x"],`, 9)+`["1","x"]`))}, 1, fault.Unavailable, "lines of other times"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeLoki(t)
			f.user = url.UserPassword("reader", "hunter2")
			f.put(noon.UnixNano(), "a", "line")
			f.script = tc.script
			l := f.client(t, LokiOptions{Retries: 4, PageLines: 10, Clock: func() time.Time { return noon }})
			if tc.code == "" {
				require.Len(t, lines(t, l, noon, noon.Add(time.Hour)), 1)
			} else {
				err := l.Read(background, noon, noon.Add(time.Hour), &strings.Builder{})
				require.Equal(t, tc.code, fault.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, tc.says)
				require.NotContains(t, err.Error(), "hunter2")
				require.NotContains(t, err.Error(), "query_range", "the URL is of no use to anybody")
			}
			require.Equal(t, tc.requests, f.asked())
		})
	}
}

func repeated(h http.HandlerFunc, n int) (all []http.HandlerFunc) {
	for range n {
		all = append(all, h)
	}
	return all
}

func streams(values string) string {
	return `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[` + values + `]}]}}`
}

// What Loki adds to a line beyond the documented two is let pass, and so is
// a line that nobody asked for.
func TestMoreThanWasAskedFor(t *testing.T) {
	f := newFakeLoki(t)
	f.script = []http.HandlerFunc{say(200, streams(`["1","too early"],["1793707200000000000","in time",{"trace":"t"}],["1793710800000000000","too late"]`))}
	got := decode(t, lines(t, f.client(t, LokiOptions{}), noon, noon.Add(time.Hour)))
	require.Equal(t, []readLine{{noon, map[string]string{}, "in time"}}, got)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// scripted is a Loki of which every request is answered by a script; nil
// never does.
func scripted(asked func(), script ...http.HandlerFunc) *Loki {
	l := NewLoki(&url.URL{Scheme: "http", Host: "loki"}, allLines, LokiOptions{})
	l.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		asked()
		next := script[0]
		script = script[1:]
		if next == nil {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		w := httptest.NewRecorder()
		next(w, r)
		return w.Result(), nil
	})
	return l
}

// It comes back when Retry-After says, else after twice as long each time, and
// does not wait for an answer for ever.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, waited := time.Now(), []time.Duration{}
		l := scripted(func() { waited = append(waited, time.Since(began)); began = time.Now() },
			say(429, "", "Retry-After", "7"), say(500, ""), nil, say(503, "", "Retry-After", "2"), say(500, ""), say(200, streams("")))
		require.NoError(t, l.Read(t.Context(), noon, noon.Add(time.Hour), hungUp{}))
		require.Equal(t, []time.Duration{
			0, 7 * time.Second, time.Second, time.Minute + 2*time.Second, 2 * time.Second, 4 * time.Second,
		}, waited)
	})
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		err := scripted(func() { asked++ }, nil, nil, nil, nil, nil, nil).Read(t.Context(), noon, noon.Add(time.Hour), hungUp{})
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		require.ErrorContains(t, err, "the Loki at loki did not answer within 1m0s")
		require.Equal(t, 6, asked)
	})
}

func TestReadingIsGivenUp(t *testing.T) {
	f := newFakeLoki(t)
	ctx, cancel := context.WithCancel(background)
	f.script = []http.HandlerFunc{func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }}
	err := f.client(t, LokiOptions{Backoff: time.Hour}).Read(ctx, noon, noon.Add(time.Hour), &strings.Builder{})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "was given up")
	require.Equal(t, 1, f.asked())

	f.put(noon.UnixNano(), "a", strings.Repeat("x", 2*chunk))
	require.ErrorIs(t, f.client(t, LokiOptions{}).Read(background, noon, noon.Add(time.Hour), hungUp{}), errHungUp)
	f.Close()
	err = f.client(t, LokiOptions{Retries: -1}).Read(background, noon, noon.Add(time.Hour), &strings.Builder{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "connection refused")
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(streams(`["1793707200000000000","x"]`)))
	f.Add([]byte(streams(`[1,"x",{}]`)))
	f.Add([]byte(`{"status":"success","data":{"resultType":"streams","result":null}}`))
	l := NewLoki(&url.URL{Scheme: "http", Host: "loki"}, allLines, LokiOptions{})
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := l.read(body)
		if err != nil {
			require.Contains(t, []fault.Code{fault.Unavailable, fault.Invalid}, fault.CodeOf(err))
			return
		}
		for _, e := range entries {
			require.Regexp(t, `^\{.*\}$`, e.labels)
		}
	})
}
