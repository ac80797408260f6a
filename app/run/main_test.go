package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/redis"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/run"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// patience bounds waits for what must happen; no test depends on how long it
// takes.
const patience = time.Minute

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func build() run.Build { return run.Build{Version: "v1-test", Commit: "abc", Go: "go-test"} }

// configure makes a configuration for free loopback ports, without a pause.
func configure(t *testing.T, environ ...string) contract.Config {
	t.Helper()
	config, err := run.LoadConfig(append([]string{
		"LISTEN=127.0.0.1:0", "INTERNAL_LISTEN=127.0.0.1:0", "SHUTDOWN_PAUSE=0",
	}, environ...))
	require.NoError(t, err)
	return config
}

// start starts a service on a database and stops it after the test.
func start(t *testing.T, databaseURL string, environ ...string) *run.Service {
	t.Helper()
	service := run.New(configure(t, append(environ, "DATABASE_URL="+databaseURL)...), build(), discard())
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.Background())) })
	return service
}

func startRedis(t *testing.T) string {
	t.Helper()
	server, err := redis.StartLocal()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server.URL()
}

// newKey makes an API key with a rate that no test reaches.
func newKey(t *testing.T, databaseURL string, role contract.Role) string {
	t.Helper()
	pool, err := postgres.Open(t.Context(), databaseURL, postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	rate := 1e5
	_, secret, err := auth.NewStore(pool).Create(t.Context(), "test", role, &rate, "test")
	require.NoError(t, err)
	return secret
}

// importWeek stores the first games of the season after the pack's last, all
// of them played, and returns them.
func importWeek(t *testing.T, databaseURL string) []football.Game {
	t.Helper()
	embedded, err := pack.Default()
	require.NoError(t, err)
	season := embedded.Manifest.LastBlock.Season + 1
	games := footballtest.Games(footballtest.Options{Seed: 1, First: season, Last: season})[:20]
	pool, err := postgres.Open(t.Context(), databaseURL, postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	report, err := football.NewStore(pool).Import(t.Context(), games, func(int) {})
	require.NoError(t, err)
	require.Equal(t, len(games), report.Inserted)
	return games
}

// caller is a client of its own, with its own connections.
type caller struct {
	url, key string
	http     *http.Client
}

func newCaller(t *testing.T, url, key string) caller {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return caller{url, key, &http.Client{Transport: transport, Timeout: patience}}
}

func (c caller) do(method, path string, body any) (status int, answer []byte, closing bool, err error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, false, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, c.url+path, reader)
	if err != nil {
		return 0, nil, false, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, false, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, response.Close, err
}

// send fails the test when there is no answer.
func (c caller) send(t *testing.T, method, path string, body any) (status int, answer string) {
	t.Helper()
	status, text, _, err := c.do(method, path, body)
	require.NoError(t, err)
	return status, string(text)
}

// ask sends and requires status 200.
func (c caller) ask(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	status, answer := c.send(t, method, path, body)
	require.Equal(t, http.StatusOK, status, answer)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer), &decoded))
	return decoded
}

func rivalry() map[string]any {
	return map[string]any{"home_team": "Ohio State", "away_team": "Michigan"}
}

// passable is a temporary directory that another user can pass through, as
// the server's user must when the tests run as root.
func passable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ohio-run-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
