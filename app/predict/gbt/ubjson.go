package gbt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ubjSource reads Universal Binary JSON (ubjson.org, draft 12), big-endian. All
// lengths are held against the bytes that are left before anything is
// allocated.
type ubjSource struct {
	data []byte
	at   int
}

// skipDepth bounds the nesting of what is passed over.
const skipDepth = 64

var errTruncated = errors.New("the file ends too early")

func (s *ubjSource) object(each func(string) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	n, marker, err := s.header()
	if err != nil {
		return err
	}
	if marker != 0 {
		return s.fault("typed objects are not part of XGBoost's files")
	}
	for i := 0; ; i++ {
		if n >= 0 && i == n {
			return nil
		}
		if n < 0 {
			if next, err := s.peek(); err != nil {
				return err
			} else if next == '}' {
				s.at++
				return nil
			}
		}
		key, err := s.length()
		if err != nil {
			return err
		}
		name, err := s.take(key, 1)
		if err != nil {
			return err
		}
		if !utf8.Valid(name) {
			return s.fault("a key is not valid UTF-8")
		}
		if err := each(string(name)); err != nil {
			return err
		}
	}
}

func (s *ubjSource) list(each func(int) error) error {
	if err := s.open('[', "a list"); err != nil {
		return err
	}
	n, marker, err := s.header()
	if err != nil {
		return err
	}
	if marker != 0 {
		return s.fault("want a list of objects or strings, not of type %q", marker)
	}
	if n > len(s.data)-s.at { // an element has one byte at least
		return errTruncated
	}
	for i := 0; n < 0 || i < n; i++ {
		if n < 0 {
			if next, err := s.peek(); err != nil {
				return err
			} else if next == ']' {
				s.at++
				return nil
			}
		}
		if err := each(i); err != nil {
			return err
		}
	}
	return nil
}

func (s *ubjSource) text() (string, error) {
	if err := s.open('S', "a string"); err != nil {
		return "", err
	}
	n, err := s.length()
	if err != nil {
		return "", err
	}
	text, err := s.take(n, 1)
	if err == nil && !utf8.Valid(text) {
		err = s.fault("a string is not valid UTF-8")
	}
	return string(text), err
}

func (s *ubjSource) integer() (int64, error) {
	marker, err := s.marker()
	if err != nil {
		return 0, err
	}
	raw, err := s.take(1, width(marker))
	if err != nil {
		return 0, err
	}
	n, ok := integerOf(marker, raw)
	if !ok {
		return 0, s.fault("want a whole number, not type %q", marker)
	}
	return n, nil
}

func (s *ubjSource) floats() ([]float32, error) {
	return elements(s, func(marker byte, raw []byte) (float32, bool) {
		switch marker {
		case 'd':
			return math.Float32frombits(binary.BigEndian.Uint32(raw)), true
		case 'D':
			return float32(math.Float64frombits(binary.BigEndian.Uint64(raw))), true
		}
		n, ok := integerOf(marker, raw)
		return float32(n), ok
	})
}

func (s *ubjSource) ints() ([]int32, error) {
	return elements(s, func(marker byte, raw []byte) (int32, bool) {
		switch marker {
		case 'T':
			return 1, true
		case 'F':
			return 0, true
		}
		n, ok := integerOf(marker, raw)
		return int32(n), ok && n == int64(int32(n))
	})
}

// elements reads a list of numbers, with one type for all or one for each.
func elements[T any](s *ubjSource, parse func(marker byte, raw []byte) (T, bool)) ([]T, error) {
	if err := s.open('[', "a list of numbers"); err != nil {
		return nil, err
	}
	n, shared, err := s.header()
	if err != nil {
		return nil, err
	}
	var all []T
	if n > 0 {
		if shared != 0 && width(shared) <= 0 {
			return nil, s.fault("want a list of numbers, not of type %q", shared)
		}
		if n > (len(s.data)-s.at)/max(1, width(shared)) {
			return nil, errTruncated
		}
		if n > maxNodes {
			return nil, s.fault("more than %d numbers", maxNodes)
		}
		all = make([]T, 0, n)
	}
	for n < 0 || len(all) < n {
		if len(all) == maxNodes {
			return nil, s.fault("more than %d numbers", maxNodes)
		}
		marker := shared
		if marker == 0 {
			if marker, err = s.marker(); err != nil {
				return nil, err
			}
			if marker == ']' && n < 0 {
				return all, nil
			}
		}
		raw, err := s.take(1, width(marker))
		if err != nil {
			return nil, err
		}
		x, ok := parse(marker, raw)
		if !ok {
			return nil, s.fault("element %d: want a number in range, not type %q", len(all), marker)
		}
		all = append(all, x)
	}
	return all, nil
}

func (s *ubjSource) skip() error { return s.pass(0) }

func (s *ubjSource) pass(depth int) error {
	if depth > skipDepth {
		return s.fault("nested more than %d deep", skipDepth)
	}
	marker, err := s.peek()
	if err != nil {
		return err
	}
	switch marker {
	case '{':
		return s.object(func(string) error { return s.pass(depth + 1) })
	case '[':
		start := s.at
		s.at++
		n, shared, err := s.header()
		if err == nil && shared != 0 {
			_, err = s.take(n, width(shared))
			return err
		}
		s.at = start
		return s.list(func(int) error { return s.pass(depth + 1) })
	case 'S':
		_, err := s.text()
		return err
	}
	s.at++
	_, err = s.take(1, width(marker))
	return err
}

func (s *ubjSource) end() error {
	if s.at != len(s.data) {
		return s.fault("more bytes after the model")
	}
	return nil
}

// header reads the optional type and count after an opening bracket: count is
// -1 and marker 0 where absent.
func (s *ubjSource) header() (count int, marker byte, err error) {
	next, err := s.peek()
	if err != nil {
		return 0, 0, err
	}
	if next == '$' {
		s.at++
		if marker, err = s.marker(); err != nil {
			return 0, 0, err
		}
		if next, err = s.peek(); err != nil {
			return 0, 0, err
		}
		if next != '#' {
			return 0, 0, s.fault("a typed list needs a count")
		}
	}
	if next != '#' {
		return -1, 0, nil
	}
	s.at++
	count, err = s.length()
	return count, marker, err
}

// length reads a count: an integer with its marker, not negative and at most
// the size of the file.
func (s *ubjSource) length() (int, error) {
	n, err := s.integer()
	if err != nil {
		return 0, err
	}
	if n < 0 || n > int64(len(s.data)) {
		return 0, s.fault("length %d does not fit the file", n)
	}
	return int(n), nil
}

func (s *ubjSource) open(want byte, kind string) error {
	marker, err := s.marker()
	if err == nil && marker != want {
		err = s.fault("want %s, not type %q", kind, marker)
	}
	return err
}

func (s *ubjSource) marker() (byte, error) {
	marker, err := s.peek()
	s.at++
	return marker, err
}

func (s *ubjSource) peek() (byte, error) {
	if s.at >= len(s.data) {
		return 0, errTruncated
	}
	return s.data[s.at], nil
}

// take gives the next n values of size bytes. n and size come from length and
// width, so their product cannot overflow.
func (s *ubjSource) take(n, size int) ([]byte, error) {
	if size < 0 {
		return nil, s.fault("unknown type marker")
	}
	if n*size > len(s.data)-s.at {
		return nil, errTruncated
	}
	raw := s.data[s.at : s.at+n*size]
	s.at += n * size
	return raw, nil
}

func (s *ubjSource) fault(format string, args ...any) error {
	return fmt.Errorf("offset %d: %s", s.at, fmt.Sprintf(format, args...))
}

// width is the size in bytes of a scalar's value, -1 for anything else.
func width(marker byte) int {
	switch marker {
	case 'Z', 'T', 'F':
		return 0
	case 'i', 'U', 'C':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return -1
}

// integerOf decodes a value of an integer type.
func integerOf(marker byte, raw []byte) (n int64, ok bool) {
	switch marker {
	case 'i':
		return int64(int8(raw[0])), true
	case 'U':
		return int64(raw[0]), true
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(raw))), true
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(raw))), true
	case 'L':
		return int64(binary.BigEndian.Uint64(raw)), true
	}
	return 0, false
}
