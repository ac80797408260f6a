package endtoend_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/render"
)

// server is a real Prometheus or Alertmanager on a port of its own choice.
type server struct {
	t       *testing.T
	address string
	config  string // file
	http    *http.Client
}

// serve starts a program with an empty configuration, because its own address
// belongs into the true one.
func serve(t *testing.T, empty string, names []string, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, config: filepath.Join(dir, "empty.yml"), http: client(t)}
	require.NoError(t, os.WriteFile(s.config, []byte(empty), 0o600))
	p := start(t, nil, program(t, names...), append(args, "--config.file="+s.config, "--web.listen-address=127.0.0.1:0")...)
	s.address = p.says(t, `Listening on"? address=(\S+)`)
	return s
}

func startPrometheus(t *testing.T) *server {
	return serve(t, "global: {}\n", []string{"prometheus"},
		"--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"), "--web.enable-lifecycle", "--rules.alert.resend-delay=1s")
}

func startAlertmanager(t *testing.T) *server {
	return serve(t, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", []string{"alertmanager", "prometheus-alertmanager"},
		"--storage.path="+filepath.Join(t.TempDir(), "data"), "--cluster.listen-address=")
}

// load gives the server its configuration. The server reads it from where it
// was started with, so the files beside it are put there too.
func (s *server) load(name string, files []render.File) {
	s.t.Helper()
	dir := filepath.Dir(s.config)
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(s.t, os.WriteFile(path, f.Data, 0o600))
		if f.Path == name {
			require.NoError(s.t, os.WriteFile(s.config, f.Data, 0o600))
		}
	}
	eventually(s.t, func() bool { // it answers before it can reload
		response, err := s.http.Post("http://"+s.address+"/-/reload", "", nil)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode == http.StatusInternalServerError {
			s.t.Fatalf("%s: %s", name, text)
		}
		return response.StatusCode == http.StatusOK
	}, func() string { return name + " is not reloaded" })
}

// get reads an answer of the API into a value.
func (s *server) get(path string, query url.Values, into any) {
	s.t.Helper()
	response, err := s.http.Get("http://" + s.address + path + "?" + query.Encode())
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, response.StatusCode, "%s %s: %s", path, query.Encode(), text)
	require.NoError(s.t, json.Unmarshal(text, into), "%s", text)
}

// sample is a series with its newest value.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

// query evaluates an expression now.
func (s *server) query(expr string) []sample {
	s.t.Helper()
	var answer struct {
		Data struct{ Result json.RawMessage }
	}
	s.get("/api/v1/query", url.Values{"query": {expr}}, &answer)
	var samples []sample
	if json.Unmarshal(answer.Data.Result, &samples) != nil { // a scalar
		samples = []sample{{}}
	}
	return samples
}

// queryRange tells how many series an expression has had in ten minutes.
func (s *server) queryRange(expr string) int {
	s.t.Helper()
	var answer struct {
		Data struct{ Result []json.RawMessage }
	}
	now := time.Now()
	s.get("/api/v1/query_range", url.Values{
		"query": {expr}, "start": {now.Add(-10 * time.Minute).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}, "step": {"1s"},
	}, &answer)
	return len(answer.Data.Result)
}

// rule is a rule as Prometheus evaluates it.
type rule struct {
	Name, Health, LastError, State, Type string
	Query                                string
}

func (s *server) rules() (all []rule) {
	s.t.Helper()
	var answer struct {
		Data struct{ Groups []struct{ Rules []rule } }
	}
	s.get("/api/v1/rules", nil, &answer)
	for _, g := range answer.Data.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// state is that of an alert: inactive, pending or firing.
func (s *server) state(alert string) string {
	worst := "missing"
	for _, r := range s.rules() {
		if r.Name == alert && (worst == "missing" || worst == "inactive" || r.State == "firing") {
			worst = r.State
		}
	}
	return worst
}

// up waits until every target of a job is scraped.
func (s *server) up(job string) {
	s.t.Helper()
	var got []sample
	eventually(s.t, func() bool {
		got = s.query(`up{job="` + job + `"} == 1`)
		return len(got) > 0
	}, func() string {
		var targets json.RawMessage
		s.get("/api/v1/targets", nil, &targets)
		return strings.TrimSpace(job + " is not scraped: " + string(targets))
	})
}
