package notify

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// redactor takes a channel's secrets out of text that others see.
type redactor []string

// newRedactor makes one for secrets as they are and as they may stand in a
// URL. Short ones are left: they would tear words apart.
func newRedactor(secrets ...string) redactor {
	var r redactor
	for _, s := range secrets {
		if s == "" {
			continue
		}
		// Servers quote what they were told to log in with, too (RFC 4616).
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s))} {
			if len(form) >= 4 {
				r = append(r, form)
			}
		}
	}
	// The longest first: what is left of it must not show where it was.
	slices.SortFunc(r, func(a, b string) int { return len(b) - len(a) })
	return r
}

// urlSecrets are the parts of a URL that give it away: all of it, its path,
// its user information.
func urlSecrets(raw string) []string {
	secrets := []string{raw}
	if u, err := url.Parse(raw); err == nil {
		secrets = append(secrets, u.RequestURI(), u.Path, strings.TrimPrefix(u.Path, "/"))
		// The last step of a webhook's path is the secret one.
		if i := strings.LastIndexByte(u.Path, '/'); i >= 0 {
			secrets = append(secrets, u.Path[i+1:])
		}
		if password, ok := u.User.Password(); ok {
			secrets = append(secrets, password)
		}
	}
	return secrets
}

func (r redactor) text(s string) string {
	for _, secret := range r {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	return s
}

// withoutURL leaves out what url.Error repeats.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return errors.New("it took too long")
		}
		return wrapped.Err
	}
	return err
}
