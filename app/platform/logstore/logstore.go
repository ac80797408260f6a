// Package logstore keeps log lines where they can be read again: in a folder
// of its own, or in a Loki that somebody else fills.
package logstore

import (
	"context"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Variable is where the address of the store comes from.
const Variable = "LOG_STORE"

// Source is a store that can be read: a *Folder or a *Loki.
type Source interface {
	// Read writes the lines from one time on and before another, one JSON
	// object each. An error of w comes back as it is.
	Read(ctx context.Context, from, to time.Time, w io.Writer) error
	io.Closer
}

// Open gives the store at an address: file:///folder, or http://host:port of
// a Loki with its selector as ?query=. Nothing is touched or asked yet. An
// address that cannot be used is fault.Invalid, without what may be secret.
func Open(address string) (Source, error) {
	u, err := url.Parse(address)
	if err != nil { // the cause would quote the address, which may hold a password
		return nil, unusable("must be a URL: file:///folder, or http://host:3100?query=... of a Loki")
	}
	switch u.Scheme {
	case "file":
		return openFolder(u)
	case "http", "https":
		return openLoki(u)
	}
	return nil, unusable("must begin with file://, or with http:// or https:// of a Loki")
}

func openFolder(u *url.URL) (Source, error) {
	switch {
	case u.Host != "" || u.User != nil:
		return nil, unusable("must have three slashes and an absolute folder, such as file:///var/log/ohio")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, unusable("names a folder and takes nothing after it; write ? as %3F and # as %23")
	case !filepath.IsAbs(u.Path) || filepath.Clean(u.Path) == "/":
		return nil, unusable("must name an absolute folder, such as file:///var/log/ohio")
	}
	return NewFolder(filepath.Clean(u.Path), FolderOptions{}), nil
}

func openLoki(u *url.URL) (Source, error) {
	query, err := url.ParseQuery(u.RawQuery)
	switch {
	case u.Hostname() == "":
		return nil, unusable("must name the host of the Loki, such as http://loki:3100?query=...")
	case u.Path != "" && u.Path != "/":
		return nil, unusable("must be the address of the Loki alone, without a path before ?query=")
	case u.Fragment != "":
		return nil, unusable("has a # in it; write it as %23")
	case err != nil:
		return nil, unusable("has a query that cannot be read; encode the selector for a URL")
	}
	for name, values := range query {
		if name != "query" || len(values) > 1 {
			return nil, unusable("takes one ?query= and no more; encode the selector for a URL")
		}
	}
	selector := strings.TrimSpace(query.Get("query"))
	if !strings.HasPrefix(selector, "{") {
		return nil, unusable(`must say which lines of the Loki: ?query= and a selector such as {namespace="script-ohio"}, encoded for a URL`)
	}
	server := &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}
	return NewLoki(server, selector, LokiOptions{}), nil
}

func unusable(problem string) error {
	return fault.New(fault.Invalid, "%s %s", Variable, problem).With(fault.Detail{Location: Variable, Message: problem})
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
