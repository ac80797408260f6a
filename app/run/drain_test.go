package run_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// A stop under load of plain clients that keep their connections and know
// nothing of readiness: every request that was sent gets its answer, until
// nobody listens any more.
func TestStopUnderLoadDropsNoRequest(t *testing.T) {
	database := postgrestest.URL(t)
	service := start(t, database, "SHUTDOWN_PAUSE=2", "REDIS_URL="+startRedis(t))
	url, key := service.PublicURL(), newKey(t, database, contract.Developer)
	probe := newCaller(t, url, "")

	var clients sync.WaitGroup
	var answered atomic.Int64
	failures := make(chan string, 100)
	for range 8 {
		c := newCaller(t, url, key)
		clients.Go(func() {
			for {
				status, answer, _, err := c.do(http.MethodPost, "/v1/predictions", rivalry())
				if errors.Is(err, syscall.ECONNREFUSED) {
					return
				}
				if err != nil || status != http.StatusOK {
					failures <- fmt.Sprintf("status %d, %v: %s", status, err, answer)
					return
				}
				answered.Add(1)
			}
		})
	}
	slow := holdRequest(t, url, key)
	require.Eventually(t, func() bool { return answered.Load() > 100 }, patience, time.Millisecond)

	stopped := make(chan error, 1)
	go func() { stopped <- service.Stop(t.Context()) }()
	require.Eventually(t, func() bool {
		status, _, _, err := probe.do(http.MethodGet, contract.ReadyPath, nil)
		return err == nil && status == http.StatusServiceUnavailable
	}, patience, time.Millisecond, "not ready, and still answering")
	clients.Wait()
	close(failures)
	for failure := range failures {
		t.Error(failure)
	}
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", hostOf(t, url))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, patience, time.Millisecond, "the listener closes")
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the last answer: %v", err)
	default:
	}
	slow()
	require.NoError(t, <-stopped)
	t.Logf("%d requests, none dropped", answered.Load())
}

// holdRequest sends a prediction but for the end of its body, once the handler
// waits for that. The function it returns sends the end and requires a good
// answer.
func holdRequest(t *testing.T, url, key string) (finish func()) {
	t.Helper()
	body, err := json.Marshal(rivalry())
	require.NoError(t, err)
	conn, err := net.Dial("tcp", hostOf(t, url))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "POST /v1/predictions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", hostOf(t, url), key, len(body))
	require.NoError(t, err)
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue", strings.TrimSpace(line))
	_, err = answers.ReadString('\n')
	require.NoError(t, err)
	return func() {
		t.Helper()
		_, err := conn.Write(body)
		require.NoError(t, err)
		response, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, "%s", text)
	}
}
