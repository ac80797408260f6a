package smoke_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/run"
	"github.com/script-ohio/platform/app/smoke"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// start serves on a fresh database and stops after the test.
func start(t *testing.T, databaseURL string) *run.Service {
	t.Helper()
	config, err := run.LoadConfig([]string{"LISTEN=127.0.0.1:0", "INTERNAL_LISTEN=127.0.0.1:0", "SHUTDOWN_PAUSE=0", "DATABASE_URL=" + databaseURL})
	require.NoError(t, err)
	service := run.New(config, run.Build{Version: "v1-test"}, slog.New(slog.DiscardHandler))
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.Background())) })
	return service
}

// startInSeason is start in the middle of a season, and gives a key with a
// rate that no test reaches.
func startInSeason(t *testing.T) (service *run.Service, key string) {
	t.Helper()
	database := postgrestest.URL(t)
	embedded, err := pack.Default()
	require.NoError(t, err)
	season := embedded.Manifest.LastBlock.Season + 1
	october := time.Date(season, time.October, 9, 0, 0, 0, 0, time.UTC)
	games := footballtest.Games(footballtest.Options{Seed: 1, First: season, Last: season, PlayedBefore: october})
	pool, err := postgres.Open(t.Context(), database, postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	_, err = football.NewStore(pool).Import(t.Context(), games, func(int) {})
	require.NoError(t, err)
	tasks, err := jobs.NewClient(pool, jobs.ClientOptions{})
	require.NoError(t, err)
	require.NoError(t, tasks.Register(t.Context()))
	_, err = pool.Exec(t.Context(), "update jobs set runnable = true")
	require.NoError(t, err)
	_, err = tasks.Request(t.Context(), contract.JobLogRetention.Name, "test")
	require.NoError(t, err)
	rate := 1e5
	_, key, err = auth.NewStore(pool).Create(t.Context(), "smoke", contract.ReadOnly, &rate, "test")
	require.NoError(t, err)
	return start(t, database), key
}

// ask runs a smoke test that reaches its service.
func ask(t *testing.T, url string, options smoke.Options) smoke.Report {
	t.Helper()
	report, err := smoke.Run(t.Context(), url, options)
	require.NoError(t, err)
	return report
}

// reasons are those of failures, by what was asked.
func reasons(r smoke.Report) map[string]string {
	found := map[string]string{}
	for _, result := range r.Results {
		if result.Verdict == smoke.Failed {
			found[result.Route+" "+result.Says] = result.Reason
		}
	}
	return found
}

// before puts a handler before a service for one route.
func before(t *testing.T, service string, route contract.Route, handler func(original http.Handler) http.HandlerFunc) string {
	t.Helper()
	target, err := url.Parse(service)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{}
	proxy.Transport = transport
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.Handle(route.Method+" "+route.Path, handler(proxy))
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	return server.URL
}

// edited changes the JSON of good answers.
func edited(edit func(map[string]any)) func(http.Handler) http.HandlerFunc {
	return func(original http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			recorded := httptest.NewRecorder()
			original.ServeHTTP(recorded, r)
			var document map[string]any
			if err := json.Unmarshal(recorded.Body.Bytes(), &document); err != nil {
				panic(err)
			}
			edit(document)
			text, _ := json.Marshal(document)
			for name, values := range recorded.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			w.WriteHeader(recorded.Code)
			_, _ = w.Write(text)
		}
	}
}

// instead gives every request the same answer.
func instead(status int, contentType, body string) func(http.Handler) http.HandlerFunc {
	return func(http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
}
