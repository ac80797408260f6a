package observability_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/prometheus/alertmanager/config"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/observability"
)

// functions are those of External Secrets that templates use. It has them of
// sprig.
func functions() template.FuncMap {
	return template.FuncMap{
		"regexMatch": func(expression, text string) bool { return regexp.MustCompile(expression).MatchString(text) },
		"regexReplaceAll": func(expression, text, by string) string {
			return regexp.MustCompile(expression).ReplaceAllString(text, by)
		},
		"trimPrefix": func(prefix, text string) string { return strings.TrimPrefix(text, prefix) },
		"urlParse": func(text string) map[string]any {
			u, err := url.Parse(text)
			if err != nil {
				panic(err)
			}
			return map[string]any{"path": u.Path}
		},
		"toJson": func(v any) string {
			text, _ := json.Marshal(v)
			return string(text)
		},
	}
}

// Alertmanager logs in by the parts of the one URL that the app has. Nothing of
// what is no such URL comes to stand anywhere.
func TestTicketsAreMailedThroughTheServerOfTheApp(t *testing.T) {
	graph := deploy(t, "prod", func(a *observability.Args) {
		a.Tell.Mail = &observability.Mail{From: "ohio@example.com", To: []string{"a@example.com", "b@example.com"}, Port: 587}
	})
	const none = "smtp-url-is-not-usable.invalid:587"
	for _, c := range []struct{ url, host, user, password string }{
		{"smtp://ohio:made-up@mail.example.com:587", "mail.example.com:587", "ohio", "made-up"},
		{"smtp://ohio:made-up@mail.example.com", "mail.example.com:587", "ohio", "made-up"},
		{"smtp://me@example.com:a:b@c@mail.example.com:587/", "mail.example.com:587", "me@example.com", "a:b@c"},
		{"smtp://a%22b:%2Fa%25b%2B+c%3Ad%40%20@mail.example.com:587", "mail.example.com:587", `a"b`, "/a%b++c:d@ "},
		{"smtp://relay.example.com:587", "relay.example.com:587", "", ""},
		{"smtp://ohio@relay.example.com:587", "relay.example.com:587", "ohio", ""},
		{"smtps://ohio:hidden@mail.example.com:465", none, "", ""},
		{"smtp://ohio:hidden@mail.example.com:25", none, "", ""},
		{"smtp://ohio:hidden%zz@mail.example.com:587", none, "", ""},
		{"smtp://ohio:hid/den@mail.example.com:587", none, "", ""},
		{"smtp://ohio:hid{{den@mail.example.com:587", none, "", ""},
		{"smtp://ohio:hidden@mail.example.com:587?tls=none", none, "", ""},
		{"hidden", none, "", ""},
		{" ", none, "", ""}, // as good as empty
	} {
		given := map[string]string{"SMTP_URL": c.url}
		require.Equal(t, c.password, rendered(t, object(t, graph, secretType, "alertmanager-messengers"), given)["SMTP_PASSWORD"], c.url)
		text := rendered(t, object(t, graph, secretType, "alertmanager-routing"), given)["alertmanager.yaml"]
		require.NotContains(t, text, "hid", c.url)
		require.NotContains(t, text, "made-up", "the password is in its file alone")
		read, err := config.Load(text)
		require.NoError(t, err, c.url)
		var mails []*config.EmailConfig
		for _, r := range read.Receivers {
			mails = append(mails, r.EmailConfigs...)
		}
		require.Len(t, mails, 1)
		m := mails[0]
		require.Equal(t, []string{c.host, c.user, "ohio@example.com", "a@example.com, b@example.com"}, []string{m.Smarthost.String(), m.AuthUsername, m.From, m.To}, c.url)
		require.Equal(t, "/etc/alertmanager/secrets/alertmanager-messengers/SMTP_PASSWORD", m.AuthPasswordFile)
		require.True(t, *m.RequireTLS)
	}
}
