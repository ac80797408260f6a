// Package notify tells people and pagers what they must know. A notification
// is accepted as a row in the transaction of what it tells of, so that it is
// lost neither by a crash nor by a channel that is away. A Sender takes the
// rows through its stages - deduplicate, route, hold back what would be a
// storm, try and try again, give up - each in a file of its own. Delivery is
// at least once: a crash between a channel's yes and the commit sends again.
package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Kinds that this package knows of; others are as the senders name them, such
// as alert, job or backup.
const (
	KindReport = "report" // is read at leisure: goes by mail
	KindTest   = "test"
	kindDigest = "digest" // only made here
)

// Notification is something that somebody should know. Texts that are too
// long are cut; passwords in URLs and API keys are taken out.
type Notification struct {
	// Key says what it is about. The same key in the same state soon again is
	// a repeat and not told; a resolved one ends what the key's last one began.
	Key      string
	Kind     string // lower-case word; routes, and is counted in digests
	Severity contract.Severity
	Resolved bool   // the matter is over
	Title    string // one line
	Body     string // plain text
	HTML     string // a page that says the same, for mail; left out when it is too long
	Link     string // http or https; where to look next
	Fields   map[string]string
	At       time.Time // default: when it is accepted
}

// Limits of what is stored and sent.
const (
	maxKey    = 200
	maxTitle  = 250
	maxBody   = 6000
	maxHTML   = 200_000
	maxLink   = 1000
	maxFields = 20
	maxName   = 60
	maxValue  = 500
)

var kindPattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,39}$`)

// normal checks what only a programmer can mend and cuts the rest to size: the
// transaction that it is accepted in must not fail for a long text.
func (n Notification) normal() (Notification, error) {
	n.Key, n.Title = shortKey(sane(n.Key)), cut(oneLine(sane(n.Title)), maxTitle)
	var wrong []fault.Detail
	if invisible(n.Key) {
		wrong = append(wrong, fault.Detail{Location: "key", Message: "must say what the notification is about"})
	}
	if !kindPattern.MatchString(n.Kind) || n.Kind == kindDigest {
		wrong = append(wrong, fault.Detail{Location: "kind", Message: "must be a lower-case word other than " + kindDigest, Value: n.Kind})
	}
	if !slices.Contains(contract.Severities(), n.Severity) {
		wrong = append(wrong, fault.Detail{Location: "severity", Message: "must be one of contract.Severities", Value: string(n.Severity)})
	}
	if invisible(n.Title) {
		wrong = append(wrong, fault.Detail{Location: "title", Message: "must have something to read"})
	}
	if len(wrong) > 0 {
		return n, fault.New(fault.Invalid, "the notification cannot be accepted as it is").With(wrong...)
	}
	n.Body = cut(sane(n.Body), maxBody)
	if n.HTML = sane(n.HTML); len(n.HTML) > maxHTML {
		n.HTML = ""
	}
	n.Link = link(n.Link)
	n.Fields = fields(n.Fields)
	return n, nil
}

// invisible tells whether nobody would see anything of a text.
func invisible(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) < 0
}

// shortKey keeps keys apart that differ behind the cut.
func shortKey(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return cut(key, maxKey-40) + "#" + hex.EncodeToString(sum[:16])
}

func link(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(raw) > maxLink {
		return ""
	}
	u.User = nil
	return sane(u.String())
}

func fields(given map[string]string) map[string]string {
	kept := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given))[:min(len(given), maxFields)] {
		kept[cut(oneLine(sane(name)), maxName)] = cut(sane(given[name]), maxValue)
	}
	if more := len(given) - maxFields; more > 0 {
		kept["…"] = fmt.Sprintf("and %d more", more)
	}
	return kept
}

var (
	urlPassword = regexp.MustCompile(`://[^/\s:@]*:[^/\s@]+@`)
	apiKey      = regexp.MustCompile(`\bohio_[0-9a-z]{8}_[A-Za-z0-9_-]{20,}`)
)

// sane makes text that every channel and PostgreSQL can hold, without what
// must not be told.
func sane(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = urlPassword.ReplaceAllString(text, "://"+redacted+"@")
	return apiKey.ReplaceAllString(text, redacted)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut shortens text to bytes, between characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
