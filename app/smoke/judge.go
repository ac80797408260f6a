package smoke

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/script-ohio/platform/app/fault"
)

// probe is one question to a route. What is nil is not needed.
type probe struct {
	says      string                  // what holds when it passes
	needs     func(*found) string     // what other answers lack to ask it
	params    func(*found) []string   // of the path, in order
	query     func(*found) url.Values // after the path
	body      func(*found) any        // sent as JSON
	key       bool                    // makes sense with an API key only
	anonymous bool                    // asked without the key
	instead   bool                    // stands in for another probe: not worth a word when it is not asked

	refused fault.Code                 // the answer must be this problem, or
	answers func([]byte, *found) error // an answer of status 200 with this in it
}

// found is what earlier answers gave to ask on with.
type found struct {
	version, pack string
	teams         []string // two
	season, week  int      // of now
	game          *game    // any
	cursor        string   // behind that game
	weekAsked     bool     // whether weekGame is known
	weekGame      *game    // in the week of now; nil: it has none
	model         string
	run           int64 // of any job
	backup        string
}

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// judge says what is wrong with an answer.
func (p probe) judge(a answer, seen *found) error {
	if p.refused != "" {
		return p.judgeRefusal(a)
	}
	if a.status != http.StatusOK {
		return unexpected(a, http.StatusOK)
	}
	if a.mediaType != jsonType {
		return fmt.Errorf("answered with the content type %q instead of %s: %s", a.mediaType, jsonType, a.shown)
	}
	return p.answers(a.body, seen)
}

// problem is an RFC 9457 document as callers rely on it.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
	Code     string `json:"code"`
}

func (p probe) judgeRefusal(a answer) error {
	want := fault.HTTPStatus(fault.New(p.refused, "refused"))
	if a.status != want {
		return unexpected(a, want)
	}
	if a.mediaType != problemType {
		return fmt.Errorf("refused with the content type %q instead of %s: %s", a.mediaType, problemType, a.shown)
	}
	var got problem
	if err := json.Unmarshal(a.body, &got); err != nil {
		return fmt.Errorf("the problem document cannot be read: %s", a.shown)
	}
	switch {
	case got.Status != want || got.Code != string(p.refused):
		return fmt.Errorf("the problem document says status %d, code %q instead of %d, %q", got.Status, got.Code, want, p.refused)
	case got.Type == "" || got.Title == "" || got.Detail == "" || got.Instance == "":
		return fmt.Errorf("the problem document lacks type, title, detail or instance: %s", a.shown)
	}
	return nil
}

// unexpected tells of a status, and of the problem if there is one.
func unexpected(a answer, want int) error {
	said := a.shown
	var got problem
	if a.mediaType == problemType && json.Unmarshal(a.body, &got) == nil && got.Detail != "" {
		said = fmt.Sprintf("%s (request %s)", got.Detail, got.Instance)
	}
	return fmt.Errorf("answered %d %s instead of %d: %s", a.status, http.StatusText(a.status), want, said)
}

// answering reads an answer as a T and holds it to sane.
func answering[T any](sane func(*found, T) error) func([]byte, *found) error {
	return func(body []byte, seen *found) error {
		var got T
		if err := json.Unmarshal(body, &got); err != nil {
			return fmt.Errorf("the answer cannot be read: %w", err)
		}
		return sane(seen, got)
	}
}

// all gives the first of some complaints whose condition does not hold.
func all(conditions ...error) error {
	for _, err := range conditions {
		if err != nil {
			return err
		}
	}
	return nil
}

// must is a complaint unless ok.
func must(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
