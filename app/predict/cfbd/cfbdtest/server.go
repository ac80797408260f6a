// Package cfbdtest plays the College Football Data API for tests: the
// documented routes, shapes, validators and refusals of version 2.
package cfbdtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/script-ohio/platform/app/predict/football"
)

// Server answers as the API does, over the games it is given.
type Server struct {
	URL string
	Key string // the one it takes

	mu       sync.Mutex
	games    []football.Game
	members  []string
	script   []http.HandlerFunc
	requests []*http.Request
	left     int
}

// New starts a server that goes with the test.
func New(t testing.TB, games ...football.Game) *Server {
	t.Helper()
	s := &Server{Key: "key-of-the-test", games: games, left: 1000}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Games replaces the games.
func (s *Server) Games(games ...football.Game) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.games = games
}

// Members says which schools GET /teams/fbs lists.
func (s *Server) Members(schools ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members = schools
}

// Left says how many calls the key has left.
func (s *Server) Left(calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = calls
}

// Next answers the next requests in place of the API, one handler each; nil is
// the API itself.
func (s *Server) Next(handlers ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, handlers...)
}

// Requests lists what was asked, as path and query.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := make([]string, len(s.requests))
	for i, r := range s.requests {
		asked[i] = r.URL.RequestURI()
	}
	return asked
}

// Say answers a status with a message, as the API words its refusals, and
// headers in pairs.
func Say(status int, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		body, _ := json.Marshal(map[string]string{"message": message})
		write(w, status, body)
	}
}

// Body answers 200 with a body and a validator of it.
func Body(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { send(w, r, []byte(body)) }
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	var scripted http.HandlerFunc
	if len(s.script) > 0 {
		scripted, s.script = s.script[0], s.script[1:]
	}
	s.mu.Unlock()
	if scripted != nil {
		scripted(w, r)
		return
	}
	s.serve(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+s.Key {
		Say(http.StatusUnauthorized, "Unauthorized")(w, r)
		return
	}
	if s.left <= 0 {
		Say(http.StatusTooManyRequests, "Monthly call quota exceeded.", "X-CallLimit-Remaining", "0")(w, r)
		return
	}
	year, err := strconv.Atoi(r.URL.Query().Get("year"))
	if err != nil {
		Say(http.StatusBadRequest, "Validation Failed")(w, r)
		return
	}
	var answer []any
	switch r.URL.Path {
	case "/games":
		for _, g := range s.games {
			if asked(r, year, g) && fbs(r, g) {
				answer = append(answer, Game(g))
			}
		}
	case "/lines":
		for _, g := range s.games {
			if asked(r, year, g) {
				answer = append(answer, Lines(g))
			}
		}
	case "/teams/fbs":
		for i, school := range s.members {
			answer = append(answer, Team(i+1, school))
		}
	default:
		Say(http.StatusNotFound, "Not Found")(w, r)
		return
	}
	s.left--
	w.Header().Set("X-CallLimit-Remaining", strconv.Itoa(s.left))
	body, err := json.Marshal(append([]any{}, answer...))
	if err != nil {
		panic(err) // made of maps and plain values
	}
	send(w, r, body)
}

func asked(r *http.Request, year int, g football.Game) bool {
	q := r.URL.Query()
	kind := q.Get("seasonType")
	week := q.Get("week")
	return g.Season == year && (kind == "" || kind == "both" || kind == g.SeasonType) && (week == "" || week == strconv.Itoa(g.Week))
}

func fbs(r *http.Request, g football.Game) bool {
	class := r.URL.Query().Get("classification")
	return class == "" || class == g.Home.Division || class == g.Away.Division
}

// send gives a body and its weak validator, or 304 when the caller has it.
func send(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	etag := fmt.Sprintf(`W/"%x-%s"`, len(body), hex.EncodeToString(sum[:10]))
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	write(w, http.StatusOK, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
