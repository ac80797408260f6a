package endtoend_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/local"
)

// app is `ohio serve --local` as everybody starts it.
type app struct {
	t             *testing.T
	dir, key      string
	url, internal string // roots
	http          *http.Client
}

// Requests that hang on the database are given up after a second.
func startApp(t *testing.T) *app {
	t.Helper()
	ohio := build(t)
	a := &app{t: t, dir: passable(t), http: client(t)}
	p := start(t, []string{"DATABASE_URL=", "REDIS_URL=", "MODELS_BUCKET=", "SHUTDOWN_PAUSE=0", "WORKER_TIMEOUT=1", "ALERT_TOKEN=" + token},
		ohio, "serve", "--local", "--data-dir", a.dir, "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0")
	a.url = p.says(t, `serves on (http://\S+)`)
	a.internal = strings.TrimSuffix(p.says(t, `metrics: (http://\S+)\)`), contract.MetricsPath)
	a.key = p.says(t, `API key: (\S+)`)
	p.says(t, `(Ctrl-C)`)
	return a
}

// build compiles the program that the tests are about.
func build(t *testing.T) string {
	t.Helper()
	out := filepath.Join(passable(t), "ohio")
	cmd := exec.Command("go", "build", "-o", out, "./app/cmd/ohio")
	cmd.Dir = filepath.Join("..", "..")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return out
}

// passable is a temporary folder that another user can pass through, as that
// of PostgreSQL must when the tests run as root.
func passable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ohio-watched-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func (a *app) address() string {
	u, err := url.Parse(a.internal)
	require.NoError(a.t, err)
	return u.Host
}

// ask gives the status of the answer, 0 when there is none.
func (a *app) ask(method, path, body string) int {
	request, err := http.NewRequest(method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// metrics is what the app exports.
func (a *app) metrics() []byte {
	response, err := a.http.Get(a.internal + contract.MetricsPath)
	require.NoError(a.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, response.StatusCode)
	return text
}

// visit asks for one of everything that users ask for.
func (a *app) visit() {
	a.t.Helper()
	game := `{"home_team": "Ohio State", "away_team": "Michigan"}`
	for _, r := range []struct{ method, path, body string }{
		{http.MethodPost, "/v1/predictions", game},
		{http.MethodPost, "/v1/predictions/batch", `{"games": [` + game + `]}`},
		{http.MethodGet, "/v1/games?limit=5", ""},
		{http.MethodGet, "/v1/teams", ""},
		{http.MethodGet, "/v1/teams/Ohio%20State", ""},
		{http.MethodGet, "/v1/rankings", ""},
		{http.MethodGet, "/v1/models", ""},
	} {
		require.Equal(a.t, http.StatusOK, a.ask(r.method, r.path, r.body), r.path)
	}
	require.Equal(a.t, http.StatusNotFound, a.ask(http.MethodGet, "/v1/nothing", ""))
	stranger := &app{t: a.t, url: a.url, key: "ohio_unknown", http: a.http}
	require.Equal(a.t, http.StatusUnauthorized, stranger.ask(http.MethodGet, "/v1/teams", ""))
}

// traffic visits all the time until the test or its stop ends it.
func (a *app) traffic() (stop func()) {
	halt, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		pace := time.NewTicker(50 * time.Millisecond) // below the rate limits
		defer pace.Stop()
		for {
			select {
			case <-halt:
				return
			case <-pace.C:
				a.ask(http.MethodGet, "/v1/games?limit=5", "")
				a.ask(http.MethodPost, "/v1/predictions", `{"home_team": "Ohio State", "away_team": "Michigan"}`)
			}
		}
	}()
	return func() { close(halt); <-ended }
}

// lockGames keeps everybody from the table of games, as a migration that hangs
// would, and gives what lets them in again.
func (a *app) lockGames() (unlock func()) {
	a.t.Helper()
	instance, err := local.ReadInstance(a.dir)
	require.NoError(a.t, err)
	ctx := context.Background() // the cleanup comes after the test's own
	conn, err := pgx.Connect(ctx, instance.DatabaseURL)
	require.NoError(a.t, err)
	unlock = func() { _ = conn.Close(ctx) } // which ends the transaction
	a.t.Cleanup(unlock)
	_, err = conn.Exec(ctx, "begin; lock table games in access exclusive mode")
	require.NoError(a.t, err)
	return unlock
}
