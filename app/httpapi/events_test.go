package httpapi_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// following is a server with one run under way, whom a test may make patient
// or not.
func following(t *testing.T, opts httpapi.Options, timeouts time.Duration) (*httpapi.Server, *fakeJobs, string) {
	t.Helper()
	deps, fake := testDeps(), &fakeJobs{runs: []jobs.Record{{ID: 1, Status: jobs.Running}}}
	deps.Jobs = fake
	opts.Poll = time.Millisecond
	server := httpapi.NewServer(newAPI(t, deps, opts), httpapi.ServerOptions{})
	if timeouts > 0 {
		httpapi.SetTimeouts(server, timeouts)
	}
	return server, fake, listenAndServe(t, server)
}

// A run takes longer than any request may, and than the server waits for
// reads and writes: who follows it sees its end.
func TestAStreamOutlivesTheTimeouts(t *testing.T) {
	const timeout = 50 * time.Millisecond
	_, fake, url := following(t, httpapi.Options{Timeout: timeout}, timeout)
	next, closed := stream(t, url)
	next()
	for i := range 3 {
		time.Sleep(3 * timeout)
		fake.set(0, func(r *jobs.Record) { r.Progress.Done = int64(i + 1) })
		event, r := next()
		require.Equal(t, "progress", event)
		require.EqualValues(t, i+1, r.Progress.Done)
	}
	fake.set(0, func(r *jobs.Record) { r.Status = jobs.Succeeded })
	event, _ := next()
	require.Equal(t, "end", event)
	require.True(t, closed())
}

func TestAStreamEndsWithTheProcess(t *testing.T) {
	server, _, url := following(t, httpapi.Options{}, 0)
	next, closed := stream(t, url)
	next()
	require.NoError(t, server.Shutdown(t.Context()))
	require.True(t, closed())
}

// revocable is fakeAuth whose keys may end.
type revocable struct {
	fakeAuth
	revoked atomic.Bool
}

func (r *revocable) Authenticate(ctx context.Context, secret string) (auth.Principal, error) {
	if r.revoked.Load() {
		return auth.Principal{}, fault.New(fault.Unauthenticated, "the API key was revoked")
	}
	return r.fakeAuth.Authenticate(ctx, secret)
}

func TestAStreamEndsWithItsKey(t *testing.T) {
	var passed atomic.Int64
	began, keys := time.Now(), &revocable{}
	deps := testDeps()
	deps.Jobs, deps.Authenticator = &fakeJobs{runs: []jobs.Record{{ID: 1, Status: jobs.Running}}}, keys
	opts := httpapi.Options{Poll: time.Millisecond, Clock: func() time.Time { return began.Add(time.Duration(passed.Load())) }}
	url := listenAndServe(t, httpapi.NewServer(newAPI(t, deps, opts), httpapi.ServerOptions{}))
	next, closed := stream(t, url)
	next()
	keys.revoked.Store(true)
	passed.Store(int64(time.Minute))
	require.True(t, closed())
}

func TestAStreamEndsAfterAnHour(t *testing.T) {
	var passed atomic.Int64
	began := time.Now()
	_, _, url := following(t, httpapi.Options{Clock: func() time.Time { return began.Add(time.Duration(passed.Load())) }}, 0)
	next, closed := stream(t, url)
	next()
	passed.Store(int64(httpapi.StreamFor))
	require.True(t, closed())
}

// Streams that were hung up on make room for others.
func TestStreamsAreBounded(t *testing.T) {
	_, _, url := following(t, httpapi.Options{}, 0)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	follow := func() (status int, hangUp func() error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/ops/runs/1/events", nil)
		require.NoError(t, err)
		request.Header.Set("X-API-Key", operatorKey)
		response, err := transport.RoundTrip(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response.StatusCode, response.Body.Close
	}
	var open []func() error
	for range httpapi.MaxStreams {
		status, hangUp := follow()
		require.Equal(t, http.StatusOK, status)
		open = append(open, hangUp)
	}
	status, hangUp := follow()
	require.Equal(t, http.StatusTooManyRequests, status)
	require.NoError(t, hangUp())
	for _, hangUp := range open {
		require.NoError(t, hangUp())
	}
	require.Eventually(t, func() bool {
		status, hangUp := follow()
		return hangUp() == nil && status == http.StatusOK
	}, time.Minute, 5*time.Millisecond)
}
