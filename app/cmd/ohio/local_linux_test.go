package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServeLocal(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	dir := passable(t)
	first := serveLocal(t, self(t), dir, nil)
	require.Equal(t, http.StatusOK, first.predict(first.key))
	require.Equal(t, http.StatusUnauthorized, first.predict("ohio_wrong"))
	require.NotEmpty(t, serversIn(t, dir))

	// The other commands find it by its data directory.
	secret, _ := ohio(t, 0, "keys", "create", "--role", "operator", "--name", "x", "--data-dir", dir)
	require.Equal(t, http.StatusOK, first.predict(strings.TrimSpace(secret)))
	games := write(t, "games.csv", header+game(1, "Iowa", "Purdue", 3))
	require.Equal(t, imported{Inserted: 1}, decoded[imported](t, "games", "import", games, "--data-dir", dir, "-o", "json"))
	require.Equal(t, http.StatusOK, first.get("/v1/games/1"))

	// What is taken is refused in a line, and nothing is begun.
	address, err := url.Parse(first.url)
	require.NoError(t, err)
	other := filepath.Join(passable(t), "other")
	_, complaint := ohio(t, 4, "serve", "--local", "--data-dir", other, "--listen", address.Host, "--internal-listen", "127.0.0.1:0")
	require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	require.Contains(t, complaint, address.Host)
	require.NoDirExists(t, other)
	_, complaint = ohio(t, 4, "serve", "--local", "--data-dir", dir, "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0")
	require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	require.Contains(t, complaint, "pid "+strconv.Itoa(first.cmd.Process.Pid))

	second := serveLocal(t, self(t), other, nil)
	require.NotEqual(t, first.url, second.url)
	require.Equal(t, http.StatusOK, second.predict(second.key))
	require.Equal(t, http.StatusNotFound, second.get("/v1/games/1"), "its data is its own")

	second.stop(t, syscall.SIGTERM)
	require.Equal(t, http.StatusOK, first.predict(first.key))
	first.stop(t, syscall.SIGINT)
	require.Empty(t, serversIn(t, dir))
	require.Empty(t, serversIn(t, other))

	_, complaint = ohio(t, 4, "local", "remove", "--data-dir", dir)
	require.Contains(t, complaint, "--yes")
	require.DirExists(t, filepath.Join(dir, "postgres"))
	ohio(t, 0, "local", "remove", "--data-dir", dir, "--yes")
	require.NoDirExists(t, filepath.Join(dir, "postgres"))
	ohio(t, 3, "keys", "list", "--data-dir", dir)
}

// A killed program takes its PostgreSQL along, and the next start has
// everything.
func TestKilledServeLocalLosesNothing(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	dir := passable(t)
	first := serveLocal(t, self(t), dir, nil)
	games := write(t, "games.csv", header+game(1, "Iowa", "Purdue", 3)+game(2, "Ohio State", "Michigan", 42))
	require.Equal(t, imported{Inserted: 2}, decoded[imported](t, "games", "import", games, "--data-dir", dir, "-o", "json"))

	loaded := make(chan struct{})
	answered := make(chan struct{}, 1000)
	go func() {
		defer close(loaded)
		for first.ask(http.MethodGet, "/v1/games?limit=10", first.key, nil) == http.StatusOK {
			select {
			case answered <- struct{}{}:
			default:
			}
		}
	}()
	for range 50 {
		select {
		case <-answered:
		case <-loaded:
			t.Fatal("a request failed before the kill")
		}
	}
	require.NoError(t, first.cmd.Process.Kill())
	<-loaded
	require.Error(t, first.cmd.Wait())
	require.Eventually(t, func() bool { return len(serversIn(t, dir)) == 0 }, patience, 10*time.Millisecond)
	_, complaint := ohio(t, 3, "keys", "list", "--data-dir", dir)
	require.Contains(t, complaint, "no running instance")

	second := serveLocal(t, self(t), dir, nil)
	require.Equal(t, first.key, second.key)
	require.Equal(t, imported{Unchanged: 2}, decoded[imported](t, "games", "import", games, "--data-dir", dir, "-o", "json"))
	require.Equal(t, http.StatusOK, second.get("/v1/games/2"))
	second.stop(t, syscall.SIGINT)
	require.Empty(t, serversIn(t, dir))
}

// Who does not want to wait for the drain says so again.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	dir := passable(t)
	p := serveLocal(t, self(t), dir, nil, "SHUTDOWN_PAUSE=3600")
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { return p.get("/ready") == http.StatusServiceUnavailable }, patience, time.Millisecond)
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	require.Eventually(t, func() bool {
		_ = p.cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			return err != nil && err.Error() == "signal: interrupt"
		default:
			return false
		}
	}, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool { return len(serversIn(t, dir)) == 0 }, patience, 10*time.Millisecond)
}

// Tests that run as root also serve as a user without privileges.
func TestServeLocalWithoutPrivileges(t *testing.T) {
	who := &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
	program, dir := self(t), passable(t)
	if os.Getuid() == 0 {
		nobody, err := user.Lookup("nobody")
		require.NoError(t, err)
		uid, err := strconv.Atoi(nobody.Uid)
		require.NoError(t, err)
		gid, err := strconv.Atoi(nobody.Gid)
		require.NoError(t, err)
		who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		require.NoError(t, os.Chown(dir, uid, gid))
		// The test binary lies where only root may look.
		program = filepath.Join(passable(t), "ohio")
		text, err := os.ReadFile(self(t))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(program, text, 0o755))
	}
	p := serveLocal(t, program, dir, who)
	require.Equal(t, http.StatusOK, p.predict(p.key))
	p.stop(t, syscall.SIGTERM)
	require.Empty(t, serversIn(t, dir))
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// program is `ohio serve --local` as a process.
type program struct {
	cmd      *exec.Cmd
	said     *bytes.Buffer // on standard error; read it after the end
	url, key string
	http     *http.Client
}

var (
	saysURL = regexp.MustCompile(`serves on (http://\S+)`)
	saysKey = regexp.MustCompile(`API key: (\S+)`)
)

// serveLocal starts the program and waits until it says that it serves.
func serveLocal(t *testing.T, path, dir string, who *syscall.Credential, environ ...string) *program {
	t.Helper()
	transport := &http.Transport{}
	p := &program{said: new(bytes.Buffer), http: &http.Client{Transport: transport, Timeout: patience}}
	p.cmd = exec.Command(path, "serve", "--local", "--data-dir", dir, "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL=", "REDIS_URL=", "MODELS_BUCKET=", "SHUTDOWN_PAUSE=0")
	p.cmd.Env = append(p.cmd.Env, environ...)
	p.cmd.Dir = "/" // which every user may enter
	p.cmd.Stderr = p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: who}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	lines, welcome := bufio.NewScanner(out), ""
	for lines.Scan() {
		welcome += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "Ctrl-C") {
			p.url = saysURL.FindStringSubmatch(welcome)[1]
			p.key = saysKey.FindStringSubmatch(welcome)[1]
			require.Contains(t, welcome, "curl -s "+p.url+"/v1/predictions")
			return p
		}
	}
	_ = p.cmd.Wait()
	t.Fatalf("it did not start: %s%s", welcome, p.said)
	return nil
}

// stop signals the whole group, as a terminal does, and requires a good end.
func (p *program) stop(t *testing.T, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(-p.cmd.Process.Pid, signal))
	require.NoError(t, p.cmd.Wait(), p.said.String())
}

func (p *program) predict(key string) int {
	return p.ask(http.MethodPost, "/v1/predictions", key, map[string]any{"home_team": "Ohio State", "away_team": "Michigan"})
}

func (p *program) get(path string) int {
	return p.ask(http.MethodGet, path, p.key, nil)
}

// ask gives the status of the answer, 0 when there is none.
func (p *program) ask(method, path, key string, body any) int {
	var reader io.Reader
	if body != nil {
		text, _ := json.Marshal(body)
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, p.url+path, reader)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := p.http.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// serversIn lists the processes that work in the cluster of a data directory,
// which are PostgreSQL's.
func serversIn(t *testing.T, dataDir string) (pids []string) {
	t.Helper()
	cluster, err := filepath.EvalSymlinks(filepath.Join(dataDir, "postgres", "data"))
	require.NoError(t, err)
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	require.NoError(t, err)
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == cluster {
			pids = append(pids, filepath.Base(filepath.Dir(link)))
		}
	}
	return pids
}

// passable is a temporary directory that another user can pass through, as
// the server's user must when the tests run as root.
func passable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ohio-cli-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
