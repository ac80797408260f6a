package iamdoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// The document as IAM reads it. Lists are written as lists also when they
// hold one value, sorted and without repetition, so that equal documents are
// equal bytes.
type (
	wireDocument struct {
		Version   string
		ID        string `json:"Id,omitempty"`
		Statement oneOrMany[wireStatement]
	}
	wireStatement struct {
		Sid          string `json:",omitempty"`
		Effect       Effect
		Principal    wirePrincipals                          `json:",omitempty"`
		NotPrincipal any                                     `json:",omitempty"`
		Action       oneOrMany[string]                       `json:",omitempty"`
		NotAction    oneOrMany[string]                       `json:",omitempty"`
		Resource     oneOrMany[string]                       `json:",omitempty"`
		NotResource  any                                     `json:",omitempty"`
		Condition    map[string]map[string]oneOrMany[scalar] `json:",omitempty"`
	}
	// wirePrincipals is an object of lists, or "*".
	wirePrincipals map[PrincipalKind]oneOrMany[string]
	// oneOrMany is a list that may be written as its only value.
	oneOrMany[T any] []T
	// scalar is a string that may be written as a boolean or a number.
	scalar string
)

// JSON is the canonical form as text.
func (d Document) JSON() (string, error) {
	text, err := d.MarshalJSON()
	return string(text), err
}

// MarshalJSON writes the canonical form.
func (d Document) MarshalJSON() ([]byte, error) {
	wire := wireDocument{Version: Version, Statement: make([]wireStatement, len(d.Statements))}
	for i, s := range d.Statements {
		w := wireStatement{
			Sid: s.Sid, Effect: s.Effect,
			Action: set(s.Actions), NotAction: set(s.NotActions), Resource: set(s.Resources),
		}
		for _, p := range s.Principals {
			if w.Principal == nil {
				w.Principal = wirePrincipals{}
			}
			w.Principal[p.Kind] = set(append(w.Principal[p.Kind], p.ID))
		}
		for _, c := range s.Conditions {
			if w.Condition == nil {
				w.Condition = map[string]map[string]oneOrMany[scalar]{}
			}
			if w.Condition[c.Operator] == nil {
				w.Condition[c.Operator] = map[string]oneOrMany[scalar]{}
			}
			if w.Condition[c.Operator][c.Key] != nil {
				return nil, fmt.Errorf("statement %d tests %s of %s twice: IAM would read \"or\" where \"and\" is meant", i+1, c.Operator, c.Key)
			}
			values := make([]scalar, len(c.Values))
			for v := range c.Values {
				values[v] = scalar(c.Values[v])
			}
			w.Condition[c.Operator][c.Key] = set(values)
		}
		wire.Statement[i] = w
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// set sorts and drops repetition.
func set[T ~string](values []T) oneOrMany[T] {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// Parse reads a document in any form that IAM takes. Elements that this
// package does not write (NotPrincipal, NotResource, unknown ones) are
// errors, for a reader must not overlook them.
func Parse(text string) (Document, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	var wire wireDocument
	if err := decoder.Decode(&wire); err != nil {
		return Document{}, fmt.Errorf("policy document: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Document{}, errors.New("policy document: something follows it")
	}
	if wire.Version != Version && wire.Version != "2008-10-17" {
		return Document{}, fmt.Errorf("policy document: version %q, want %q", wire.Version, Version)
	}
	var doc Document
	for i, w := range wire.Statement {
		if w.NotPrincipal != nil || w.NotResource != nil {
			return Document{}, fmt.Errorf("policy document: statement %d has NotPrincipal or NotResource: say who and what instead", i+1)
		}
		s := Statement{
			Sid: w.Sid, Effect: w.Effect,
			Actions: set(w.Action), NotActions: set(w.NotAction), Resources: set(w.Resource),
		}
		for _, kind := range slices.Sorted(maps.Keys(w.Principal)) {
			for _, id := range set(w.Principal[kind]) {
				s.Principals = append(s.Principals, Principal{kind, id})
			}
		}
		for _, op := range slices.Sorted(maps.Keys(w.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(w.Condition[op])) {
				c := Condition{Operator: op, Key: key}
				for _, v := range set(w.Condition[op][key]) {
					c.Values = append(c.Values, string(v))
				}
				s.Conditions = append(s.Conditions, c)
			}
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc, nil
}

func (l *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return strict(text, (*[]T)(l))
	}
	var one T
	if err := strict(text, &one); err != nil {
		return err
	}
	*l = oneOrMany[T]{one}
	return nil
}

func (p *wirePrincipals) UnmarshalJSON(text []byte) error {
	if string(bytes.TrimSpace(text)) == `"*"` {
		*p = wirePrincipals{PrincipalAWS: {"*"}}
		return nil
	}
	return strict(text, (*map[PrincipalKind]oneOrMany[string])(p))
}

func (s *scalar) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, (*string)(s))
	}
	if first := text[0]; first == '{' || first == '[' || first == 'n' {
		return fmt.Errorf("condition value %s is not a string, number or boolean", text)
	}
	*s = scalar(text)
	return nil
}

// strict decodes without letting unknown elements pass: the setting of an
// outer decoder does not reach types that decode themselves.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
