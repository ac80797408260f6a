package logstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

func TestAddressesThatServe(t *testing.T) {
	for address, dir := range map[string]string{
		"file:///var/log/ohio":           "/var/log/ohio",
		"file:///a/../var//log/":         "/var/log",
		"file:///data%20%231%3F%25/logs": "/data #1?%/logs",
	} {
		s, err := Open(address)
		require.NoError(t, err, address)
		require.Equal(t, dir, s.(*Folder).Dir())
		require.NoDirExists(t, "/var/log/ohio")
	}
	for address, selector := range map[string]string{
		`http://loki.monitoring.svc:3100?query=%7Bnamespace%3D%22script-ohio%22%7D`: `{namespace="script-ohio"}`,
		`https://u:hunter2@loki/?query={namespace="x"} |= "%26%2B"`:                 `{namespace="x"} |= "&+"`,
	} {
		s, err := Open(address)
		require.NoError(t, err, address)
		l := s.(*Loki)
		require.Equal(t, selector, l.selector)
		require.Nil(t, l.server.User, "it is in no URL that is asked or told")
		require.Empty(t, l.server.RawQuery)
		require.NoError(t, s.Close())
	}
}

func TestAddressesThatDoNot(t *testing.T) {
	for address, says := range map[string]string{
		"":                                      "must begin with file://",
		"/var/log":                              "must begin with file://",
		"s3://bucket":                           "must begin with file://",
		"file://logs":                           "three slashes",
		"file://u:hunter2@/var/log":             "three slashes",
		"file:logs":                             "absolute folder",
		"file:///":                              "absolute folder",
		"file:///var/..":                        "absolute folder",
		"file:///var/log?x=hunter2":             "write ? as %3F",
		"file:///var/log#x":                     "# as %23",
		"http://?query={a=\"b\"}":               "must name the host",
		"http://:3100?query={a=\"b\"}":          "must name the host",
		"http://loki:hunter2":                   "must be a URL",
		"http://u:hunter2@loki:x":               "must be a URL",
		"http://u:hunter2@loki\n":               "must be a URL",
		"http://u:hunter2@loki":                 "must say which lines",
		"http://loki?query=":                    "must say which lines",
		"http://loki?query=rate({a=\"b\"}[5m])": "must say which lines",
		"http://loki?query={a=\"b\"}&x=hunter2": "one ?query= and no more",
		"http://loki?query={}&query={}":         "one ?query= and no more",
		"http://loki?query={a=\"%zz\"}":         "cannot be read",
		"http://loki?query={a=\"b\"}#hunter2":   "write it as %23",
		"http://loki/loki/api/v1/query_range?query={a=\"b\"}": "without a path",
	} {
		s, err := Open(address)
		require.Nil(t, s, address)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), address)
		require.ErrorContains(t, err, "LOG_STORE ", address)
		require.ErrorContains(t, err, says, address)
		require.NotContains(t, err.Error(), "hunter2")
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, "LOG_STORE", f.Details[0].Location)
	}
}
