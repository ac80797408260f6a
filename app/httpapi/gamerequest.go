package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/predict/serving"
)

// GameRequest asks for the prediction of one game.
type GameRequest struct {
	HomeTeam    string   `json:"home_team" minLength:"1" maxLength:"80" example:"Ohio State" doc:"Name or known alias"`
	AwayTeam    string   `json:"away_team" minLength:"1" maxLength:"80" example:"Michigan" doc:"Name or known alias"`
	NeutralSite bool     `json:"neutral_site,omitempty" doc:"Nobody plays at home"`
	Season      int      `json:"season,omitempty" minimum:"1869" maximum:"2200" doc:"Default: the current one"`
	Week        int      `json:"week,omitempty" minimum:"1" maximum:"30" doc:"Only games before this week count. Default: the next one"`
	SeasonType  string   `json:"season_type,omitempty" enum:"regular,postseason" doc:"Default: regular"`
	Spread      *float64 `json:"spread,omitempty" minimum:"-100" maximum:"100" doc:"Betting line, negative when it favours the home side"`
	Model       string   `json:"model,omitempty" enum:"ensemble,ridge,gbt,mlp" doc:"Default: ensemble"`
	Explain     bool     `json:"explain,omitempty" doc:"Also say what moved the answer most"`
}

func (g GameRequest) request() serving.Request {
	return serving.Request{
		Home: g.HomeTeam, Away: g.AwayTeam, Neutral: g.NeutralSite,
		Season: g.Season, Week: g.Week, SeasonType: g.SeasonType,
		Spread: g.Spread, Model: g.Model, Explain: g.Explain,
	}
}

// gameReader reads the body of the busiest route. The usual body is read in
// one pass; whatever that pass does not understand or like goes through Huma's
// validation, which alone decides what is wrong.
type gameReader struct {
	registry huma.Registry
	schema   *huma.Schema
}

func (r gameReader) read(body []byte) (GameRequest, error) {
	if g, ok := scanGame(body); ok {
		return g, nil
	}
	return r.validate(body)
}

func (r gameReader) validate(body []byte) (GameRequest, error) {
	var g GameRequest
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil {
		return g, huma.NewError(http.StatusBadRequest, "", &huma.ErrorDetail{Location: "body", Message: err.Error()})
	}
	path, found := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	path.Push("body")
	huma.Validate(r.registry, r.schema, path, huma.ModeWriteToServer, parsed, found)
	if len(found.Errors) == 0 {
		err := json.Unmarshal(body, &g)
		if err == nil {
			return g, nil
		}
		found.Errors = append(found.Errors, &huma.ErrorDetail{Location: "body", Message: err.Error()})
	}
	return g, huma.NewError(http.StatusUnprocessableEntity, "", found.Errors...)
}

// scanGame reads a valid request in its plain form: known names, each once,
// strings without escapes, numbers without exponents, no null. ok is false for
// everything else, right or wrong. Its limits repeat those of GameRequest; a
// fuzz test holds the two together.
func scanGame(body []byte) (g GameRequest, ok bool) {
	s := scanner{rest: body}
	return g, s.take('{') && s.fields(&g) && s.atEnd() && g.plausible()
}

func (g *GameRequest) plausible() bool {
	name := func(s string) bool { return s != "" && utf8.RuneCountInString(s) <= 80 }
	return name(g.HomeTeam) && name(g.AwayTeam) && (g.Spread == nil || *g.Spread >= -100 && *g.Spread <= 100)
}

// scanner reads JSON from the left. Its methods report whether they found what
// they are for.
type scanner struct{ rest []byte }

// fields reads the members of an object after its opening brace.
func (s *scanner) fields(g *GameRequest) bool {
	const home, away, neutral, season, week, seasonType, spread, model, explain = 1, 2, 4, 8, 16, 32, 64, 128, 256
	seen := 0
	for {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		field := 0
		switch string(name) {
		case "home_team":
			field, ok = home, s.string(&g.HomeTeam)
		case "away_team":
			field, ok = away, s.string(&g.AwayTeam)
		case "neutral_site":
			field, ok = neutral, s.bool(&g.NeutralSite)
		case "season":
			field, ok = season, s.int(&g.Season) && g.Season >= 1869 && g.Season <= 2200
		case "week":
			field, ok = week, s.int(&g.Week) && g.Week >= 1 && g.Week <= 30
		case "season_type":
			field, ok = seasonType, s.oneOf(&g.SeasonType, "regular", "postseason")
		case "spread":
			field, ok = spread, s.float(&g.Spread)
		case "model":
			field, ok = model, s.oneOf(&g.Model, serving.ModelEnsemble, serving.ModelRidge, serving.ModelGBT, serving.ModelMLP)
		case "explain":
			field, ok = explain, s.bool(&g.Explain)
		}
		if !ok || field == 0 || seen&field != 0 {
			return false
		}
		seen |= field
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) atEnd() bool {
	s.space()
	return len(s.rest) == 0
}

func (s *scanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text reads a string without escapes; the bytes are those of the body.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i, c := range s.rest {
		switch {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text, utf8.Valid(text)
		case c == '\\' || c < ' ':
			return nil, false
		}
	}
	return nil, false
}

func (s *scanner) string(to *string) bool {
	text, ok := s.text()
	*to = string(text)
	return ok
}

// oneOf reads one of a few words without copying it.
func (s *scanner) oneOf(to *string, words ...string) bool {
	text, ok := s.text()
	for _, word := range words {
		if ok && string(text) == word {
			*to = word
			return true
		}
	}
	return false
}

func (s *scanner) bool(to *bool) bool {
	s.space()
	for word, value := range [...]string{"false", "true"} {
		if len(s.rest) >= len(value) && string(s.rest[:len(value)]) == value {
			s.rest, *to = s.rest[len(value):], word == 1
			return true
		}
	}
	return false
}

// int reads a positive number of up to four digits.
func (s *scanner) int(to *int) bool {
	s.space()
	n := s.digits()
	if n == 0 || n > 4 || s.rest[0] == '0' {
		return false
	}
	for _, digit := range s.rest[:n] {
		*to = *to*10 + int(digit-'0')
	}
	s.rest = s.rest[n:]
	return true
}

// float reads a number without an exponent.
func (s *scanner) float(to **float64) bool {
	s.space()
	number := s.rest
	if len(s.rest) > 0 && s.rest[0] == '-' {
		s.rest = s.rest[1:]
	}
	whole := s.digits()
	if whole == 0 || whole > 1 && s.rest[0] == '0' {
		return false
	}
	s.rest = s.rest[whole:]
	if len(s.rest) > 0 && s.rest[0] == '.' {
		s.rest = s.rest[1:]
		fraction := s.digits()
		if fraction == 0 {
			return false
		}
		s.rest = s.rest[fraction:]
	}
	value, err := strconv.ParseFloat(string(number[:len(number)-len(s.rest)]), 64)
	*to = &value
	return err == nil
}

// digits counts the digits ahead.
func (s *scanner) digits() int {
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	return n
}
