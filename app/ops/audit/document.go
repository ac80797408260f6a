package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	maxDocument = 64 << 10
	redacted    = "[redacted]"
)

// document makes the JSON that is kept of a value, without its secrets; nil
// for nil and JSON's null.
func document(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("is nothing that JSON can say: %w", err)
	}
	value, err := decode(raw)
	if err != nil || value == nil {
		return nil, err
	}
	text, err := json.Marshal(clean(value))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return json.Marshal(map[string]any{"left_out": "too large", "bytes": len(text), "sha256": fmt.Sprintf("%x", sha256.Sum256(text))})
	}
	return text, nil
}

// decode keeps numbers as they are written.
func decode(raw []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return value, d.Decode(&value)
}

// secretNames are what a member must contain to lose its value.
var secretNames = []string{
	"authorization", "apikey", "password", "passwd", "passphrase", "token", "secret", "credential",
	"cookie", "privatekey", "signingkey", "routingkey", "webhookurl", "smtpurl", "databaseurl", "redisurl", "backupidentity", "dsn",
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// Secrets that give themselves away wherever they stand.
var (
	urlPassword = regexp.MustCompile(`://[^/\s:@]*:[^/\s@]+@`)
	apiKey      = regexp.MustCompile(`\bohio_[0-9a-z]{8}_[A-Za-z0-9_-]{20,}`)
	ageIdentity = regexp.MustCompile(`AGE-SECRET-KEY-[0-9A-Z]+`)
	bearer      = regexp.MustCompile(`(?i)\bbearer\s+[A-Za-z0-9._~+/-]+=*`)
)

func secretName(name string) bool {
	name = separators.Replace(strings.ToLower(name))
	return slices.ContainsFunc(secretNames, func(word string) bool { return strings.Contains(name, word) })
}

// clean takes out secrets, and what PostgreSQL's jsonb does not take: the
// character U+0000. Numbers beyond a double become text.
func clean(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			safe := cleanText(key)
			if secretName(key) && v[key] != nil {
				kept[safe] = redacted
			} else {
				kept[safe] = clean(v[key])
			}
		}
		return kept
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
		return v
	case string:
		return cleanText(v)
	case json.Number:
		if f, err := v.Float64(); err != nil || len(v) > 100 || f == 0 && strings.ContainsAny(v.String(), "123456789") {
			return v.String()
		}
	}
	return value
}

func cleanText(s string) string {
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	s = urlPassword.ReplaceAllString(s, "://"+redacted+"@")
	for _, pattern := range []*regexp.Regexp{apiKey, ageIdentity, bearer} {
		s = pattern.ReplaceAllString(s, redacted)
	}
	return s
}
