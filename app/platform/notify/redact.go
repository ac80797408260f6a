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

// newRedactor makes one for secrets as they are, as they may stand in a URL,
// and in base64, which is how servers quote a login. Short ones are left: they
// would tear words apart.
func newRedactor(secrets ...string) redactor {
	var r redactor
	for _, s := range secrets {
		if s != "" {
			r = append(r.with(s, url.QueryEscape(s), url.PathEscape(s)).with(base64Forms(s)...), inside(s)...)
		}
	}
	return r.longestFirst()
}

// longestFirst orders the forms: what is left of the longest must not show
// where it was.
func (r redactor) longestFirst() redactor {
	slices.SortFunc(r, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(r)
}

func (r redactor) with(forms ...string) redactor {
	for _, form := range forms {
		if len(form) >= 4 {
			r = append(r, form)
		}
	}
	return r
}

// inBase64 adds texts only as they are in base64.
func (r redactor) inBase64(texts ...string) redactor {
	for _, text := range texts {
		r = r.with(base64Forms(text)...)
	}
	return r.longestFirst()
}

func base64Forms(text string) (forms []string) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		form := encoding.EncodeToString([]byte(text))
		forms = append(forms, form, url.QueryEscape(form), url.PathEscape(form))
	}
	return forms
}

// minInside keeps the cores of short secrets from tearing other words apart.
const minInside = 8

// inside are the letters that stand for a secret in the base64 of any text
// that holds it: a letter is six bits, so there are three of them.
func inside(secret string) (cores []string) {
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		first, end := (8*before+5)/6, 8*len(padded)/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if core := encoding.EncodeToString(padded)[first:end]; len(core) >= minInside {
				cores = append(cores, core, url.QueryEscape(core))
			}
		}
	}
	return cores
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
