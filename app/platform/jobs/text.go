package jobs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line makes text harmless where it is shown in one line: what would steer a
// terminal, or turn the direction of what follows, becomes U+FFFD, and what
// would begin another line or column a space.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029':
			return ' '
		case steers(r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// steers tells characters that do something instead of being seen: C0, DEL, C1
// and what Unicode has to turn directions.
func steers(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// clean makes text fit for a column and for whoever reads it there: valid
// UTF-8 of which nothing but line breaks and tabs steers, cut to most bytes at
// a character's border.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if steers(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// Says is what a sentence says of a run with this status: "it" and then that.
func (s Status) Says() string {
	switch s {
	case Queued, Running:
		return "is " + string(s)
	case Retrying:
		return "failed and will be tried again"
	case Interrupted, Skipped, Cancelled:
		return "was " + string(s)
	}
	return strings.ReplaceAll(string(s), "_", " ") // succeeded, failed, timed out
}
