package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

// smokable gives the URL of a service on a fresh database.
func smokable(t *testing.T) string {
	t.Helper()
	config, err := run.LoadConfig([]string{"LISTEN=127.0.0.1:0", "INTERNAL_LISTEN=127.0.0.1:0", "SHUTDOWN_PAUSE=0", "DATABASE_URL=" + postgrestest.URL(t)})
	require.NoError(t, err)
	service := run.New(config, run.Build{Version: "v1-test"}, slog.New(slog.DiscardHandler))
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.Background())) })
	return service.PublicURL()
}

// withBroken is a service whose rankings fail.
func withBroken(t *testing.T, service string) string {
	t.Helper()
	target, err := url.Parse(service)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{}
	proxy.Transport = transport
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc(contract.RouteRankings.Path, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusInternalServerError)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	return server.URL
}

func TestSmoke(t *testing.T) {
	url := smokable(t)
	out, complaint := ohio(t, 0, "smoke", url, "--wait", "1m")
	require.Empty(t, complaint)
	for _, route := range contract.Routes() {
		require.Contains(t, out, route.ID)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Contains(t, lines[len(lines)-1], "passed: ")
	require.Contains(t, lines[len(lines)-2], "v1-test")

	broken := withBroken(t, url)
	out, complaint = ohio(t, 1, "smoke", broken)
	require.Equal(t, "ohio: smoke test failed: rankings\n", complaint)
	require.Contains(t, out, "out of order")

	out, _ = ohio(t, 1, "smoke", broken, "-o", "json")
	var report struct {
		Passed  bool `json:"passed"`
		Results []struct {
			Route, Verdict, Reason string
		} `json:"results"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.False(t, report.Passed)
	for _, r := range report.Results {
		require.Equal(t, r.Verdict == "failed", r.Route == "rankings" && r.Reason != "", "%+v", r)
	}

	out, _ = ohio(t, 1, "smoke", broken, "-o", "junit")
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	require.NoError(t, xml.Unmarshal([]byte(out), &suites))
	require.Equal(t, 2, suites.Failures)
}

func TestSmokeWithoutAService(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	address := nobody.Addr().String()
	for _, line := range []string{"smoke http://" + address, "smoke http://" + address + " -o junit --wait 1ms"} {
		out, complaint := ohio(t, 5, strings.Fields(line)...)
		require.Empty(t, out)
		require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
		require.Contains(t, complaint, address)
	}
	for _, line := range []string{
		"smoke", "smoke --self http://127.0.0.1:1", "smoke ftp://h", "smoke http://h --timeout 0s", "smoke http://h --timeout soon",
		"smoke http://h --wait=-1s", "smoke http://h -o yaml", "smoke http://h http://h",
	} {
		ohio(t, 2, strings.Fields(line)...)
	}
}

// A container runtime knows healthy (0) and not (1); 2 is reserved.
func TestSmokeSelf(t *testing.T) {
	url := smokable(t)
	t.Setenv("LISTEN", strings.TrimPrefix(url, "http://"))
	out, complaint := ohio(t, 0, "smoke", "--self")
	require.Equal(t, "ready\n", out)
	require.Empty(t, complaint)

	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	for _, listen := range []string{nobody.Addr().String(), "nonsense"} {
		t.Setenv("LISTEN", listen)
		out, complaint = ohio(t, 1, "smoke", "--self")
		require.Empty(t, out)
		require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	}
}

func TestSmokeDoesNotShowTheKey(t *testing.T) {
	t.Setenv("OHIO_API_KEY", "ohio_hunter2")
	url := smokable(t)
	out, complaint := ohio(t, 6, "smoke", url)
	require.Empty(t, out)
	require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	require.NotContains(t, complaint, "hunter2")
	out, complaint = ohio(t, 0, "smoke", "--help")
	require.Contains(t, out, "OHIO_API_KEY")
	require.NotContains(t, out+complaint, "hunter2")
	_, complaint = ohio(t, 2, "smoke", "--key", "ohio_hunter2")
	require.NotContains(t, complaint, "hunter2")
}
