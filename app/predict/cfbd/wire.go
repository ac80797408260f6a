package cfbd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Game is a game as GET /games tells it (version 2), as far as it is used.
type Game struct {
	ID                 int64     `json:"id"`
	Season             int       `json:"season"`
	Week               int       `json:"week"`
	SeasonType         string    `json:"seasonType"`
	StartDate          time.Time `json:"startDate"`
	StartTimeTBD       bool      `json:"startTimeTBD"`
	Completed          bool      `json:"completed"`
	NeutralSite        bool      `json:"neutralSite"`
	ConferenceGame     bool      `json:"conferenceGame"`
	HomeTeam           string    `json:"homeTeam"`
	HomeConference     string    `json:"homeConference"`
	HomeClassification string    `json:"homeClassification"`
	HomePoints         *int      `json:"homePoints"`
	AwayTeam           string    `json:"awayTeam"`
	AwayConference     string    `json:"awayConference"`
	AwayClassification string    `json:"awayClassification"`
	AwayPoints         *int      `json:"awayPoints"`
}

// GameLines are the lines of one game as GET /lines tells them.
type GameLines struct {
	ID       int64  `json:"id"`
	HomeTeam string `json:"homeTeam"`
	AwayTeam string `json:"awayTeam"`
	Lines    []Line `json:"lines"`
}

// Line is one bookmaker's. Spread is the home team's handicap: negative when
// it is favoured.
type Line struct {
	Provider        string `json:"provider"`
	Spread          number `json:"spread"`
	FormattedSpread string `json:"formattedSpread"` // such as "Ohio State -7.5": the favourite
	OverUnder       number `json:"overUnder"`
}

// Team is a member of the FBS as GET /teams/fbs tells it.
type Team struct {
	School string `json:"school"`
}

// number is a JSON number, one in quotes, as the first version of the API
// wrote lines, or null.
type number struct{ value *float64 }

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	n.value = nil
	if string(data) == "null" {
		return nil
	}
	text := string(data)
	if len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	// Text that JSON would not take as a number, such as "Inf", is none here.
	if !json.Valid([]byte(text)) {
		return fmt.Errorf("%.40s is no number", data)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%.40s is no number", data)
	}
	n.value = &value
	return nil
}

// Refusal is a part of an answer that was left out.
type Refusal struct {
	GameID int64  `json:"game_id,omitempty"` // when it is known
	Reason string `json:"reason"`
}

// decode reads a JSON array item by item, so that one bad item does not cost
// the others. An answer of which nothing can be read is an error: the API must
// have changed.
func decode[T any](body []byte, what string, read func(json.RawMessage) (T, error)) ([]T, []Refusal, error) {
	var raw []json.RawMessage
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, nil, fault.New(fault.Unavailable, "the College Football Data API answered something else than a list (%s...)", start(body))
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "the answer of the College Football Data API is broken off or no JSON (%d bytes)", len(body))
	}
	items := make([]T, 0, len(raw))
	var refused []Refusal
	for i, r := range raw {
		item, err := read(r)
		if err != nil {
			refused = append(refused, Refusal{idOf(r), jobs.Line(fmt.Sprintf("%s %d of the answer: %v", what, i+1, err))})
			continue
		}
		items = append(items, item)
	}
	if len(items) == 0 && len(refused) > 0 {
		return nil, refused, fault.New(fault.Unavailable, "nothing of what the College Football Data API answered can be read; has it changed? %s", refused[0].Reason)
	}
	return items, refused, nil
}

func start(body []byte) string {
	return jobs.Line(strings.ToValidUTF8(string(body[:min(len(body), 20)]), ""))
}

// idOf is the id of an item that cannot be read as a whole.
func idOf(raw json.RawMessage) int64 {
	var item struct {
		ID int64 `json:"id"`
	}
	_ = json.Unmarshal(raw, &item)
	return item.ID
}

// into reads an object that must have some keys, not null, and others that may
// be null. Unknown keys are the API's liberty.
func into(raw json.RawMessage, value any, required, nullable []string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return fmt.Errorf("no object: %s", start(raw))
	}
	for _, key := range required {
		if field, ok := fields[key]; !ok || string(field) == "null" {
			return fmt.Errorf("%s is missing", key)
		}
	}
	for _, key := range nullable {
		if _, ok := fields[key]; !ok {
			return fmt.Errorf("%s is missing", key)
		}
	}
	return json.Unmarshal(raw, value)
}

func readGame(raw json.RawMessage) (g Game, err error) {
	err = into(raw, &g, []string{"id", "season", "week", "seasonType", "startDate", "completed", "neutralSite", "homeTeam", "awayTeam"},
		[]string{"homeConference", "homeClassification", "homePoints", "awayConference", "awayClassification", "awayPoints"})
	return g, err
}

func readLines(raw json.RawMessage) (l GameLines, err error) {
	err = into(raw, &l, []string{"id", "homeTeam", "awayTeam", "lines"}, nil)
	return l, err
}

func readTeam(raw json.RawMessage) (t Team, err error) {
	err = into(raw, &t, []string{"school"}, nil)
	return t, err
}
