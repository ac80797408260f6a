package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// fakeJobs has runs 1 to n, the first being the oldest.
type fakeJobs struct {
	mu    sync.Mutex
	runs  []jobs.Record
	asked []string
}

func (f *fakeJobs) Jobs(context.Context) ([]jobs.State, error) {
	registered := time.Now().Add(-48 * time.Hour)
	return []jobs.State{
		{Job: contract.JobDatabaseBackup, RegisteredAt: &registered, Runnable: true, Last: &jobs.Record{ID: 7, Job: "database-backup"}},
		{Job: contract.JobRestoreDrill, RegisteredAt: &registered, LastSuccessAt: &registered},
		{Job: contract.JobDatabaseOptimization, RegisteredAt: &registered},
	}, nil
}

func (f *fakeJobs) Request(_ context.Context, name, by string) ([]jobs.Record, error) {
	switch name {
	case "nothing":
		return nil, fault.New(fault.NotFound, "there is no job or run %q", name)
	case "busy":
		return nil, fault.New(fault.Conflict, "run 3 of busy has not ended")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, by)
	return []jobs.Record{{ID: 41, Job: name, RequestedBy: by, Status: jobs.Queued}, {ID: 42}}, nil
}

func (f *fakeJobs) RequestTask(_ context.Context, task contract.Job, arguments any, by string) (jobs.Record, error) {
	text, err := json.Marshal(arguments)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, by)
	return jobs.Record{ID: 43, Job: task.Name, RequestedBy: by, Status: jobs.Queued, Arguments: text}, err
}

func (f *fakeJobs) Runs(_ context.Context, filter jobs.Filter) (found []jobs.Record, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.runs) - 1; i >= 0 && len(found) < filter.Limit; i-- {
		r := f.runs[i]
		if (filter.Before == 0 || r.ID < filter.Before) && (filter.Status == "" || r.Status == filter.Status) {
			found = append(found, r)
		}
	}
	return found, nil
}

func (f *fakeJobs) Run(_ context.Context, id int64) (jobs.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.runs {
		if r.ID == id {
			return r, nil
		}
	}
	return jobs.Record{}, fault.New(fault.NotFound, "there is no run %d", id)
}

func (f *fakeJobs) set(i int, edit func(*jobs.Record)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(&f.runs[i])
}

func TestJobsAreListed(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	require.Equal(t, http.StatusUnauthorized, send(api, "GET", "/v1/ops/jobs", "").Code)
	list := answer[httpapi.JobList](t, send(api, "GET", "/v1/ops/jobs", "", "X-API-Key: "+readOnlyKey))
	require.Len(t, list.Jobs, 3)
	require.Equal(t, "0 2 * * *", list.Jobs[0].Cron)
	require.Equal(t, 1800, list.Jobs[0].TimeoutSeconds)
	require.EqualValues(t, 7, list.Jobs[0].LastRun.ID)
	require.Equal(t, "database-backup", list.Jobs[1].After)
	require.Equal(t, []bool{true, true, false}, []bool{list.Jobs[0].Overdue, list.Jobs[1].Overdue, list.Jobs[2].Overdue})
}

func TestOperatorsRunJobs(t *testing.T) {
	deps, fake := testDeps(), &fakeJobs{}
	deps.Jobs = fake
	api := newAPI(t, deps, httpapi.Options{})
	operator := "X-API-Key: " + operatorKey
	w := send(api, "POST", "/v1/ops/jobs/daily/run", `{"reason":"after the outage"}`, operator)
	require.Equal(t, http.StatusAccepted, w.Code, w.Body)
	require.Equal(t, "/v1/ops/runs/41", w.Header().Get("Location"))
	var got httpapi.RunsRequested
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.EqualValues(t, 41, got.ID)
	require.Len(t, got.Runs, 2)
	require.Equal(t, http.StatusAccepted, send(api, "POST", "/v1/ops/jobs/log-retention/run", "", operator).Code, "without a body")
	require.Equal(t, []string{"key op (operations): after the outage", "key op (operations)"}, fake.asked)

	require.Equal(t, "not_found", problemIn(t, send(api, "POST", "/v1/ops/jobs/nothing/run", "{}", operator)).Code)
	require.Equal(t, "conflict", problemIn(t, send(api, "POST", "/v1/ops/jobs/busy/run", "{}", operator)).Code)
	require.Equal(t, "invalid", problemIn(t, send(api, "POST", "/v1/ops/jobs/daily/run", `{"why":1}`, operator)).Code)
	require.Equal(t, "forbidden", problemIn(t, send(api, "POST", "/v1/ops/jobs/daily/run", "{}", "X-API-Key: "+developerKey)).Code)
}

func TestRunsArePaged(t *testing.T) {
	deps, fake := testDeps(), &fakeJobs{}
	for i := range 7 {
		fake.runs = append(fake.runs, jobs.Record{ID: int64(i + 1), Status: []jobs.Status{jobs.Succeeded, jobs.Failed}[i%2]})
	}
	deps.Jobs = fake
	api := newAPI(t, deps, httpapi.Options{})
	reader := "X-API-Key: " + readOnlyKey
	var ids []int64
	for cursor := ""; ; {
		page := answer[httpapi.RunPage](t, send(api, "GET", "/v1/ops/runs?limit=3&cursor="+cursor, "", reader))
		for _, r := range page.Runs {
			ids = append(ids, r.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
		for _, other := range []string{"/v1/ops/runs?job=x&cursor=", "/v1/ops/alerts?cursor=", "/v1/games?cursor="} {
			require.Equal(t, "invalid", problemIn(t, send(api, "GET", other+cursor, "", reader)).Code, "a cursor of another list")
		}
	}
	require.Equal(t, []int64{7, 6, 5, 4, 3, 2, 1}, ids)
	require.Len(t, answer[httpapi.RunPage](t, send(api, "GET", "/v1/ops/runs?status=failed", "", reader)).Runs, 3)
	require.Equal(t, "invalid", problemIn(t, send(api, "GET", "/v1/ops/runs?status=odd", "", reader)).Code)
	require.EqualValues(t, 3, answer[jobs.Record](t, send(api, "GET", "/v1/ops/runs/3", "", reader)).ID)
	for path, code := range map[string]string{"/v1/ops/runs/99": "not_found", "/v1/ops/runs/99/events": "not_found", "/v1/ops/runs/0": "invalid"} {
		require.Equal(t, code, problemIn(t, send(api, "GET", path, "", reader)).Code, path)
	}
}

// stream opens the events of run 1.
func stream(t *testing.T, url string) (next func() (event string, r jobs.Record), closed func() bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/ops/runs/1/events", nil)
	require.NoError(t, err)
	request.Header.Set("X-API-Key", readOnlyKey)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	next = func() (event string, r jobs.Record) {
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(data), &r))
				return event, r
			}
		}
		t.Fatal("the stream ended")
		return "", r
	}
	return next, func() bool {
		for lines.Scan() {
		}
		return lines.Err() == nil
	}
}

func TestARunIsFollowedToItsEnd(t *testing.T) {
	deps, fake := testDeps(), &fakeJobs{runs: []jobs.Record{{ID: 1, Status: jobs.Running}}}
	deps.Jobs = fake
	server := httpapi.NewServer(newAPI(t, deps, httpapi.Options{Poll: time.Millisecond}), httpapi.ServerOptions{})
	url := listenAndServe(t, server)
	next, closed := stream(t, url)
	event, r := next()
	require.Equal(t, "progress", event)
	require.Zero(t, r.Progress.Done)
	fake.set(0, func(r *jobs.Record) { r.Progress = jobs.Progress{Done: 2, Total: 3, Note: "line\nbreak"} })
	event, r = next()
	require.Equal(t, "progress", event)
	require.Equal(t, jobs.Progress{Done: 2, Total: 3, Note: "line\nbreak"}, r.Progress)
	fake.set(0, func(r *jobs.Record) { r.Status = jobs.Succeeded; r.Report = json.RawMessage(`{"rows":7}`) })
	event, r = next()
	require.Equal(t, "end", event)
	require.JSONEq(t, `{"rows":7}`, string(r.Report))
	require.True(t, closed())
}

func listenAndServe(t *testing.T, server *httpapi.Server) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ln) })
	t.Cleanup(func() { _ = server.Shutdown(context.Background()); serving.Wait() })
	return "http://" + ln.Addr().String()
}
