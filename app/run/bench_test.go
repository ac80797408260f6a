package run_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/redis"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
	"github.com/script-ohio/platform/app/run"
)

var rivals = serving.Request{Home: "Ohio State", Away: "Michigan"}

func embeddedEngine(b *testing.B) *serving.Engine {
	p, err := pack.Default()
	require.NoError(b, err)
	engine, err := serving.New(b.Context(), p, serving.Options{Logger: discard()})
	require.NoError(b, err)
	b.Cleanup(engine.Close)
	return engine
}

// BenchmarkSingle is one prediction by the embedded pack, without HTTP.
func BenchmarkSingle(b *testing.B) {
	engine := embeddedEngine(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Predict(context.Background(), rivals); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "predictions/s")
}

// BenchmarkBatch is the largest batch of different games on one processor.
func BenchmarkBatch(b *testing.B) {
	engine := embeddedEngine(b)
	teams := engine.Teams()
	requests := make([]serving.Request, contract.MaxBatchGames)
	for i := range requests {
		requests[i] = serving.Request{Home: teams[i%len(teams)].Team, Away: teams[(i+1+i/len(teams))%len(teams)].Team, Neutral: i%2 == 0}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range engine.PredictBatch(context.Background(), requests) {
			if item.Err != nil {
				b.Fatal(item.Err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(requests))/b.Elapsed().Seconds(), "predictions/s")
}

// BenchmarkBareGin is the yardstick: a Gin handler that returns a constant
// prediction, over real connections.
func BenchmarkBareGin(b *testing.B) {
	prediction, err := embeddedEngine(b).Predict(b.Context(), rivals)
	require.NoError(b, err)
	answer, err := json.Marshal(prediction)
	require.NoError(b, err)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/predictions", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", answer) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: engine}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	benchmarkAddress(b, listener.Addr().String(), "")
}

// BenchmarkService is the whole service: PostgreSQL, Redis, an API key,
// shared rate limits, metrics and logs, the embedded pack.
func BenchmarkService(b *testing.B) {
	database := postgrestest.URL(b)
	local, err := redis.StartLocal()
	require.NoError(b, err)
	defer local.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(b, err)
	defer null.Close()
	logger, err := telemetry.Logger(null, "info")
	require.NoError(b, err)
	config, err := run.LoadConfig([]string{"LISTEN=127.0.0.1:0", "INTERNAL_LISTEN=127.0.0.1:0", "SHUTDOWN_PAUSE=0", "DATABASE_URL=" + database, "REDIS_URL=" + local.URL()})
	require.NoError(b, err)
	service := run.New(config, build(), logger)
	require.NoError(b, service.Start(b.Context()))
	defer func() { require.NoError(b, service.Stop(context.Background())) }()

	pool, err := postgres.Open(b.Context(), database, postgres.Options{MaxConns: 1})
	require.NoError(b, err)
	defer pool.Close()
	rate := 1e6 // no benchmark reaches it
	_, key, err := auth.NewStore(pool).Create(b.Context(), "bench", contract.Developer, &rate, "bench")
	require.NoError(b, err)
	benchmarkAddress(b, service.PublicURL()[len("http://"):], key)
}

func benchmarkAddress(b *testing.B, address, key string) {
	body := `{"home_team":"Ohio State","away_team":"Michigan"}`
	request := fmt.Appendf(nil, "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", key, len(body), body)
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(answers); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// skipAnswer reads one answer with status 200 and a Content-Length; a client
// this lean leaves the processors to the server.
func skipAnswer(r *bufio.Reader) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %s", line)
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, err = strconv.Atoi(string(value))
			if err != nil {
				return err
			}
		}
	}
	if length < 500 {
		return fmt.Errorf("an answer of %d bytes", length)
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}
