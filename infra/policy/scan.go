package policy

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/script-ohio/platform/infra/plan"
)

// token is what a kind of secret looks like wherever it stands.
type token struct {
	kind    string
	signs   []string // in lower case; without one of them it is not there, which is quicker to see
	pattern *regexp.Regexp
}

// scanner knows secrets when it sees them.
type scanner struct {
	tokens   []token // kinds with a shape of their own
	longWord *regexp.Regexp
}

func newScanner() scanner {
	s := scanner{longWord: regexp.MustCompile(`[A-Za-z0-9+/=_-]{32,}`)}
	add := func(kind, pattern string, signs ...string) {
		s.tokens = append(s.tokens, token{kind, signs, regexp.MustCompile(pattern)})
	}
	add("a generated secret", regexp.QuoteMeta(plan.GeneratedSecret)+`[\w.-]*`, plan.GeneratedSecret)
	add("an AWS access key", `\b(AKIA|ASIA)[A-Z0-9]{16}\b`, "akia", "asia")
	add("a private key", `-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*`, "private key")
	add("an age key", `(?i)\bAGE-SECRET-KEY-1[0-9A-Z]{20,}`, "age-secret-key-1")
	add("a GitHub token", `\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})`, "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
	add("a Slack token", `\bxox[a-z]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(services|workflows|triggers)/[A-Za-z0-9/_-]+`, "xox", "hooks.slack.com")
	add("a Stripe key", `\b[rs]k_(live|test)_[A-Za-z0-9]{16,}`, "k_live_", "k_test_")
	add("a Google key", `\bAIza[A-Za-z0-9_-]{35}`, "aiza")
	add("a Pulumi token", `\bpul-[0-9a-f]{40}\b`, "pul-")
	add("an npm token", `\bnpm_[A-Za-z0-9]{36}\b`, "npm_")
	add("a signed token", `\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`, "eyj")
	add("a password hash", `\$2[abxy]\$\d\d\$[./A-Za-z0-9]{20,}|\$(argon2\w*|scrypt|6)\$\S{20,}`, "$2", "$argon2", "$scrypt", "$6$")
	add("a URL with a password", `\b[a-z][a-z0-9+.-]*://[^\s:@/?#]*:[^\s@/?#$(){}]+@`, "://")
	add("a bearer token", `(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{24,}=*`, "bearer", "basic")
	words := []string{"password", "passwd", "passphrase", "api[_-]?key", "secret[_-]?key", "auth[_-]?token", "access[_-]?token"}
	add("a password", `(?i)\b[\w-]*(`+strings.Join(words, "|")+`)[\\"']*\s*[:=]\s*[\\"']*[^\s\\"'$,;&{}()\[\]]{4,}`, "pass", "key", "token")
	return s
}

// shape is the kind of secret that the text looks like or holds; empty for
// none.
func (s scanner) shape(value string) string {
	lower := strings.ToLower(value)
	for _, t := range s.tokens {
		if t.signed(lower) && t.pattern.MatchString(value) {
			return t.kind
		}
	}
	return ""
}

func (t token) signed(lower string) bool {
	return slices.ContainsFunc(t.signs, func(sign string) bool { return strings.Contains(lower, sign) })
}

// leak is the kind of secret that a text is, by its shape, by what it is
// called, or because it is as random as only keys are; empty for none.
func (s scanner) leak(name, value string) string {
	if value == "" || value == plan.Masked {
		return ""
	}
	if kind := s.shape(value); kind != "" {
		return kind
	}
	words := words(name)
	switch {
	case refers(words, value):
		return ""
	case confidential(words):
		return "a value named like a secret"
	case s.longWord.FindString(value) == value && random(value) && !public(words):
		return "a text as random as a key"
	}
	return ""
}

// show is the text as it may be shown: all of it, or none where a secret is in
// it.
func (s scanner) show(value string) string {
	for _, t := range unfold(text{value: value}, depth) {
		if s.leak(t.last(), t.value) != "" || slices.ContainsFunc(s.longWord.FindAllString(t.value, -1), random) {
			return plan.Masked
		}
	}
	return value
}

// words are the parts of a name in any of the usual spellings, in lower case:
// authToken, AUTH_TOKEN and auth-token are auth and token.
func words(name string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
		}
		word = nil
	}
	letters := []rune(name)
	for n, r := range letters {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && n > 0 && (unicode.IsLower(letters[n-1]) || n+1 < len(letters) && unicode.IsLower(letters[n+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return all
}

// refers reports whether the value says where a secret is, or is a setting
// about secrets, and none itself.
func refers(words []string, value string) bool {
	switch {
	case strings.HasPrefix(value, "arn:"), strings.HasPrefix(value, "${"), strings.HasPrefix(value, "$("), strings.HasPrefix(value, "{{"):
		return true
	case slices.Contains([]string{"true", "false", "required", "optional"}, value), strings.HasPrefix(value, "ELBSecurityPolicy-"):
		return true
	case len(value) < 5 && strings.Trim(value, "0123456789") == "":
		return true // how many
	case len(words) > 0 && (words[0] == "existing" || words[0] == "next"):
		return true
	}
	return false
}

// confidential reports whether what is called so is kept to oneself.
func confidential(words []string) bool {
	if len(words) == 0 {
		return false
	}
	last := strings.TrimSuffix(words[len(words)-1], "s")
	if slices.Contains([]string{"password", "passwd", "passphrase", "pwd", "token", "credential", "secret"}, last) {
		return true
	}
	if len(words) < 2 {
		return false
	}
	return slices.Contains([]string{
		"secret string", "secret binary", "secret value", "secret key", "secret access key", "client secret", "api key", "access key", "private key",
		"signing key", "bcrypt hash", "connection string", "routing key", "webhook url",
	}, words[len(words)-2]+" "+last)
}

// public reports whether what is called so is random by nature and no secret.
func public(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"certificate", "cert", "ca", "bundle", "checksum", "hash", "digest", "fingerprint", "thumbprint", "sha256"}, w)
	})
}

// random reports whether a long word has small and capital letters and digits
// and is hardly ordered: 4 bits and more in each letter.
func random(value string) bool {
	count := map[rune]float64{}
	var small, capital, digit bool
	for _, r := range value {
		count[r]++
		small, capital, digit = small || unicode.IsLower(r), capital || unicode.IsUpper(r), digit || unicode.IsDigit(r)
	}
	bits := 0.0
	for _, n := range count {
		share := n / float64(len(value))
		bits -= share * math.Log2(share)
	}
	return small && capital && digit && bits >= 4
}
