package run_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

func TestStartAndStopMayBeRepeated(t *testing.T) {
	config := configure(t, "DATABASE_URL="+postgrestest.URL(t), "REDIS_URL="+startRedis(t))
	service := run.New(config, build(), discard())
	both := func(f func() error) {
		t.Helper()
		var wg sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			wg.Go(func() { results[i] = f() })
		}
		wg.Wait()
		for _, err := range results {
			require.NoError(t, err)
		}
	}
	both(func() error { return service.Start(t.Context()) })
	public, internal := service.PublicURL(), service.InternalURL()
	c := newCaller(t, public, "")
	c.ask(t, http.MethodPost, "/v1/predictions", rivalry())
	both(func() error { return service.Stop(t.Context()) })
	requireClosed(t, public)
	requireClosed(t, internal)
	require.Error(t, service.Pool().Ping(t.Context()), "the pool is closed")
	select {
	case err := <-service.Failed():
		require.NoError(t, err)
	default:
	}
}

func TestStopWithoutStart(t *testing.T) {
	service := run.New(configure(t), build(), discard())
	require.NoError(t, service.Listen())
	require.NoError(t, service.Listen(), "again")
	public := service.PublicURL()
	require.NoError(t, service.Stop(t.Context()))
	requireClosed(t, public)
	require.Equal(t, fault.Conflict, fault.CodeOf(service.Start(t.Context())), "a stopped service stays stopped")

	require.NoError(t, run.New(configure(t), build(), discard()).Stop(t.Context()), "nothing was opened")
}

// Whatever step fails, the steps before it are undone: goleak and the ports
// tell.
func TestFailedStartClosesEverything(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	database := postgrestest.URL(t)
	for name, test := range map[string]struct {
		environ []string
		code    fault.Code
		says    string
	}{
		"no database":         {nil, fault.Invalid, "DATABASE_URL is not set"},
		"bad database":        {[]string{"DATABASE_URL=postgres://u:hunter2@h:port/d"}, fault.Invalid, "database URL"},
		"bad trace endpoint":  {[]string{"DATABASE_URL=" + database, "OTEL_EXPORTER_OTLP_ENDPOINT=alloy"}, fault.Invalid, "trace endpoint"},
		"bad bucket":          {[]string{"DATABASE_URL=" + database, "MODELS_BUCKET=ftp://u:hunter2@h"}, fault.Invalid, "bucket URL"},
		"bad redis":           {[]string{"DATABASE_URL=" + database, "REDIS_URL=redis://:hunter2@h:port"}, fault.Invalid, "Redis URL"},
		"taken port":          {[]string{"DATABASE_URL=" + database, "LISTEN=" + taken.Addr().String()}, fault.Conflict, taken.Addr().String()},
		"bad address":         {[]string{"DATABASE_URL=" + database, "LISTEN=127.0.0.1:http?"}, fault.Invalid, "HOST:PORT"},
		"taken internal port": {[]string{"DATABASE_URL=" + database, "INTERNAL_LISTEN=" + taken.Addr().String()}, fault.Conflict, taken.Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			service := run.New(configure(t, test.environ...), build(), discard())
			err := service.Start(t.Context())
			require.Equal(t, test.code, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, test.says)
			require.NotContains(t, err.Error(), "hunter2")
			require.Equal(t, err, service.Start(t.Context()), "again")
			require.NoError(t, service.Stop(t.Context()))
			if pool := service.Pool(); pool != nil {
				require.ErrorContains(t, pool.Ping(t.Context()), "closed pool")
			}
		})
	}
}

// A database that is away at the start is no reason not to predict.
func TestStartsWithoutPostgresAndRedis(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	address := nobody.Addr().String()
	service := start(t, "postgres://u:p@"+address+"/d", "REDIS_URL=redis://"+address)
	anonymous := newCaller(t, service.PublicURL(), "")
	anonymous.ask(t, http.MethodGet, contract.ReadyPath, nil)
	anonymous.ask(t, http.MethodPost, "/v1/predictions", rivalry())
	status, _ := anonymous.send(t, http.MethodGet, "/v1/games", nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

func requireClosed(t *testing.T, url string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", hostOf(t, url))
	if err == nil {
		_ = conn.Close()
	}
	require.Error(t, err, "%s is still listened on", url)
}
