package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// span is all addresses from the first to the last, of one family.
type span struct{ first, last netip.Addr }

func spanOf(p netip.Prefix) span {
	last := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	to, _ := netip.AddrFromSlice(last)
	return span{p.Addr(), to}
}

func spansOf(prefixes []netip.Prefix) []span {
	spans := make([]span, len(prefixes))
	for i, p := range prefixes {
		spans[i] = spanOf(p)
	}
	return spans
}

// minus leaves of the spans what is in none of the others. Spans that lose
// nothing stay as they are.
func minus(spans []span, others ...span) []span {
	for _, o := range others {
		var left []span
		for _, s := range spans {
			if o.last.Less(s.first) || s.last.Less(o.first) {
				left = append(left, s)
				continue
			}
			if s.first.Less(o.first) {
				left = append(left, span{s.first, o.first.Prev()})
			}
			if o.last.Less(s.last) {
				left = append(left, span{o.last.Next(), s.last})
			}
		}
		spans = left
	}
	return spans
}

// Extent is how many of the addresses of two peers a row is about.
type Extent int

// None closes a row and All opens it. Part is what a block makes that covers
// some of the addresses of a peer: too much for a connection that is not
// intended and too little for one that is.
const (
	None Extent = iota
	Part
	All
)

// String is the word for it.
func (e Extent) String() string { return [...]string{"none", "part", "all"}[e] }

// MarshalText writes the word for it.
func (e Extent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// extentOf compares what there is with what of it remains closed.
func extentOf(there, closed []span) Extent {
	switch {
	case len(closed) == 0:
		return All
	case slices.Equal(there, closed):
		return None
	}
	return Part
}

func checkPrefixes(prefixes []netip.Prefix) error {
	var problems []error
	for _, p := range prefixes {
		switch {
		case !p.IsValid() || p.Addr().Is4In6():
			problems = append(problems, fmt.Errorf("%s is no prefix of IPv4 or IPv6 addresses", p))
		case p != p.Masked():
			problems = append(problems, fmt.Errorf("%s has bits set behind its length: write %s", p, p.Masked()))
		}
	}
	return errors.Join(problems...)
}
