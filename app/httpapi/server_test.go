package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/predict/serving"
)

// waiting predicts when it is let go.
type waiting struct {
	fakePredictor
	entered, release chan struct{}
}

func (w waiting) Predict(ctx context.Context, r serving.Request) (serving.Prediction, error) {
	close(w.entered)
	<-w.release
	return w.fakePredictor.Predict(ctx, r)
}

func serve(t *testing.T, deps httpapi.Deps, opts httpapi.ServerOptions) (server *httpapi.Server, url string, client *http.Client, served chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server = httpapi.NewServer(newAPI(t, deps, httpapi.Options{}), opts)
	served = make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() {
		_ = server.Shutdown(context.Background()) // t's context has ended
	})
	return server, "http://" + ln.Addr().String(), client, served
}

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	deps, w := testDeps(), waiting{entered: make(chan struct{}), release: make(chan struct{})}
	deps.Predictor = w
	server, url, client, served := serve(t, deps, httpapi.ServerOptions{})
	status := make(chan string, 1)
	go func() {
		res, err := client.Post(url+"/v1/predictions", "application/json", strings.NewReader(validGame))
		if err != nil {
			status <- err.Error()
			return
		}
		res.Body.Close()
		status <- res.Status
	}()
	<-w.entered
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(t.Context()) }()
	require.NoError(t, <-served, "the listener closes first")
	close(w.release)
	require.Equal(t, "200 OK", <-status)
	require.NoError(t, <-stopped)
	require.NoError(t, server.Shutdown(t.Context()), "again")
}

func TestReadinessGoesOffBeforeTheListener(t *testing.T) {
	server, url, client, served := serve(t, testDeps(), httpapi.ServerOptions{Pause: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(ctx) }()
	require.Eventually(t, func() bool {
		res, err := client.Get(url + "/ready")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	}, 10*time.Second, time.Millisecond)
	cancel()
	<-stopped
	require.NoError(t, <-served)
}

func TestOversizedHeadersAndBodiesEndTheConnection(t *testing.T) {
	_, url, client, _ := serve(t, testDeps(), httpapi.ServerOptions{})
	r, err := http.NewRequest(http.MethodGet, url+"/health", nil)
	require.NoError(t, err)
	r.Header.Set("X-Padding", strings.Repeat("x", 128<<10))
	res, err := client.Do(r)
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)

	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "413 Request Entity Too Large")
	require.Contains(t, string(answer), "Connection: close")
}

func TestAbortedBodyIsNotOurFault(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	r, err := http.NewRequest(http.MethodPost, "/v1/predictions", io.MultiReader(strings.NewReader(`{"home`), broken{}))
	require.NoError(t, err)
	r.RemoteAddr = "192.0.2.1:1"
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	require.Equal(t, "malformed", problemIn(t, w).Code)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
