package gbt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// jsonSource reads JSON. Its decoder checks the grammar; numbers are parsed to
// float32 directly, so that they round once.
type jsonSource struct{ dec *json.Decoder }

func newJSONSource(data []byte) *jsonSource {
	return &jsonSource{json.NewDecoder(bytes.NewReader(data))}
}

func (s *jsonSource) object(each func(string) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	for s.dec.More() {
		key, err := s.dec.Token()
		if err != nil {
			return err
		}
		if err := each(key.(string)); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

func (s *jsonSource) list(each func(int) error) error {
	if err := s.open('[', "a list"); err != nil {
		return err
	}
	for i := 0; s.dec.More(); i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

func (s *jsonSource) open(want json.Delim, kind string) error {
	token, err := s.dec.Token()
	if err == nil && token != want {
		err = fmt.Errorf("want %s before offset %d", kind, s.dec.InputOffset())
	}
	return err
}

func (s *jsonSource) text() (string, error) {
	raw, err := s.raw()
	if err != nil {
		return "", err
	}
	if raw[0] != '"' {
		return "", fmt.Errorf("want a string, not %.20q", raw)
	}
	var text string
	err = json.Unmarshal(raw, &text)
	return text, err
}

func (s *jsonSource) integer() (int64, error) {
	raw, err := s.raw()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a whole number, not %.20q", raw)
	}
	return n, nil
}

func (s *jsonSource) floats() ([]float32, error) {
	return numbers(s, func(text string) (float32, error) {
		x, err := strconv.ParseFloat(text, 32)
		return float32(x), err
	})
}

func (s *jsonSource) ints() ([]int32, error) {
	return numbers(s, func(text string) (int32, error) {
		switch text {
		case "true":
			return 1, nil
		case "false":
			return 0, nil
		}
		n, err := strconv.ParseInt(text, 10, 32)
		return int32(n), err
	})
}

// numbers parses a flat array, whose grammar the decoder has checked: what lies
// between commas is one value, and parse refuses all but numbers.
func numbers[T any](s *jsonSource, parse func(string) (T, error)) ([]T, error) {
	raw, err := s.raw()
	if err != nil {
		return nil, err
	}
	if raw[0] != '[' {
		return nil, fmt.Errorf("want a list of numbers, not %.20q", raw)
	}
	raw = bytes.TrimSpace(raw[1 : len(raw)-1])
	if len(raw) == 0 {
		return nil, nil
	}
	n := bytes.Count(raw, []byte{','}) + 1
	if n > maxNodes {
		return nil, fmt.Errorf("more than %d numbers", maxNodes)
	}
	all := make([]T, 0, n)
	for item := range bytes.SplitSeq(raw, []byte{','}) {
		item = bytes.TrimSpace(item)
		x, err := parse(string(item))
		if err != nil {
			return nil, fmt.Errorf("element %d: want a number in range, not %.20q", len(all), item)
		}
		all = append(all, x)
	}
	return all, nil
}

func (s *jsonSource) raw() (json.RawMessage, error) {
	var raw json.RawMessage
	err := s.dec.Decode(&raw)
	return raw, err
}

func (s *jsonSource) skip() error {
	_, err := s.raw()
	return err
}

func (s *jsonSource) end() error {
	if _, err := s.dec.Token(); err != io.EOF {
		return fmt.Errorf("more text after the model, at offset %d", s.dec.InputOffset())
	}
	return nil
}

// jsonSink writes compact JSON.
type jsonSink struct {
	out   *bufio.Writer
	comma bool // the next value or key follows another
}

func (s *jsonSink) next() {
	if s.comma {
		s.out.WriteByte(',')
	}
	s.comma = true
}

func (s *jsonSink) object(fields func()) { s.wrap('{', '}', fields) }

func (s *jsonSink) wrap(open, end byte, content func()) {
	s.next()
	s.out.WriteByte(open)
	s.comma = false
	content()
	s.out.WriteByte(end)
	s.comma = true
}

func (s *jsonSink) key(name string) {
	s.text(name)
	s.out.WriteByte(':')
	s.comma = false
}

func (s *jsonSink) list(n int, element func(int)) {
	s.wrap('[', ']', func() {
		for i := range n {
			element(i)
		}
	})
}

// text escapes what JSON demands and, like XGBoost, nothing else.
func (s *jsonSink) text(text string) {
	s.next()
	s.out.WriteByte('"')
	for _, r := range []byte(text) {
		switch i := strings.IndexByte("\"\\\b\f\n\r\t", r); {
		case i >= 0:
			s.out.WriteByte('\\')
			s.out.WriteByte("\"\\bfnrt"[i])
		case r < ' ':
			const hex = "0123456789abcdef"
			s.out.WriteString(`\u00`)
			s.out.WriteByte(hex[r>>4])
			s.out.WriteByte(hex[r&15])
		default:
			s.out.WriteByte(r)
		}
	}
	s.out.WriteByte('"')
}

func (s *jsonSink) integer(n int64) {
	s.next()
	s.out.Write(strconv.AppendInt(s.out.AvailableBuffer(), n, 10))
}

func (s *jsonSink) floats(all []float32) {
	s.list(len(all), func(i int) {
		s.next()
		s.out.WriteString(floatText(all[i]))
	})
}

func (s *jsonSink) ints(all []int32)  { s.list(len(all), func(i int) { s.integer(int64(all[i])) }) }
func (s *jsonSink) flags(all []int32) { s.ints(all) }
func (s *jsonSink) longs(all []int64) { s.list(len(all), func(i int) { s.integer(all[i]) }) }

// floatText is the shortest text that reads back as x, in XGBoost's spelling:
// always with an exponent, that without a plus or leading zeros.
func floatText(x float32) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(float64(x), 'E', -1, 32), "E")
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	digits := strings.TrimLeft(exponent[1:], "0")
	if digits == "" {
		return mantissa + "E0"
	}
	return mantissa + "E" + sign + digits
}
