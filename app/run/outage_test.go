package run_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

func TestKilledRedisCostsNoPrediction(t *testing.T) {
	database, server := postgrestest.URL(t), startRedisServer(t)
	service := start(t, database, "REDIS_URL="+server.url())
	load := predict(t, service.PublicURL(), newKey(t, database, contract.ReadOnly))
	decided := func(backend string) int {
		return counter(t, service, `script_ohio_rate_limit_decisions_total{backend="`+backend+`",class="predict",result="allowed"}`)
	}

	load.progress()
	require.Positive(t, decided("redis"))
	server.kill()
	require.Eventually(t, func() bool { return decided("memory") > 0 }, patience, time.Millisecond)
	load.progress()

	before := decided("redis")
	server.start()
	require.Eventually(t, func() bool { return decided("redis") > before }, patience, time.Millisecond, "limits are shared again")
	load.progress()
	load.stop()
}

func TestKilledPostgresCostsNoPrediction(t *testing.T) {
	dir := passable(t)
	server, err := local.Start(t.Context(), local.Options{DataDir: dir, Logger: discard(), Durable: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(context.Background())) }()
	database := server.URL()
	_, err = postgres.Migrate(t.Context(), database)
	require.NoError(t, err)
	games := importWeek(t, database)
	key := newKey(t, database, contract.Developer)
	service := start(t, database)
	defer func() { require.NoError(t, service.Stop(context.Background())) }()
	known := newCaller(t, service.PublicURL(), key)
	list := func() (status int, body string) { return known.send(t, http.MethodGet, "/v1/games?limit=500", nil) }

	load := predict(t, service.PublicURL(), key)
	load.progress()
	status, before := list()
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, len(games), strings.Count(before, `"id":`))

	killed := postmaster(t, dir)
	require.NoError(t, syscall.Kill(killed, syscall.SIGKILL))
	load.progress()
	known.ask(t, http.MethodGet, contract.ReadyPath, nil)
	newCaller(t, service.PublicURL(), "").ask(t, http.MethodPost, "/v1/predictions", rivalry())

	var after string
	require.Eventually(t, func() bool {
		status, after = list()
		return status == http.StatusOK && postmaster(t, dir) != killed
	}, patience, 10*time.Millisecond)
	require.Equal(t, before, after, "every game is there")
	load.progress()
	load.stop()
	known.ask(t, http.MethodGet, contract.ReadyPath, nil)
}

// load predicts all the time, with four clients, and fails the test for every
// prediction that fails.
type load struct {
	t        *testing.T
	answered atomic.Int64
	stopping atomic.Bool
	clients  sync.WaitGroup
}

func predict(t *testing.T, url, key string) *load {
	l := &load{t: t}
	for range 4 {
		c := newCaller(t, url, key)
		l.clients.Go(func() {
			for !l.stopping.Load() {
				status, answer, _, err := c.do(http.MethodPost, "/v1/predictions", rivalry())
				if err != nil || status != http.StatusOK {
					t.Errorf("status %d, %v: %s", status, err, answer)
					return
				}
				l.answered.Add(1)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

// progress waits for predictions that began after the call.
func (l *load) progress() {
	l.t.Helper()
	before := l.answered.Load()
	require.Eventually(l.t, func() bool { return l.answered.Load() >= before+100 }, patience, time.Millisecond)
}

func (l *load) stop() {
	l.stopping.Store(true)
	l.clients.Wait()
}

// counter reads a sample from the internal port, 0 when it is not there.
func counter(t *testing.T, service *run.Service, sample string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(sample) + ` (\S+)$`).FindStringSubmatch(metrics(t, service.InternalURL()))
	if found == nil {
		return 0
	}
	value, err := strconv.ParseFloat(found[1], 64)
	require.NoError(t, err)
	return int(value)
}

// postmaster gives the process of the server of a data directory, 0 while
// there is none.
func postmaster(t *testing.T, dataDir string) int {
	t.Helper()
	file, err := os.Open(filepath.Join(dataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	defer file.Close()
	line, _ := bufio.NewReader(file).ReadString('\n')
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return pid
}

// redisServer is a real Redis that a test may kill.
type redisServer struct {
	t    *testing.T
	port int
	cmd  *exec.Cmd
}

func startRedisServer(t *testing.T) *redisServer {
	t.Helper()
	_, err := exec.LookPath("redis-server")
	require.NoError(t, err, "install redis-server")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &redisServer{t: t, port: free.Addr().(*net.TCPAddr).Port}
	require.NoError(t, free.Close())
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *redisServer) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

func (s *redisServer) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--dir", s.t.TempDir())
	require.NoError(s.t, s.cmd.Start())
	require.Eventually(s.t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, 5*time.Millisecond)
}

func (s *redisServer) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // reports the kill
	}
}
