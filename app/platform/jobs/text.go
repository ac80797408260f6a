package jobs

import (
	"strings"
	"unicode/utf8"
)

// clean makes text fit for a column: valid UTF-8 without NUL, cut to most
// bytes at a character's border.
func clean(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
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
