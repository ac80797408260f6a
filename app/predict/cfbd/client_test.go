package cfbd_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
)

func TestQuestionsAreWhatTheAPITakes(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	api.Members("Ohio State", "Iowa")
	r := newRig(t, api, 10, cfbd.Options{})
	week := cfbd.Query{Season: 2022, Week: 3, SeasonType: "regular"}
	games, refused, err := r.Games(t.Context(), week)
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Len(t, games, 20)
	lines, refused, err := r.Lines(t.Context(), week)
	require.NoError(t, err)
	require.Empty(t, refused)
	require.Len(t, lines, 20)
	teams, _, err := r.Teams(t.Context(), 2022)
	require.NoError(t, err)
	require.Equal(t, []cfbd.Team{{School: "Ohio State"}, {School: "Iowa"}}, teams)
	_, _, err = r.Games(t.Context(), cfbd.Query{Season: 2021})
	require.NoError(t, err, "an empty list is an answer")
	require.Equal(t, []string{
		"/games?classification=fbs&seasonType=regular&week=3&year=2022",
		"/lines?seasonType=regular&week=3&year=2022",
		"/teams/fbs?year=2022",
		"/games?classification=fbs&year=2021",
	}, api.Requests())
	require.Equal(t, []int{9, 8, 7, 6}, r.left)
}

// How each trouble ends: after how many requests, with which fault, and what
// is said.
func TestTroubleOfTheAPI(t *testing.T) {
	drop := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`[{"id": 1,`)) // and hangs up
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	fails := cfbdtest.Say(500, "Internal Server Error")
	for name, tc := range map[string]struct {
		script   []http.HandlerFunc
		requests int
		code     fault.Code // "" when it ends well
		says     string
	}{
		"two failures":         {[]http.HandlerFunc{fails, cfbdtest.Say(502, "")}, 3, "", ""},
		"three failures":       {[]http.HandlerFunc{fails, fails, fails}, 3, fault.Unavailable, "fails (500: Internal Server Error)"},
		"busy":                 {[]http.HandlerFunc{cfbdtest.Say(429, "Too many concurrent requests for this endpoint.", "Retry-After", "0")}, 2, "", ""},
		"busy on":              {slices.Repeat([]http.HandlerFunc{cfbdtest.Say(429, "Too many concurrent requests for this endpoint.")}, 3), 3, fault.RateLimited, "too busy (429: Too many"},
		"busy for an hour":     {[]http.HandlerFunc{cfbdtest.Say(503, "Maintenance", "Retry-After", "3600")}, 1, fault.Unavailable, "it asks to come back in 1h0m0s"},
		"busy until tomorrow":  {[]http.HandlerFunc{cfbdtest.Say(429, "Busy", "Retry-After", "Thu, 10 Nov 2022 12:00:00 GMT")}, 1, fault.RateLimited, "come back in 24h0m0s"},
		"quota":                {[]http.HandlerFunc{cfbdtest.Say(429, "Monthly call quota exceeded.")}, 1, fault.RateLimited, "quota at the College Football Data API is used up"},
		"bad key":              {[]http.HandlerFunc{cfbdtest.Say(401, "Unauthorized")}, 1, fault.Forbidden, "check CFBD_API_KEY"},
		"bad question":         {[]http.HandlerFunc{cfbdtest.Say(400, "Validation Failed")}, 1, fault.Invalid, "does not take the question (400: Validation Failed)"},
		"moved":                {[]http.HandlerFunc{cfbdtest.Say(301, "", "Location", "/games?year=1")}, 1, fault.Unavailable, "(301)"},
		"hangs up":             {[]http.HandlerFunc{drop}, 2, "", ""},
		"hangs up on":          {[]http.HandlerFunc{drop, drop, drop}, 3, fault.Unavailable, "cannot be reached"},
		"slow":                 {[]http.HandlerFunc{hang}, 2, "", ""},
		"slow on":              {[]http.HandlerFunc{hang, hang, hang}, 3, fault.Unavailable, "did not answer within 200ms"},
		"broken JSON":          {[]http.HandlerFunc{cfbdtest.Body(`[{"id": 1}, {"id"`)}, 1, fault.Unavailable, "broken off or no JSON"},
		"more than JSON":       {[]http.HandlerFunc{cfbdtest.Body(`[] []`)}, 1, fault.Unavailable, "broken off or no JSON"},
		"an object":            {[]http.HandlerFunc{cfbdtest.Body(`{"games": []}`)}, 1, fault.Unavailable, `something else than a list ({"games": []}...)`},
		"nothing":              {[]http.HandlerFunc{cfbdtest.Body(``)}, 1, fault.Unavailable, "something else than a list"},
		"other keys":           {[]http.HandlerFunc{cfbdtest.Body(`[{"id": 1, "home_team": "Iowa"}]`)}, 1, fault.Unavailable, "has it changed? game 1 of the answer: season is missing"},
		"too much":             {[]http.HandlerFunc{cfbdtest.Body("[" + strings.Repeat(" ", 1<<20) + "]")}, 1, fault.TooLarge, "more than 1000000 bytes"},
		"unchanged from what?": {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }}, 1, fault.Unavailable, "(304)"},
	} {
		t.Run(name, func(t *testing.T) {
			api := cfbdtest.New(t, league()...)
			api.Next(tc.script...)
			r := newRig(t, api, 100, cfbd.Options{MaxBytes: 1_000_000, Timeout: 200 * time.Millisecond, Now: november})
			err := r.ask(t)
			require.Len(t, api.Requests(), tc.requests)
			require.Equal(t, tc.requests, r.spent(t), "every request counts")
			require.Len(t, r.results, tc.requests)
			if tc.code == "" {
				require.NoError(t, err)
				require.Equal(t, cfbd.Fetched, r.results[tc.requests-1])
				return
			}
			require.Equal(t, tc.code, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), api.Key)
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	api.Next(cfbdtest.Say(429, "Too many concurrent requests for this endpoint.", "Retry-After", "1"))
	r := newRig(t, api, 100, cfbd.Options{})
	start := time.Now()
	require.NoError(t, r.ask(t))
	require.GreaterOrEqual(t, time.Since(start), time.Second)
}

// What the API says neither steers a terminal nor begins another line.
func TestWhatTheAPISaysIsHarmless(t *testing.T) {
	const esc, csi, turned = "\x1b[31m", "\u009b2J", "\u202e"
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"a refusal":  {cfbdtest.Say(400, "no\x07 "+esc+"red\r\nohio: done"+csi+turned+"\u2028x"), "(400: no\uFFFD \uFFFD[31mred ohio: done\uFFFD2J\uFFFD x)"},
		"a bad key":  {cfbdtest.Say(401, esc), "(401: \uFFFD[31m)"},
		"a long one": {cfbdtest.Say(400, strings.Repeat("\x1b", 500)), strings.Repeat("\uFFFD", 66) + "..."},
		"no list":    {cfbdtest.Body(esc + "\n" + turned), "(\uFFFD[31m \uFFFD...)"},
		"no object":  {cfbdtest.Body(`["` + csi + turned + `"]`), `no object: "` + "\uFFFD2J\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			api := cfbdtest.New(t)
			api.Next(tc.answer)
			err := newRig(t, api, 100, cfbd.Options{Retries: -1}).ask(t)
			require.ErrorContains(t, err, tc.says)
			require.Equal(t, jobs.Line(err.Error()), err.Error())
		})
	}
}

// A wait is told as a person would.
func TestWaitsAreToldCoarsely(t *testing.T) {
	for value, says := range map[string]string{
		"Tue, 15 Nov 2022 06:53:20 GMT": "come back in 138h53m0s", "3599": "come back in 59m59s", "3600": "come back in 1h0m0s", "3640": "come back in 1h1m0s",
	} {
		api := cfbdtest.New(t)
		api.Next(cfbdtest.Say(503, "Maintenance", "Retry-After", value))
		now := func() time.Time { return november().Add(93240 * time.Microsecond) }
		require.ErrorContains(t, newRig(t, api, 100, cfbd.Options{Now: now}).ask(t), says)
	}
}

// Whatever the API says, the key is not repeated.
func TestTheKeyIsNeverTold(t *testing.T) {
	api := cfbdtest.New(t)
	var log bytes.Buffer
	client, err := cfbd.New(cfbd.Deps{Key: api.Key, Ledger: always{}, Cache: nothing{}, Logger: slog.New(slog.NewTextHandler(&log, nil))},
		cfbd.Options{BaseURL: api.URL, OpenAfter: 1, Retries: -1})
	require.NoError(t, err)
	for _, status := range []int{401, 400, 500} {
		api.Next(cfbdtest.Say(status, "no user has "+api.Key))
		_, _, err = client.Games(t.Context(), cfbd.Query{Season: 2022})
		require.ErrorContains(t, err, "no user has ...")
		require.NotContains(t, err.Error()+log.String(), api.Key)
	}
	require.Contains(t, log.String(), "left alone")
}

// The key goes to the API's address only.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	api := cfbdtest.New(t)
	api.Next(cfbdtest.Say(302, "", "Location", elsewhere.URL))
	require.ErrorContains(t, newRig(t, api, 10, cfbd.Options{}).ask(t), "(302)")
	require.False(t, asked)
}

// Replicas share what was answered; what cannot be read is not kept.
func TestUnchangedAnswersComeFromTheStore(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	first := newRig(t, api, 100, cfbd.Options{})
	second := rigOn(t, first.pool, api, 100, cfbd.Options{})
	query := cfbd.Query{Season: 2022}

	api.Next(cfbdtest.Body(`[{"id": 1}]`))
	_, _, err := first.Games(t.Context(), query)
	require.Error(t, err)
	fresh, _, err := first.Games(t.Context(), query)
	require.NoError(t, err)
	stored, _, err := second.Games(t.Context(), query)
	require.NoError(t, err)
	require.Equal(t, fresh, stored)
	require.Equal(t, []string{cfbd.Fetched, cfbd.Fetched}, first.results)
	require.Equal(t, []string{cfbd.Unchanged}, second.results)

	changed := league()
	changed[0].Score.Home++
	api.Games(changed...)
	again, _, err := second.Games(t.Context(), query)
	require.NoError(t, err)
	require.NotEqual(t, stored, again)
	require.Equal(t, []string{cfbd.Unchanged, cfbd.Fetched}, second.results)
}

func TestAFailingAPIIsLeftAlone(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	api.Next(slices.Repeat([]http.HandlerFunc{cfbdtest.Say(500, "")}, 3)...)
	r := newRig(t, api, 100, cfbd.Options{Retries: -1, OpenAfter: 3, OpenFor: time.Hour})
	for range 3 {
		require.ErrorContains(t, r.ask(t), "fails (500)")
	}
	for range 4 {
		err := r.ask(t)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		require.ErrorContains(t, err, "left alone for 1h0m0s")
	}
	require.Len(t, api.Requests(), 3)
	require.Equal(t, 3, r.spent(t))
	require.Equal(t, append(slices.Repeat([]string{cfbd.Failed}, 3), slices.Repeat([]string{cfbd.Refused}, 4)...), r.results)
}

func TestAnAPIThatCameBackIsAskedAgain(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	api.Next(cfbdtest.Say(500, ""))
	r := newRig(t, api, 100, cfbd.Options{Retries: -1, OpenAfter: 1, OpenFor: time.Millisecond})
	require.Error(t, r.ask(t))
	require.Eventually(t, func() bool { return r.ask(t) == nil }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, r.ask(t))
}

// What the question or the caller is to blame for does not open the breaker.
func TestTheBreakerIsForTheAPIOnly(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	r := newRig(t, api, 100, cfbd.Options{Retries: -1, OpenAfter: 1, OpenFor: time.Hour})
	for _, status := range []int{400, 401, 404, 429} {
		api.Next(cfbdtest.Say(status, "no"))
		require.Error(t, r.ask(t))
	}
	gone, cancel := contextThatEnds(t)
	api.Next(func(_ http.ResponseWriter, q *http.Request) { cancel(); <-q.Context().Done() })
	_, _, err := r.Games(gone, cfbd.Query{Season: 2022})
	require.ErrorContains(t, err, "given up")
	require.NoError(t, r.ask(t))
}

func TestASpentBudgetSendsNothing(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	r := newRig(t, api, 2, cfbd.Options{})
	require.NoError(t, r.ask(t))
	require.NoError(t, r.ask(t))
	err := r.ask(t)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	require.EqualError(t, err, "the budget of 2 requests to the College Football Data API for November 2022 is spent; it renews on 2022-12-01, or raise CFBD_MONTHLY_BUDGET")
	require.Len(t, api.Requests(), 2)
	require.Equal(t, []string{cfbd.Fetched, cfbd.Unchanged, cfbd.Refused}, r.results)
	require.Equal(t, []int{1, 0}, r.left)
}

// Others may use the key too: the lesser count is told.
func TestTheAPIsOwnCountIsHeard(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	api.Left(5)
	r := newRig(t, api, 100, cfbd.Options{})
	require.NoError(t, r.ask(t))
	require.Equal(t, []int{99, 4}, r.left)
}

func TestADatabaseThatIsAwaySendsNothing(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	r := newRig(t, api, 100, cfbd.Options{})
	r.pool.Close()
	require.Equal(t, fault.Unavailable, fault.CodeOf(r.ask(t)))
	require.Empty(t, api.Requests())
}

func TestClientsThatCannotBe(t *testing.T) {
	_, err := cfbd.New(cfbd.Deps{}, cfbd.Options{})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "CFBD_API_KEY is not set")
	for _, address := range []string{"api.collegefootballdata.com", "ftp://host", "https://user:word@host", "://"} {
		_, err = cfbd.New(cfbd.Deps{Key: "k"}, cfbd.Options{BaseURL: address})
		require.ErrorContains(t, err, "must be like https://", address)
	}
}
