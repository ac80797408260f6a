package gbt

import (
	"bufio"
	"encoding/binary"
	"math"
)

// ubjSink writes Universal Binary JSON, lists of numbers with a type and a
// count.
type ubjSink struct {
	out *bufio.Writer
}

func (s *ubjSink) object(fields func()) {
	s.out.WriteByte('{')
	fields()
	s.out.WriteByte('}')
}

func (s *ubjSink) key(name string) {
	s.length(len(name))
	s.out.WriteString(name)
}

func (s *ubjSink) length(n int) {
	s.out.WriteByte('L')
	s.put(int64(n))
}

func (s *ubjSink) list(n int, element func(int)) {
	s.out.WriteString("[#")
	s.length(n)
	for i := range n {
		element(i)
	}
}

func (s *ubjSink) text(text string) {
	s.out.WriteByte('S')
	s.key(text)
}

// integer takes the smallest type that fits; XGBoost counts the largest value
// of a type as beyond it.
func (s *ubjSink) integer(n int64) {
	switch {
	case n > math.MinInt8 && n < math.MaxInt8:
		s.out.WriteByte('i')
		s.put(int8(n))
	case n > math.MinInt16 && n < math.MaxInt16:
		s.out.WriteByte('I')
		s.put(int16(n))
	case n > math.MinInt32 && n < math.MaxInt32:
		s.out.WriteByte('l')
		s.put(int32(n))
	default:
		s.out.WriteByte('L')
		s.put(n)
	}
}

func (s *ubjSink) typed(marker byte, n int) {
	s.out.WriteString("[$")
	s.out.WriteByte(marker)
	s.out.WriteByte('#')
	s.length(n)
}

func (s *ubjSink) floats(all []float32) {
	s.typed('d', len(all))
	for _, x := range all {
		s.put(int32(math.Float32bits(x)))
	}
}

func (s *ubjSink) ints(all []int32) {
	s.typed('l', len(all))
	for _, n := range all {
		s.put(n)
	}
}

func (s *ubjSink) flags(all []int32) {
	s.typed('U', len(all))
	for _, n := range all {
		s.put(int8(n))
	}
}

func (s *ubjSink) longs(all []int64) {
	s.typed('L', len(all))
	for _, n := range all {
		s.put(n)
	}
}

// put writes big-endian.
func (s *ubjSink) put(n any) { _ = binary.Write(s.out, binary.BigEndian, n) }
