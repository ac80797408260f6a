package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/platform/ratelimit"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/serving"
)

func answer[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var v T
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

func TestPredict(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	w := send(api, http.MethodPost, "/v1/predictions",
		`{"home_team":"Texas A&M","away_team":"San José State","neutral_site":true,"spread":-3.5,"model":"gbt","explain":true}`, "Accept: text/html")
	require.Contains(t, w.Body.String(), "Texas A&M", "no HTML escapes")
	p := answer[serving.Prediction](t, w)
	require.Equal(t, "San José State", p.AwayTeam)
	require.True(t, p.NeutralSite)
	require.Equal(t, -3.5, *p.Spread)
	require.Equal(t, "gbt", p.Model)
	require.NotEmpty(t, p.Contributions)
}

func TestAnswersThatAreNotJSONBecomeProblems(t *testing.T) {
	deps := testDeps()
	deps.Predictor = infinite{}
	w := send(newAPI(t, deps, httpapi.Options{}), http.MethodPost, "/v1/predictions", validGame)
	require.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
	require.Equal(t, "internal", problemIn(t, w).Code)
}

func TestBatchKeepsOrderAndCountsFailures(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	body := `{"games":[` + validGame + `,{"home_team":"Nowhere","away_team":"B"},{"home_team":"C","away_team":"D"},{"home_team":"Broken","away_team":"B"}]}`
	got := answer[httpapi.BatchAnswer](t, send(api, http.MethodPost, "/v1/predictions/batch", body, "X-API-Key: "+readOnlyKey))
	require.Equal(t, 2, got.Failed)
	require.Len(t, got.Predictions, 4)
	for i, item := range got.Predictions {
		require.Equal(t, i, item.Index)
		require.NotEqual(t, item.Prediction == nil, item.Error == nil)
	}
	require.Equal(t, "C", got.Predictions[2].Prediction.HomeTeam)
	require.Equal(t, "not_found", got.Predictions[1].Error.Code)
	require.Equal(t, "body.games[1].home_team", got.Predictions[1].Error.Errors[0].Location)
	require.Equal(t, "internal", got.Predictions[3].Error.Code)

	body = `{"games":[{"home_team":"A","away_team":"B","x":1},` + validGame + `,{"home_team":"A","away_team":"B","spread":1000}]}`
	got = answer[httpapi.BatchAnswer](t, send(api, http.MethodPost, "/v1/predictions/batch", body, "X-API-Key: "+readOnlyKey))
	require.Equal(t, 2, got.Failed)
	require.NotNil(t, got.Predictions[1].Prediction)
	require.Equal(t, "body.games[0].x", got.Predictions[0].Error.Errors[0].Location)
	require.Equal(t, "body.games[2].spread", got.Predictions[2].Error.Errors[0].Location)

	w := send(api, http.MethodPost, "/v1/predictions/batch", batch(contract.MaxBatchGames), "X-API-Key: "+readOnlyKey)
	require.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
	full := answer[httpapi.BatchAnswer](t, w)
	require.Len(t, full.Predictions, contract.MaxBatchGames)
}

func TestReads(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{Version: "v1.2.3"})
	slate := answer[serving.Slate](t, send(api, "GET", "/v1/predictions/2023/5?season_type=postseason", ""))
	require.Equal(t, []any{2023, 5, "postseason"}, []any{slate.Season, slate.Week, slate.SeasonType})
	require.Equal(t, "regular", answer[serving.Slate](t, send(api, "GET", "/v1/predictions/2023/5", "")).SeasonType)

	ranking := answer[serving.Ranking](t, send(api, "GET", "/v1/rankings?season=2023&week=3", ""))
	require.Equal(t, []int{2023, 3}, []int{ranking.Season, ranking.Week})
	require.Zero(t, answer[serving.Ranking](t, send(api, "GET", "/v1/rankings", "")).Season)

	require.Len(t, answer[httpapi.TeamList](t, send(api, "GET", "/v1/teams", "")).Teams, 1)
	for escaped, name := range map[string]string{
		"Ohio%20State": "Ohio State", "Texas%20A%26M": "Texas A&M", "A%2FB": "A/B", "A+B": "A+B", "50%25": "50%", "Hawai'i": "Hawai'i",
	} {
		require.Equal(t, name, answer[serving.TeamCard](t, send(api, "GET", "/v1/teams/"+escaped, "")).Team)
	}
	require.Len(t, answer[httpapi.ModelList](t, send(api, "GET", "/v1/models", "")).Models, 1)
	require.Equal(t, "ensemble", answer[serving.ModelCard](t, send(api, "GET", "/v1/models/ensemble", "")).Name)
	require.Equal(t, httpapi.Health{Status: "ok", Version: "v1.2.3"}, answer[httpapi.Health](t, send(api, "GET", "/health", "")))
}

func TestPackIsForOperators(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	activated := answer[httpapi.PackStatus](t, send(api, "POST", "/v1/admin/pack", `{"version":"2024.2"}`, "X-API-Key: "+operatorKey))
	require.Equal(t, "2024.2", activated.Version)
	require.Equal(t, "key op (operations)", activated.Source)
	require.Equal(t, "before", answer[httpapi.PackStatus](t, send(api, "POST", "/v1/admin/pack", `{"rollback":true}`, "X-API-Key: "+operatorKey)).Version)
}

func TestPagesCoverEveryGameOnce(t *testing.T) {
	deps := testDeps()
	var games fakeGames
	for i := range 7 {
		g := football.Game{Fixture: football.Fixture{ID: int64(i + 1), Season: 2023, Start: time.Date(2023, 9, 2, i/3, 0, 0, 123456000, time.UTC)}}
		if i%2 == 0 {
			g.Score = &football.Score{Home: 21, Away: 0}
		}
		games = append(games, g)
	}
	deps.Games = games
	api := newAPI(t, deps, httpapi.Options{})
	for _, size := range []int{1, 2, 7, 500} {
		var ids []int64
		cursor, pages := "", 0
		for {
			page := answer[httpapi.GamePage](t, send(api, "GET", fmt.Sprintf("/v1/games?season=2023&limit=%d&cursor=%s", size, cursor), ""))
			pages++
			for _, g := range page.Games {
				ids = append(ids, g.ID)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
			require.Equal(t, 422, send(api, "GET", "/v1/games?season=2022&cursor="+cursor, "").Code, "another list")
		}
		require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7}, ids)
		require.Equal(t, (len(games)+size-1)/size, pages)
	}
	played := answer[httpapi.GamePage](t, send(api, "GET", "/v1/games?played=true", ""))
	require.Len(t, played.Games, 4)
	require.Equal(t, 0, *played.Games[0].Away.Points)
	require.Len(t, answer[httpapi.GamePage](t, send(api, "GET", "/v1/games?played=false", "")).Games, 3)
	require.Equal(t, int64(3), answer[httpapi.Game](t, send(api, "GET", "/v1/games/3", "")).ID)
	require.JSONEq(t, `{"games":[]}`, send(api, "GET", "/v1/games?season=1999", "").Body.String())
}

func TestCursorsAreSigned(t *testing.T) {
	deps := testDeps()
	deps.Games = fakeGames{{Fixture: football.Fixture{ID: 1, Start: time.Unix(1, 0)}}, {Fixture: football.Fixture{ID: 2, Start: time.Unix(2, 0)}}}
	first := newAPI(t, deps, httpapi.Options{SecretKey: []byte("one")})
	cursor := answer[httpapi.GamePage](t, send(first, "GET", "/v1/games?limit=1", "")).NextCursor
	for secret, status := range map[string]int{"one": 200, "two": 422} {
		deps.Registerer = prometheus.NewRegistry()
		other := newAPI(t, deps, httpapi.Options{SecretKey: []byte(secret)})
		require.Equal(t, status, send(other, "GET", "/v1/games?limit=1&cursor="+cursor, "").Code)
	}
	for i := range cursor {
		changed := []byte(cursor)
		changed[i] ^= 1
		require.NotEqual(t, 200, send(first, "GET", "/v1/games?cursor="+string(changed), "").Code)
	}
}

func TestReadiness(t *testing.T) {
	deps := testDeps()
	var refusal error
	deps.Ready = func() error { return refusal }
	api := newAPI(t, deps, httpapi.Options{})
	require.Equal(t, httpapi.Readiness{Status: "ready", PackVersion: "2024.1"}, answer[httpapi.Readiness](t, send(api, "GET", "/ready", "")))

	refusal = errors.Join(errors.New("no pack"), fault.Wrap(fault.Unavailable, errors.New("host db-7"), "no database"))
	w := send(api, "GET", "/ready", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	p := problemIn(t, w)
	require.Len(t, p.Errors, 2)
	require.Equal(t, "no pack", p.Errors[0].Message)
	require.Equal(t, "no database", p.Errors[1].Message)

	refusal = nil
	api.Drain()
	require.Contains(t, send(api, "GET", "/ready", "").Body.String(), "shutting down")
	require.Equal(t, http.StatusOK, send(api, "GET", "/health", "").Code)
	require.Equal(t, http.StatusOK, send(api, "POST", "/v1/predictions", validGame).Code)
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	server := httptest.NewServer(api)
	defer server.Close()
	res, err := http.Head(server.URL + "/health")
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "GET, HEAD", send(api, "PUT", "/health", "").Header().Get("Allow"))
	http.DefaultClient.CloseIdleConnections()
}

func TestRequestIDAndSecurityHeaders(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	require.Equal(t, "abc-123", send(api, "GET", "/health", "", "X-Request-Id: abc-123").Header().Get("X-Request-Id"))
	seen := map[string]bool{}
	for _, odd := range []string{"", "with space", "a\"b", strings.Repeat("x", 129), "ü"} {
		w := send(api, "GET", "/nothing", "", "X-Request-Id: "+odd)
		id := w.Header().Get("X-Request-Id")
		require.Regexp(t, `^[0-9a-f]{32}$`, id)
		require.False(t, seen[id])
		seen[id] = true
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	}
}

func TestLimits(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	deps := testDeps()
	deps.Limiter = ratelimit.NewMemory(ratelimit.Options{Clock: func() time.Time { return now }})
	reg := prometheus.NewRegistry()
	deps.Registerer = reg
	api := newAPI(t, deps, httpapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	exhaust := func(path string, headers ...string) (allowed int) {
		for {
			w := send(api, "GET", path, "", headers...)
			if w.Code == http.StatusTooManyRequests {
				require.Equal(t, "rate_limited", problemIn(t, w).Code)
				require.NotEmpty(t, w.Header().Get("Retry-After"))
				require.Equal(t, "0", w.Header().Get("RateLimit-Remaining"))
				return allowed
			}
			require.Equal(t, http.StatusOK, w.Code)
			require.NotEmpty(t, w.Header().Get("RateLimit-Reset"))
			require.Empty(t, w.Header().Get("Retry-After"))
			allowed++
		}
	}
	budget := func(class contract.RateClass, role contract.Role) int {
		rate, _ := contract.RateFor(class, role)
		return rate.Burst
	}
	anonymous := budget(contract.RateBrowse, contract.Anonymous)
	require.Equal(t, anonymous, exhaust("/v1/teams", "X-Forwarded-For: 198.51.100.1"))
	require.Equal(t, anonymous, exhaust("/v1/teams", "X-Forwarded-For: 198.51.100.2"), "another client")
	require.Zero(t, exhaust("/v1/models", "X-Forwarded-For: 198.51.100.2"), "the same class")
	require.Equal(t, budget(contract.RatePredict, contract.Anonymous), exhaust("/v1/predictions/2023/1", "X-Forwarded-For: 198.51.100.2"), "another class")
	require.Equal(t, budget(contract.RateBrowse, contract.ReadOnly), exhaust("/v1/teams", "X-Forwarded-For: 198.51.100.2", "X-API-Key: "+readOnlyKey))
	require.Equal(t, 5, exhaust("/v1/teams", "X-API-Key: "+slowKey), "burst 100 at 20 a second, scaled to 1 a second")
	for range 50 {
		require.Equal(t, http.StatusOK, send(api, "GET", "/health", "", "X-Forwarded-For: 198.51.100.2").Code, "probes are free")
	}
	require.Equal(t, float64(anonymous)*2+float64(budget(contract.RateBrowse, contract.ReadOnly))+5,
		sample(t, reg, contract.RateLimited.Name, "class", "browse", "result", "allowed", "backend", "memory"))
}

func TestGuessingKeysIsLimited(t *testing.T) {
	deps := testDeps()
	deps.Limiter = ratelimit.NewMemory(ratelimit.Options{Clock: func() time.Time { return time.Unix(0, 0) }})
	api := newAPI(t, deps, httpapi.Options{})
	rate, _ := contract.RateFor(contract.RatePredict, contract.Anonymous)
	for range rate.Burst {
		require.Equal(t, 401, send(api, "POST", "/v1/predictions", validGame, "X-API-Key: guess").Code)
	}
	require.Equal(t, 429, send(api, "POST", "/v1/predictions", validGame, "X-API-Key: guess").Code)
	require.Equal(t, 429, send(api, "POST", "/v1/predictions", validGame).Code, "the anonymous budget is spent")
	require.Equal(t, 200, send(api, "POST", "/v1/predictions", validGame, "Authorization: bearer "+developerKey).Code, "a right key has its own")
}

func TestMetrics(t *testing.T) {
	reg, active := prometheus.NewRegistry(), &fakeActive{}
	deps := testDeps()
	deps.Registerer, deps.ActiveUsers = reg, active
	api := newAPI(t, deps, httpapi.Options{})
	send(api, "POST", "/v1/predictions", validGame, "X-API-Key: "+developerKey)
	send(api, "POST", "/v1/predictions", `{"home_team":"A","away_team":"B","spread":-3}`)
	send(api, "POST", "/v1/predictions", `{"home_team":"Panic","away_team":"B"}`)
	send(api, "GET", "/made/up", "")
	send(api, "BREW", "/made/up", "")

	requests := func(labels ...string) float64 { return sample(t, reg, contract.HTTPRequests.Name, labels...) }
	require.Equal(t, 2.0, requests("method", "POST", "route", "/v1/predictions", "status", "200"))
	require.Equal(t, 1.0, requests("method", "POST", "route", "/v1/predictions", "status", "500"))
	require.Equal(t, 1.0, requests("method", "GET", "route", "unmatched", "status", "404"))
	require.Equal(t, 1.0, requests("method", "other", "route", "unmatched", "status", "404"))
	require.Equal(t, 3.0, sample(t, reg, contract.HTTPRequestDuration.Name, "method", "POST", "route", "/v1/predictions"))
	require.Equal(t, 0.0, sample(t, reg, contract.HTTPInFlight.Name))
	require.Equal(t, 1.0, sample(t, reg, contract.Predictions.Name, "model", "ensemble", "spread", "true"))
	require.Equal(t, 1.0, sample(t, reg, contract.Predictions.Name, "model", "ensemble", "spread", "false"))
	require.Equal(t, 2.0, sample(t, reg, contract.PredictionDuration.Name, "model", "ensemble"))
	require.Equal(t, map[string]int{"dev": 1}, active.seen)
	require.Equal(t, 1.0, sample(t, reg, contract.ActiveUsers.Name))
	problems, err := testutil.GatherAndLint(reg, contract.HTTPRequests.Name, contract.HTTPRequestDuration.Name)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// sample reads a counter, a gauge or the count of a histogram; -1 when absent.
func sample(t *testing.T, reg *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			got := map[string]string{}
			for _, l := range m.GetLabel() {
				got[l.GetName()] = l.GetValue()
			}
			same := len(got) == len(labels)/2
			for i := 0; i < len(labels); i += 2 {
				same = same && got[labels[i]] == labels[i+1]
			}
			if same {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return -1
}

func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	deps := testDeps()
	var err error
	deps.Logger, err = telemetry.Logger(&log, "info")
	require.NoError(t, err)
	clock := time.Unix(0, 0)
	api := newAPI(t, deps, httpapi.Options{Clock: func() time.Time { clock = clock.Add(time.Millisecond); return clock }})

	send(api, "GET", "/health", "")
	require.Empty(t, log.String(), "probes are logged at debug level")

	w := send(api, "POST", "/v1/predictions", validGame, "Authorization: Bearer "+developerKey, "X-Request-Id: r-1")
	var entry map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &entry))
	for key, want := range map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "route": "/v1/predictions", "status": 200.0,
		"bytes": float64(w.Body.Len()), "client": "192.0.2.1", "key_id": "dev", "request_id": "r-1",
	} {
		require.Equal(t, want, entry[key], key)
	}
	require.Positive(t, entry["duration_ms"])
	require.NotContains(t, log.String(), developerKey)

	log.Reset()
	send(api, "POST", "/v1/predictions", `{"home_team":"Panic","away_team":"B"}`, "X-Request-Id: r-2")
	first, _, _ := bytes.Cut(log.Bytes(), []byte("\n"))
	require.NoError(t, json.Unmarshal(first, &entry))
	require.Equal(t, "r-2", entry["request_id"])
	require.Equal(t, slog.LevelError.String(), entry["level"])
	require.Contains(t, entry["stack"], "fakePredictor")
	require.Contains(t, entry["panic"], "secret detail")

	log.Reset()
	send(api, "POST", "/v1/predictions", `{"home_team":"Away","away_team":"B"}`)
	require.Contains(t, log.String(), "unexpected EOF", "the cause is for the log")
}

func TestDocuments(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	asJSON := send(api, "GET", "/openapi.json", "")
	want, err := httpapi.OpenAPI()
	require.NoError(t, err)
	require.Equal(t, string(want), asJSON.Body.String())
	require.Contains(t, send(api, "GET", "/openapi.yaml", "").Body.String(), "openapi: 3.1.0")

	page := send(api, "GET", "/docs", "")
	require.Equal(t, http.StatusOK, page.Code)
	policy := page.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'; script-src 'sha256-")
	require.Contains(t, policy, "style-src 'sha256-")
	require.NotContains(t, policy, "unsafe")
	html := page.Body.String()
	for _, outside := range []string{"http://", "https://", " style=", " onclick=", "innerHTML", "src="} {
		require.NotContains(t, html, outside)
	}
}
