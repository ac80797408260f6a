package audit

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// canonical writes JSON in the one form that is hashed, whatever jsonb, a file
// or a tool has made of its blanks, its order and the spelling of its numbers
// and strings: members sorted by name, no blanks, numbers as digits and power
// of ten. What is no JSON stands for itself.
func canonical(document []byte) []byte {
	value, err := decode(document)
	if err != nil {
		return document
	}
	return appendCanonical(nil, value)
}

func appendCanonical(to []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		to = append(to, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(appendText(to, key), ':')
			to = appendCanonical(to, v[key])
		}
		return append(to, '}')
	case []any:
		to = append(to, '[')
		for i, element := range v {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendCanonical(to, element)
		}
		return append(to, ']')
	case string:
		return appendText(to, v)
	case json.Number:
		return append(to, canonicalNumber(v.String())...)
	case bool:
		return strconv.AppendBool(to, v)
	}
	return append(to, "null"...)
}

// appendText writes the length in bytes and the bytes, which leaves nothing to
// escape.
func appendText(to []byte, s string) []byte {
	to = append(strconv.AppendInt(to, int64(len(s)), 10), '"')
	return append(append(to, s...), '"')
}

// canonicalNumber writes 1.50, 15e-1 and 1.5 alike: as 15e-1.
func canonicalNumber(number string) string {
	digits, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	power, _ := strconv.Atoi(exponent)
	sign := ""
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	power -= len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	power += len(digits) - len(trimmed)
	if trimmed == "" {
		return "0"
	}
	return sign + trimmed + "e" + strconv.Itoa(power)
}
