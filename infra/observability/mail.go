package observability

import (
	"strconv"
	"strings"
)

// Mail is who writes to whom, through the server of the secret SMTP_URL.
type Mail struct {
	From string
	To   []string
	Port int // of that server
}

const (
	mailVariable = "SMTP_URL"
	mailPassword = "SMTP_PASSWORD" // a file of its own, made of the URL
	// What stands in the configuration until External Secrets puts in the parts
	// of the URL.
	mailHost = "MAIL-SERVER"
	mailUser = "MAIL-USER"
	// noMail is the server where the URL names none that could be reached. It
	// does not exist, and Alertmanager says so.
	noMail = "smtp-url-is-not-usable.invalid"
)

// Groups of url.
const (
	groupUser     = 1
	groupPassword = 2
	groupHost     = 3
)

// url is the expression for URLs such as smtp://user:password@host:587, in
// which user and password may be left out.
func (m Mail) url() string {
	const user, more = "[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2}", "|:"
	return "^smtp://(?:((?:" + user + ")*)(?::((?:" + user + more + ")*))?@)?([A-Za-z0-9.-]+)(?::" + strconv.Itoa(m.Port) + ")?/?$"
}

// part is a template of External Secrets for a part of the URL. Functions that
// fail may repeat what they were given, so they see nothing but what the
// expression let through. A path is how templates undo percent-encoding.
func (m Mail) part(group int, otherwise, then string) string {
	of := "`" + m.url() + "` ." + mailVariable
	return "{{ if regexMatch " + of + " }}{{ (urlParse (printf `x:///%s` (regexReplaceAll " + of + " `${" + strconv.Itoa(group) + "}`))).path | trimPrefix `/`" +
		then + " }}{{ else }}" + otherwise + "{{ end }}"
}

// password is the template of the file mailPassword.
func (m Mail) password() string { return m.part(groupPassword, "", "") }

// filled is the configuration with server and user out of the URL.
func (m Mail) filled(config string) string {
	return strings.NewReplacer(mailHost, m.part(groupHost, noMail, ""), mailUser, m.part(groupUser, `""`, " | toJson")).Replace(config)
}
