package maintenance

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/redis"
)

func TestMain(m *testing.M) {
	redis.LogTo(slog.New(slog.DiscardHandler))
	postgrestest.Main(m)
}

// noon is a time with the microseconds that PostgreSQL keeps.
var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// do runs a Work and requires its report.
func do[T any](t *testing.T, job contract.Job, work jobs.Work) T {
	t.Helper()
	report, err := work(t.Context(), &jobs.Run{Job: job, ScheduledFor: noon, Attempt: 1})
	require.NoError(t, err)
	require.IsType(t, *new(T), report)
	return report.(T)
}

// server is a real redis-server with a client.
func server(t *testing.T) *goredis.Client {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	cmd := exec.Command("redis-server", "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(), "--maxmemory", "100mb")
	require.NoError(t, cmd.Start(), "install redis-server")
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	client, err := redis.Open(fmt.Sprintf("redis://127.0.0.1:%d/0", port), redis.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	require.Eventually(t, func() bool { return client.Ping(context.Background()).Err() == nil }, time.Minute, 5*time.Millisecond)
	return client
}
