// Package auth knows who calls: it makes, stores and checks API keys, counts
// the keys in use and finds the address of a client behind proxies.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Key is an API key as it is listed; its secret is not kept anywhere.
type Key struct {
	ID         string // 8 characters, the middle of the secret
	Name       string // what the key is for
	Role       contract.Role
	Rate       *float64 // requests a second of its own; nil means those of the role
	CreatedAt  time.Time
	CreatedBy  string
	RevokedAt  *time.Time // nil while the key works
	LastUsedAt *time.Time // to the minute; nil when never used
}

const (
	maxNameLength = 100
	maxRate       = 1e6 // requests a second

	secretPrefix = "ohio_"
	idLength     = 8
	randomBytes  = 32 // 256 bits, too many to guess, so a plain hash is enough
	secretLength = len(secretPrefix) + idLength + 1 + 43
)

// idAlphabet is lower-case base32 without the look-alikes i, l, o and u.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// hash is the SHA-256 of a whole secret, which stands for it everywhere.
type hash [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// newSecret draws an id and the secret ohio_<id>_<base64url of 256 bits>.
func newSecret() (id, secret string) {
	var random [idLength + randomBytes]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	name := make([]byte, idLength)
	for i, b := range random[:idLength] {
		name[i] = idAlphabet[b%byte(len(idAlphabet))]
	}
	id = string(name)
	return id, secretPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(random[idLength:])
}

// wellFormed says whether a string could be a secret of ours, so that garbage
// costs no query. Every key has exactly one spelling.
func wellFormed(secret string) bool {
	if len(secret) != secretLength || !strings.HasPrefix(secret, secretPrefix) {
		return false
	}
	id, rest := secret[len(secretPrefix):len(secretPrefix)+idLength], secret[len(secretPrefix)+idLength:]
	for i := range len(id) {
		if strings.IndexByte(idAlphabet, id[i]) < 0 {
			return false
		}
	}
	var random [randomBytes]byte
	n, err := base64.RawURLEncoding.Strict().Decode(random[:], []byte(rest[1:]))
	return rest[0] == '_' && err == nil && n == randomBytes
}

// validate checks what a new key is asked to be.
func validate(name string, role contract.Role, rate *float64) error {
	var wrong []fault.Detail
	if length := utf8.RuneCountInString(name); strings.TrimSpace(name) == "" || length > maxNameLength || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		wrong = append(wrong, fault.Detail{Location: "name", Message: "must be 1 to 100 printable characters that say what the key is for", Value: name})
	}
	if _, err := contract.ParseRole(role.String()); err != nil {
		wrong = append(wrong, fault.Detail{Location: "role", Message: "must be readonly, developer or operator", Value: role.String()})
	}
	if rate != nil && !(*rate > 0 && *rate <= maxRate) {
		wrong = append(wrong, fault.Detail{Location: "rate", Message: "must be above 0 and at most 1,000,000 requests a second", Value: *rate})
	}
	if len(wrong) > 0 {
		return fault.New(fault.Invalid, "the API key cannot be made as asked").With(wrong...)
	}
	return nil
}
