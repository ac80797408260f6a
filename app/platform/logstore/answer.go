package logstore

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/script-ohio/platform/app/fault"
)

// answer is the body of a range query.
type answer struct {
	Status string `json:"status"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

type stream struct {
	Labels map[string]string `json:"stream"`
	Values []value           `json:"values"`
}

type value struct {
	at   int64
	line string
}

// UnmarshalJSON reads [nanoseconds, line], whatever may follow.
func (v *value) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) < 2 {
		return errors.New("a value without a line")
	}
	var at json.Number
	if err := json.Unmarshal(parts[0], &at); err != nil { // also of a string
		return err
	}
	var err error
	if v.at, err = at.Int64(); err != nil {
		return err
	}
	return json.Unmarshal(parts[1], &v.line)
}

// read gives the lines of an answer.
func (l *Loki) read(body []byte) ([]entry, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, l.broken(err)
	}
	if a.Status != "success" {
		return nil, l.broken(errors.New("its status is " + a.Status))
	}
	if a.Data.ResultType != "streams" {
		return nil, &failure{fault: fault.New(fault.Invalid, "%s asks the Loki for a %s; its query must select lines", Variable, a.Data.ResultType)}
	}
	var streams []stream
	if err := json.Unmarshal(a.Data.Result, &streams); err != nil {
		return nil, l.broken(err)
	}
	var entries []entry
	for _, s := range streams {
		labels := new(bytes.Buffer)
		encoder := json.NewEncoder(labels)
		encoder.SetEscapeHTML(false)
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		if err := encoder.Encode(s.Labels); err != nil {
			return nil, l.broken(err)
		}
		text := labels.String()
		for _, v := range s.Values {
			entries = append(entries, entry{v.at, text[:len(text)-1], v.line})
		}
	}
	return entries, nil
}

func (l *Loki) broken(cause error) error {
	return &failure{again: true, fault: fault.Wrap(fault.Unavailable, cause, "the Loki at %s gives an answer that cannot be read", l.server.Host)}
}
