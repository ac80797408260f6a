package jobs

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestEveryStatusMakesASentence(t *testing.T) {
	sentences := map[Status]string{
		Queued: "it is queued", Running: "it is running", Retrying: "it failed and will be tried again",
		Interrupted: "it was interrupted", Succeeded: "it succeeded", Skipped: "it was skipped",
		Failed: "it failed", TimedOut: "it timed out", Cancelled: "it was cancelled",
	}
	for _, status := range Statuses() {
		require.Equal(t, sentences[status], "it "+status.Says())
	}
}

func TestTextIsHarmless(t *testing.T) {
	for name, test := range map[string]struct{ text, clean, line string }{
		"plain":       {"Zoë's déjà vu, 日本 🏈", "Zoë's déjà vu, 日本 🏈", "Zoë's déjà vu, 日本 🏈"},
		"lines":       {"one\ntwo\tthree", "one\ntwo\tthree", "one two three"},
		"overwriting": {"failed\rfine", "failed�fine", "failed fine"},
		"ESC":         {"\x1b[2J", "�[2J", "�[2J"},
		"C1":          {"\u009b2J", "�2J", "�2J"},
		"DEL and NUL": {"a\x7f\x00", "a��", "a��"},
		"bidi":        {"\u202etxt\u2066\u2069\u202c", "�txt���", "�txt���"},
		"separators":  {"a\u2028b", "a\u2028b", "a b"},
		"no UTF-8":    {"a\xff", "a�", "a�"},
	} {
		require.Equal(t, test.clean, clean(test.text, 100), name)
		require.Equal(t, test.line, Line(test.text), name)
	}
}

func TestAnyTextFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, most := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")), rapid.IntRange(0, 40).Draw(t, "most")
		got := clean(text, most)
		if len(got) > most || !utf8.ValidString(got) || strings.ContainsFunc(Line(text), steers) || strings.ContainsAny(Line(text), "\n\t") {
			t.Fatalf("%q became %q and %q", text, got, Line(text))
		}
	})
}
