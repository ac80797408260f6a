package smoke_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/smoke"
)

func TestAServiceInSeasonPasses(t *testing.T) {
	service, key := startInSeason(t)
	report := ask(t, service.PublicURL(), smoke.Options{Key: key})
	require.Empty(t, reasons(report))
	require.True(t, report.Passed)
	require.Equal(t, "v1-test", report.Version)
	require.NotEmpty(t, report.PackVersion)
	asked := map[string]int{}
	for i, result := range report.Results {
		require.NotEqual(t, smoke.Skipped, result.Verdict, "%s %s: %s", result.Route, result.Says, result.Reason)
		require.Positive(t, result.Status)
		require.Positive(t, result.Took())
		asked[result.Route]++
		if i > 0 && result.Route != report.Results[i-1].Route {
			require.Equal(t, 1, asked[result.Route], "the results of %s stand together", result.Route)
		}
	}
	require.Len(t, asked, len(contract.Routes()))
	require.Contains(t, report.Verdict, fmt.Sprintf("passed: %d routes", len(contract.Routes())))
}

// A fresh installation has no games, and nobody needs a key to look at it.
func TestAnEmptyServicePassesWithoutAKey(t *testing.T) {
	report := ask(t, start(t, postgrestest.URL(t)).PublicURL()+"/", smoke.Options{})
	require.Empty(t, reasons(report))
	skipped := map[string]string{}
	for _, result := range report.Results {
		if result.Verdict == smoke.Skipped {
			skipped[result.Route+" "+result.Says] = result.Reason
		}
	}
	require.Equal(t, map[string]string{
		"predict-batch predicts many":  "it needs an API key",
		"predict-week predicts a week": "list-games gave no game of this week",
		"list-games turns the page":    "list-games gave no second page",
		"get-game shows a game":        "list-games gave no game",

		"list-jobs lists the jobs":        "it needs an API key",
		"list-runs lists runs":            "it needs an API key",
		"get-run knows what is no run":    "it needs an API key",
		"run-events knows what is no run": "it needs an API key",
		"list-alerts lists alerts":        "it needs an API key",

		"list-backups lists backups":                        "it needs an API key",
		"get-backup knows what is no backup":                "it needs an API key",
		"list-backup-outcomes lists what became of backups": "it needs an API key",
	}, skipped)
	require.Contains(t, report.Verdict, "12 skipped")
}

// Whatever route is broken, in whatever way, it alone is named.
func TestABrokenRouteIsNamed(t *testing.T) {
	service, key := startInSeason(t)
	for how, handler := range map[string]func(http.Handler) http.HandlerFunc{
		"error page": instead(http.StatusBadGateway, "text/html", "<h1>Bad Gateway</h1>"),
		"no content": instead(http.StatusOK, "application/json", "{}"),
		"other JSON": instead(http.StatusOK, "application/json", `["x"]`),
		"a web page": instead(http.StatusOK, "text/html", "<h1>Welcome</h1>"),
		"a redirect": func(http.Handler) http.HandlerFunc {
			return http.RedirectHandler("/health", http.StatusFound).ServeHTTP
		},
		"hanging up": func(http.Handler) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
		"not problem": instead(http.StatusNotFound, "application/problem+json", "{}"),
	} {
		for _, route := range contract.Routes() {
			report := ask(t, before(t, service.PublicURL(), route, handler), smoke.Options{Key: key})
			require.Equal(t, []string{route.ID}, report.Failed(), "%s: %v", how, reasons(report))
			require.False(t, report.Passed)
			require.True(t, strings.HasPrefix(report.Verdict, "FAILED: "+route.ID), report.Verdict)
		}
	}
}

func TestARouteThatHangsIsNamed(t *testing.T) {
	service, key := startInSeason(t)
	release := make(chan struct{})
	url := before(t, service.PublicURL(), contract.RouteModel, func(http.Handler) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	})
	defer close(release)
	report := ask(t, url, smoke.Options{Key: key, Timeout: time.Second})
	require.Contains(t, report.Failed(), contract.RouteModel.ID)
	require.Contains(t, reasons(report)["get-model shows a model"], "it took too long")
}

// Callers without a key have a small budget, and two smoke tests in a row are
// more than it.
func TestTheRateLimitIsWaitedOut(t *testing.T) {
	url := start(t, postgrestest.URL(t)).PublicURL()
	for range 3 {
		require.Empty(t, reasons(ask(t, url, smoke.Options{})))
	}
	limited := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer limited.Close()
	require.Len(t, ask(t, limited.URL, smoke.Options{}).Failed(), len(contract.Routes()), "not for longer than an answer may take")
}

// Late is not wrong.
func TestASlowRouteIsAWarning(t *testing.T) {
	service, key := startInSeason(t)
	url := before(t, service.PublicURL(), contract.RoutePredict, func(original http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(contract.LatencyTarget(contract.SLOPrediction))
			original.ServeHTTP(w, r)
		}
	})
	report := ask(t, url, smoke.Options{Key: key})
	require.True(t, report.Passed, reasons(report))
	require.Contains(t, report.Verdict, "slow")
	for _, result := range report.Results {
		if result.Route == contract.RoutePredict.ID {
			require.Equal(t, smoke.Slow, result.Verdict)
			require.Contains(t, result.Reason, "300ms")
		}
	}
}

func TestNothingToJudge(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for url, code := range map[string]fault.Code{
		"http://" + nobody.Addr().String():             fault.Unavailable,
		strings.Replace(plain.URL, "http", "https", 1): fault.Unavailable,
		"127.0.0.1:8000":                               fault.Invalid, "localhost": fault.Invalid, "ftp://h": fault.Invalid, "http://": fault.Invalid,
		"http://u:hunter2@h": fault.Invalid, "http://h/?a=b": fault.Invalid, "http://h/#a": fault.Invalid, "http://h:port": fault.Invalid,
	} {
		_, err := smoke.Run(t.Context(), url, smoke.Options{Timeout: 5 * time.Second})
		require.Error(t, err, url)
		require.Equal(t, code, fault.CodeOf(err), "%s: %v", url, err)
		require.NotContains(t, err.Error(), "hunter2")
		require.Equal(t, code, fault.CodeOf(smoke.Wait(t.Context(), url, smoke.Options{}, time.Millisecond)), url)
		if code == fault.Unavailable {
			require.ErrorContains(t, err, url+" cannot be reached")
		}
	}
}

func TestWaitsUntilReady(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != contract.ReadyPath || asked.Add(1) < 3 {
			http.Error(w, "warming up", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"ready","pack_version":"p"}`))
	}))
	defer server.Close()
	require.NoError(t, smoke.Wait(t.Context(), server.URL, smoke.Options{}, time.Minute))
	require.EqualValues(t, 3, asked.Load())

	asked.Store(-1000)
	err := smoke.Wait(t.Context(), server.URL, smoke.Options{}, 400*time.Millisecond)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "503")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, smoke.Wait(canceled, server.URL, smoke.Options{}, time.Minute), context.Canceled)
	_, err = smoke.Run(canceled, server.URL, smoke.Options{})
	require.Error(t, err)
}

func TestSelf(t *testing.T) {
	service := start(t, postgrestest.URL(t))
	address := strings.TrimPrefix(service.PublicURL(), "http://")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	for _, listen := range []string{address, ":" + port, "0.0.0.0:" + port, "[::]:" + port} {
		require.NoError(t, smoke.Self(t.Context(), listen, time.Minute), listen)
	}
	require.Error(t, smoke.Self(t.Context(), port, time.Minute), "no address")

	draining := before(t, service.PublicURL(), contract.RouteReady, instead(http.StatusServiceUnavailable, "text/plain", "draining"))
	err = smoke.Self(t.Context(), strings.TrimPrefix(draining, "http://"), time.Minute)
	require.ErrorContains(t, err, "/ready answered 503")
}

// A service may send back what it was sent.
func TestTheKeyIsNotShown(t *testing.T) {
	const key = "ohio_hunter2_hunter2_hunter2"
	for _, padding := range []int{0, 180, 195} { // an excerpt ends inside of the key
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, strings.Repeat("x", padding)+r.Header.Get("Authorization"), http.StatusInternalServerError)
		}))
		report := ask(t, server.URL, smoke.Options{Key: key})
		server.Close()
		text, err := json.Marshal(report)
		require.NoError(t, err)
		var junit strings.Builder
		require.NoError(t, report.WriteJUnit(&junit))
		require.NotContains(t, string(text)+junit.String(), "hunter2")
		require.Contains(t, string(text), "Bear")
	}
}

// A wrong key is no reason to take a deployment back.
func TestAWrongKeyIsNoVerdict(t *testing.T) {
	service, _ := startInSeason(t)
	_, err := smoke.Run(t.Context(), service.PublicURL(), smoke.Options{Key: "ohio_abcdefgh_hunter2"})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "hunter2")
}

// What needs no key and could change something must not get one.
func TestOperatorRoutesGetNoKey(t *testing.T) {
	service, key := startInSeason(t)
	asked := 0
	url := before(t, service.PublicURL(), contract.RoutePack, func(original http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked++
			if r.Header.Get("Authorization") != "" || r.ContentLength != 2 {
				http.Error(w, "it asks with the key, or for something", http.StatusTeapot)
				return
			}
			original.ServeHTTP(w, r)
		}
	})
	require.Empty(t, reasons(ask(t, url, smoke.Options{Key: key})))
	require.Positive(t, asked)
}
