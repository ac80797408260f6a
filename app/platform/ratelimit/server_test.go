package ratelimit

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/redis"
)

// server is a real redis-server that a test may kill.
type server struct {
	t    testing.TB
	port int
	cmd  *exec.Cmd
}

func startServer(t testing.TB) *server {
	_, err := exec.LookPath("redis-server")
	require.NoError(t, err, "install redis-server")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, port: free.Addr().(*net.TCPAddr).Port}
	require.NoError(t, free.Close())
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.cmd = exec.Command("redis-server", "--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--dir", s.t.TempDir())
	require.NoError(s.t, s.cmd.Start())
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 30*time.Second, 5*time.Millisecond)
}

func (s *server) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // reports the kill
	}
}

func (s *server) limiter(opts Options) *Shared {
	client, err := redis.Open(fmt.Sprintf("redis://127.0.0.1:%d/0", s.port), redis.Options{})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = client.Close() })
	return NewShared(client, opts)
}

func TestTheScriptRunsOnARealServer(t *testing.T) {
	s := startServer(t)
	one, other := s.limiter(Options{Timeout: time.Minute}), s.limiter(Options{Timeout: time.Minute})
	rate := contract.Rate{PerSecond: .001, Burst: 7}
	allowed := 0
	for range 10 {
		for _, limiter := range []*Shared{one, other} {
			d := limiter.Allow(t.Context(), "k", rate, 1)
			require.Equal(t, BackendRedis, d.Backend)
			if d.Allowed {
				allowed++
			}
		}
	}
	require.Equal(t, 7, allowed)
}

func TestAKilledServerIsSurvivedAndFoundAgain(t *testing.T) {
	s := startServer(t)
	limiter := s.limiter(Options{Timeout: 10 * time.Second, Cooldown: 10 * time.Millisecond})
	rate := contract.Rate{PerSecond: 1000, Burst: 1000}
	backend := func(want string) func() bool {
		return func() bool { return limiter.Allow(context.Background(), "k", rate, 1).Backend == want }
	}
	require.Eventually(t, backend(BackendRedis), 30*time.Second, time.Millisecond)
	s.kill()
	require.Eventually(t, backend(BackendMemory), 30*time.Second, time.Millisecond)
	s.start()
	require.Eventually(t, backend(BackendRedis), 30*time.Second, time.Millisecond)
}
