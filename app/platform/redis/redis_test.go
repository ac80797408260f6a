package redis_test

import (
	"context"
	"net"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, opts redis.Options) *goredis.Client {
	t.Helper()
	local, err := redis.StartLocal()
	require.NoError(t, err)
	t.Cleanup(local.Close)
	client, err := redis.Open(local.URL(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func TestBadURLsAreRefusedWithoutTheirPassword(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://:hunter2@localhost", "redis://:hunter2@localhost:port/0",
		"redis://user:hunter2%zz@localhost", "redis://localhost/hunter2", "redis://user:hunter2@[::1",
	} {
		_, err := redis.Open(url, redis.Options{})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestLocalServesAndExpires(t *testing.T) {
	client, ctx := open(t, redis.Options{}), t.Context()
	require.NoError(t, client.Set(ctx, "short", "v", time.Millisecond).Err())
	require.NoError(t, client.Set(ctx, "long", "v", time.Hour).Err())
	require.Eventually(t, func() bool { return client.Exists(ctx, "short").Val() == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, "v", client.Get(ctx, "long").Val())
}

func TestTimeoutsAreShort(t *testing.T) {
	o := open(t, redis.Options{}).Options()
	require.Equal(t, 500*time.Millisecond, o.DialTimeout)
	require.Equal(t, 200*time.Millisecond, o.ReadTimeout)
	require.Equal(t, 200*time.Millisecond, o.WriteTimeout)
}

// A server that accepts and says nothing is the slow way to be dead: the
// caller's own deadline ends the wait.
func TestTheCallersDeadlineIsKept(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	client, err := redis.Open("redis://"+silent.Addr().String(), redis.Options{})
	require.NoError(t, err)
	defer client.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, client.Ping(ctx).Err(), context.DeadlineExceeded)
}

func TestTracedCommandsMakeSpansWithoutKeys(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	previous := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	defer otel.SetTracerProvider(previous)

	client := open(t, redis.Options{Traced: true})
	ctx, root := provider.Tracer("test").Start(t.Context(), "root")
	require.NoError(t, client.Set(ctx, "caller-7", "v", 0).Err())
	root.End()

	names := []string{}
	for _, s := range spans.Ended() {
		names = append(names, s.Name())
		for _, a := range s.Attributes() {
			require.NotContains(t, a.Value.String(), "caller-7")
		}
	}
	require.Contains(t, names, "set")
}
