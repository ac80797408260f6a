package externalsecret_test

import (
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/externalsecret"
)

func render(t require.TestingT, text string) string {
	parsed, err := template.New("value").Parse(text)
	require.NoError(t, err, text)
	var out strings.Builder
	require.NoError(t, parsed.Execute(&out, map[string]string{}))
	return out.String()
}

func TestALiteralComesOutAsItIs(t *testing.T) {
	for _, text := range []string{
		"", "plain", `{{ template "slack.ohio.text" . }}`, "a {{- if eq .Status `firing` -}} b {{ end }} c", "}} {{ { {{{ ``", "{{{{", "{{/* no comment */}}",
	} {
		require.Equal(t, text, render(t, externalsecret.Literal(text)))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("[{} `\\-a\n]{0,20}").Draw(t, "text")
		require.Equal(t, text, render(t, externalsecret.Literal(text)))
	})
}
