package notify

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
)

// plainText is a message as a letter.
func plainText(m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", m.headline())
	if m.Body != "" {
		fmt.Fprintf(&b, "%s\n\n", m.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		fmt.Fprintf(&b, "%s: %s\n", name, m.Fields[name])
	}
	if m.Link != "" {
		fmt.Fprintf(&b, "%s\n", m.Link)
	}
	fmt.Fprintf(&b, "\n%s, %s, %s\n", m.At.UTC().Format(time.RFC1123), m.Kind, m.Key)
	return b.String()
}

// htmlText is a message as a page.
func htmlText(m Message) (string, error) {
	if m.HTML != "" {
		return m.HTML, nil
	}
	var page strings.Builder
	err := htmlTemplate.Execute(&page, m)
	return page.String(), err
}

// htmlTemplate escapes whatever it is given.
var htmlTemplate = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><body style="font-family: sans-serif; color: #212121">
<p style="font-weight: bold">{{if .Resolved}}[resolved]{{else}}[{{.Severity}}]{{end}} {{.Title}}</p>
{{with .Body}}<p style="white-space: pre-wrap">{{.}}</p>{{end}}
{{with .Fields}}<table>{{range $name, $value := .}}<tr><td style="padding-right: 1em">{{$name}}</td><td>{{$value}}</td></tr>{{end}}</table>{{end}}
{{with .Link}}<p><a href="{{.}}">Where to look next</a></p>{{end}}
<p style="color: #616161">{{.At.UTC.Format "Mon, 02 Jan 2006 15:04:05 MST"}} · {{.Kind}} · {{.Key}}</p>
</body></html>
`))
