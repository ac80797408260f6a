package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
)

const validGame = `{"home_team":"Ohio State","away_team":"Michigan"}`

func problemIn(t testing.TB, w *httptest.ResponseRecorder) httpapi.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), w.Body)
	var p httpapi.Problem
	dec := json.NewDecoder(w.Body)
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&p))
	require.Equal(t, w.Code, p.Status)
	require.Equal(t, "/problems/"+strings.ReplaceAll(p.Code, "_", "-"), p.Type)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.Equal(t, w.Header().Get("X-Request-Id"), p.Instance)
	return p
}

func TestProblems(t *testing.T) {
	big := `{"home_team":"` + strings.Repeat("x", contract.MaxBodyBytes) + `"}`
	post := http.MethodPost
	for name, tc := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code, location     string
	}{
		"unknown path":           {"GET", "/v2/nothing", "", nil, 404, "not_found", ""},
		"root":                   {"GET", "/", "", nil, 404, "not_found", ""},
		"trailing slash":         {"GET", "/v1/games/", "", nil, 404, "not_found", ""},
		"unknown method":         {"BREW", "/v1/games", "", nil, 405, "method_not_allowed", ""},
		"wrong method":           {"DELETE", "/v1/predictions", "", nil, 405, "method_not_allowed", ""},
		"body too large":         {post, "/v1/predictions", big, nil, 413, "too_large", ""},
		"form":                   {post, "/v1/predictions", "a=b", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "unsupported_media_type", ""},
		"no content type":        {post, "/v1/predictions", validGame, []string{"Content-Type: "}, 415, "unsupported_media_type", ""},
		"problem as JSON":        {post, "/v1/predictions", validGame, []string{"Content-Type: application/problem+json"}, 415, "unsupported_media_type", ""},
		"latin-1":                {post, "/v1/predictions", validGame, []string{"Content-Type: application/json; charset=latin1"}, 415, "unsupported_media_type", ""},
		"gzip":                   {post, "/v1/predictions", validGame, []string{"Content-Encoding: gzip"}, 415, "unsupported_media_type", ""},
		"empty body":             {post, "/v1/predictions", "", nil, 400, "malformed", ""},
		"malformed":              {post, "/v1/predictions", `{"home_team":`, nil, 400, "malformed", ""},
		"trailing garbage":       {post, "/v1/predictions", validGame + "x", nil, 400, "malformed", ""},
		"NaN":                    {post, "/v1/predictions", `{"home_team":"A","away_team":"B","spread":NaN}`, nil, 400, "malformed", ""},
		"deep nesting":           {post, "/v1/predictions", strings.Repeat("[", 50_000), nil, 400, "malformed", ""},
		"number beyond floats":   {post, "/v1/predictions", `{"home_team":"A","away_team":"B","spread":1e999}`, nil, 400, "malformed", ""},
		"deep but sound":         {post, "/v1/predictions", strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), nil, 422, "invalid", "body"},
		"null":                   {post, "/v1/predictions", `null`, nil, 422, "invalid", "body"},
		"missing team":           {post, "/v1/predictions", `{"home_team":"A"}`, nil, 422, "invalid", "body"},
		"empty team":             {post, "/v1/predictions", `{"home_team":"","away_team":"B"}`, nil, 422, "invalid", "body.home_team"},
		"long team":              {post, "/v1/predictions", `{"home_team":"` + strings.Repeat("é", 81) + `","away_team":"B"}`, nil, 422, "invalid", "body.home_team"},
		"unknown field":          {post, "/v1/predictions", `{"home_team":"A","away_team":"B","favourite":1}`, nil, 422, "invalid", "body.favourite"},
		"wrong type":             {post, "/v1/predictions", `{"home_team":1,"away_team":"B"}`, nil, 422, "invalid", "body.home_team"},
		"huge spread":            {post, "/v1/predictions", `{"home_team":"A","away_team":"B","spread":100.5}`, nil, 422, "invalid", "body.spread"},
		"huge season":            {post, "/v1/predictions", `{"home_team":"A","away_team":"B","season":1e300}`, nil, 422, "invalid", "body.season"},
		"half a week":            {post, "/v1/predictions", `{"home_team":"A","away_team":"B","week":1.5}`, nil, 422, "invalid", "body.week"},
		"week as float":          {post, "/v1/predictions", `{"home_team":"A","away_team":"B","week":1e1}`, nil, 422, "invalid", "body"},
		"unknown model":          {post, "/v1/predictions", `{"home_team":"A","away_team":"B","model":"oracle"}`, nil, 422, "invalid", "body.model"},
		"unknown season type":    {post, "/v1/predictions", `{"home_team":"A","away_team":"B","season_type":"spring"}`, nil, 422, "invalid", "body.season_type"},
		"unknown team":           {post, "/v1/predictions", `{"home_team":"Nowhere","away_team":"B"}`, nil, 404, "not_found", "body.home_team"},
		"unexpected error":       {post, "/v1/predictions", `{"home_team":"Broken","away_team":"B"}`, nil, 500, "internal", ""},
		"panic":                  {post, "/v1/predictions", `{"home_team":"Panic","away_team":"B"}`, nil, 500, "internal", ""},
		"dependency away":        {post, "/v1/predictions", `{"home_team":"Away","away_team":"B"}`, nil, 503, "unavailable", ""},
		"timeout":                {post, "/v1/predictions", `{"home_team":"Slow","away_team":"B"}`, nil, 504, "timeout", ""},
		"wrong key":              {post, "/v1/predictions", validGame, []string{"Authorization: Bearer nonsense"}, 401, "unauthenticated", ""},
		"wrong key in X-API-Key": {"GET", "/v1/teams", "", []string{"X-API-Key: nonsense"}, 401, "unauthenticated", ""},
		"basic authentication":   {"GET", "/v1/teams", "", []string{"Authorization: Basic " + readOnlyKey}, 401, "unauthenticated", ""},
		"key cannot be checked":  {"GET", "/v1/teams", "", []string{"X-API-Key: " + awayKey}, 503, "unavailable", ""},
		"no key where needed":    {post, "/v1/predictions/batch", `{"games":[]}`, nil, 401, "unauthenticated", ""},
		"role too low":           {post, "/v1/admin/pack", `{"rollback":true}`, []string{"X-API-Key: " + developerKey}, 403, "forbidden", ""},
		"batch of none":          {post, "/v1/predictions/batch", `{"games":[]}`, []string{"X-API-Key: " + readOnlyKey}, 422, "invalid", "body.games"},
		"batch too large":        {post, "/v1/predictions/batch", batch(1001), []string{"X-API-Key: " + readOnlyKey}, 422, "invalid", "body.games"},
		"pack both":              {post, "/v1/admin/pack", `{"rollback":true,"version":"1"}`, []string{"X-API-Key: " + operatorKey}, 422, "invalid", "body"},
		"pack neither":           {post, "/v1/admin/pack", `{}`, []string{"X-API-Key: " + operatorKey}, 422, "invalid", "body"},
		"pack path":              {post, "/v1/admin/pack", `{"version":"../etc"}`, []string{"X-API-Key: " + operatorKey}, 422, "invalid", "body.version"},
		"pack broken":            {post, "/v1/admin/pack", `{"version":"broken"}`, []string{"X-API-Key: " + operatorKey}, 409, "conflict", ""},
		"game id not a number":   {"GET", "/v1/games/abc", "", nil, 422, "invalid", "path.id"},
		"game id too large":      {"GET", "/v1/games/99999999999999999999", "", nil, 422, "invalid", "path.id"},
		"unknown game":           {"GET", "/v1/games/404", "", nil, 404, "not_found", ""},
		"unknown query":          {"GET", "/v1/games?saeson=2023", "", nil, 422, "invalid", "query.saeson"},
		"page too large":         {"GET", "/v1/games?limit=501", "", nil, 422, "invalid", "query.limit"},
		"played maybe":           {"GET", "/v1/games?played=maybe", "", nil, 422, "invalid", "query.played"},
		"made-up cursor":         {"GET", "/v1/games?cursor=AAAA", "", nil, 422, "invalid", "query.cursor"},
		"broken escape in query": {"GET", "/v1/games?team=%zz", "", nil, 400, "malformed", ""},
		"query not UTF-8":        {"GET", "/v1/games?team=%ff", "", nil, 400, "malformed", ""},
		"NUL in query":           {"GET", "/v1/games?team=%00", "", nil, 400, "malformed", ""},
		"path not UTF-8":         {"GET", "/v1/teams/%ff", "", nil, 400, "malformed", ""},
		"unknown team card":      {"GET", "/v1/teams/Nowhere", "", nil, 404, "not_found", ""},
		"unknown model card":     {"GET", "/v1/models/oracle", "", nil, 404, "not_found", ""},
		"season out of range":    {"GET", "/v1/predictions/1700/1", "", nil, 422, "invalid", "path.season"},
		"rankings week 0":        {"GET", "/v1/rankings?season=2023&week=0", "", nil, 422, "invalid", "query.week"},
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t, testDeps(), httpapi.Options{Timeout: 50 * time.Millisecond})
			w := send(api, tc.method, tc.path, tc.body, tc.headers...)
			require.Equal(t, tc.status, w.Code, w.Body)
			p := problemIn(t, w)
			require.Equal(t, tc.code, p.Code)
			if tc.location != "" {
				require.NotEmpty(t, p.Errors)
				require.Equal(t, tc.location, p.Errors[0].Location)
				require.NotEmpty(t, p.Errors[0].Message)
			}
			require.NotContains(t, fmt.Sprint(p), "secret detail")
			require.NotContains(t, fmt.Sprint(p), io.ErrUnexpectedEOF.Error()+":")
			require.Equal(t, tc.status == 401, w.Header().Get("WWW-Authenticate") != "")
			require.Equal(t, tc.status == 405, w.Header().Get("Allow") != "")
		})
	}
}

func TestBodyLimitHoldsWithoutContentLength(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{MaxBody: 100})
	for size, status := range map[int]int{100: 200, 101: 413} {
		body := validGame + strings.Repeat(" ", size-len(validGame))
		r := httptest.NewRequest(http.MethodPost, "/v1/predictions", io.MultiReader(strings.NewReader(body)))
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/json; charset=UTF-8")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		require.Equal(t, status, w.Code, w.Body)
	}
}

func TestEveryFaultHasItsProblem(t *testing.T) {
	for _, code := range []fault.Code{
		fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict,
		fault.TooLarge, fault.RateLimited, fault.Unavailable, fault.Internal,
	} {
		deps := testDeps()
		deps.Predictor = failing{err: fmt.Errorf("wrapped: %w", fault.Wrap(code, errors.New("the cause"), "the message"))}
		w := send(newAPI(t, deps, httpapi.Options{}), http.MethodPost, "/v1/predictions", validGame)
		p := problemIn(t, w)
		require.Equal(t, string(code), p.Code)
		require.NotContains(t, p.Detail, "the cause")
		require.Equal(t, code != fault.Internal, p.Detail == "the message")
	}
}

func TestLongAndStructuredValuesAreNotRepeated(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	w := send(api, http.MethodPost, "/v1/predictions", `{"home_team":"`+strings.Repeat("x", 5000)+`","away_team":{"a":1}}`)
	require.Equal(t, 422, w.Code)
	require.Less(t, w.Body.Len(), 1000)
	for _, e := range problemIn(t, w).Errors {
		require.Nil(t, e.Value)
	}
}

func batch(n int) string {
	return `{"games":[` + strings.TrimSuffix(strings.Repeat(validGame+",", n), ",") + `]}`
}
