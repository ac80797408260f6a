package httpapi

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/script-ohio/platform/app/predict/serving"
)

// appendPrediction appends the JSON of a prediction, byte for byte as
// encoding/json without HTML escapes writes it, in a third of the time; a test
// holds the two together. ok is false for what JSON cannot express, such as
// NaN, and the bytes are then of no use.
func appendPrediction(b []byte, p *serving.Prediction) (_ []byte, ok bool) {
	w := jsonWriter{b: b, ok: true}
	w.open('{')
	w.string("id", p.ID)
	if p.GameID != 0 {
		w.int("game_id", p.GameID)
	}
	w.string("home_team", p.HomeTeam)
	w.string("away_team", p.AwayTeam)
	w.bool("neutral_site", p.NeutralSite)
	w.int("season", int64(p.Season))
	w.int("week", int64(p.Week))
	w.string("season_type", p.SeasonType)
	if p.Spread != nil {
		w.float("spread", *p.Spread)
	}
	w.string("model", p.Model)
	w.string("winner", p.Winner)
	w.key("probabilities").open('{')
	w.float("home", p.Probabilities.Home)
	w.float("away", p.Probabilities.Away)
	w.close('}')
	w.key("margin").open('{')
	w.float("expected", p.Margin.Expected)
	w.float("low", p.Margin.Low)
	w.float("high", p.Margin.High)
	w.float("level", p.Margin.Level)
	w.close('}')
	w.float("total", p.Total)
	w.key("models").estimates(p.Models)
	w.key("agreement").open('{')
	w.int("same_winner", int64(p.Agreement.SameWinner))
	w.int("models", int64(p.Agreement.Models))
	w.float("probability_range", p.Agreement.ProbabilityRange)
	w.close('}')
	if len(p.Contributions) > 0 {
		w.key("contributions").contributions(p.Contributions)
	}
	w.string("feature_set", p.FeatureSet)
	w.string("pack_version", p.PackVersion)
	w.string("schema_hash", p.SchemaHash)
	w.time("as_of", p.AsOf)
	w.string("ratings_hash", p.RatingsHash)
	w.close('}')
	return w.b, w.ok
}

// jsonWriter writes JSON; after anything but an opening bracket a key puts a
// comma first.
type jsonWriter struct {
	b     []byte
	ok    bool
	comma bool
}

func (w *jsonWriter) open(bracket byte) {
	w.b, w.comma = append(w.b, bracket), false
}

func (w *jsonWriter) close(bracket byte) {
	w.b, w.comma = append(w.b, bracket), true
}

// key writes a name that needs no escapes.
func (w *jsonWriter) key(name string) *jsonWriter {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
	return w
}

func (w *jsonWriter) string(name, value string) {
	w.key(name)
	w.b = appendString(w.b, value)
}

func (w *jsonWriter) int(name string, value int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, value, 10)
}

func (w *jsonWriter) bool(name string, value bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, value)
}

// float writes the shortest digits that read back as the same number, with an
// exponent where ECMAScript has one.
func (w *jsonWriter) float(name string, value float64) {
	w.key(name)
	abs := math.Abs(value)
	switch {
	case abs > math.MaxFloat64 || abs != abs:
		w.ok = false
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		w.b = strconv.AppendFloat(w.b, value, 'e', -1, 64)
		if n := len(w.b); w.b[n-4] == 'e' && w.b[n-3] == '-' && w.b[n-2] == '0' { // e-09 is written e-9
			w.b = append(w.b[:n-2], w.b[n-1])
		}
	default:
		w.b = strconv.AppendFloat(w.b, value, 'f', -1, 64)
	}
}

func (w *jsonWriter) time(name string, value time.Time) {
	w.key(name)
	w.b = append(w.b, '"')
	text, err := value.AppendText(w.b)
	w.ok = w.ok && err == nil
	w.b = text
	w.b = append(w.b, '"')
}

func (w *jsonWriter) estimates(models map[string]serving.Estimate) {
	if models == nil {
		w.b = append(w.b, "null"...)
		return
	}
	var few [8]string
	names := few[:0]
	for name := range models {
		names = append(names, name)
	}
	slices.Sort(names)
	w.open('{')
	for i, name := range names {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(appendString(w.b, name), ':')
		w.open('{')
		w.float("home_probability", models[name].HomeProbability)
		w.float("margin", models[name].Margin)
		w.close('}')
	}
	w.close('}')
}

func (w *jsonWriter) contributions(list []serving.Contribution) {
	w.open('[')
	for i, c := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open('{')
		w.string("feature", c.Feature)
		w.float("value", c.Value)
		w.float("points", c.Points)
		w.close('}')
	}
	w.close(']')
}

// appendString copies plain ASCII and leaves the rest to encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			var quoted bytes.Buffer
			enc := json.NewEncoder(&quoted)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(s) // a string always can
			return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
