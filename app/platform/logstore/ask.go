package logstore

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/retryafter"
)

// failure is a request that brought nothing.
type failure struct {
	fault   error
	again   bool          // may succeed a moment later
	after   time.Duration // what Retry-After asks for; 0 when it does not
	smaller bool          // fewer lines may come
}

// Error implements error.
func (f *failure) Error() string { return f.fault.Error() }

// Unwrap gives the fault.
func (f *failure) Unwrap() error { return f.fault }

// queryRange is the endpoint for lines: those at start and after, before end.
// https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time
const queryRange = "/loki/api/v1/query_range"

// ask sends one request. It names no tenant and asks for nothing beyond the
// documented form: labels in categories have made Loki leave lines out
// (grafana/loki#19133).
func (l *Loki) ask(ctx context.Context, start, end int64, limit int) ([]entry, error) {
	limited, cancel := context.WithTimeout(ctx, l.o.Timeout)
	defer cancel()
	u := *l.server
	u.Path = queryRange
	u.RawQuery = url.Values{
		"query": {l.selector}, "direction": {"forward"}, "limit": {strconv.Itoa(limit)},
		"start": {strconv.FormatInt(start, 10)}, "end": {strconv.FormatInt(end, 10)},
	}.Encode()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s is no address that can be asked", Variable)
	}
	request.Header.Set("Accept", "application/json")
	if l.user != nil {
		password, _ := l.user.Password()
		request.SetBasicAuth(l.user.Username(), password)
	}
	response, err := l.client.Do(request)
	if err != nil {
		return nil, l.lost(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, l.o.MaxBytes+1))
	switch {
	case err != nil:
		return nil, l.lost(err)
	case response.StatusCode != http.StatusOK:
		return nil, l.refusal(response, body)
	case int64(len(body)) > l.o.MaxBytes:
		return nil, &failure{smaller: true, fault: fault.New(fault.TooLarge, "the Loki at %s answers more than %d bytes", l.server.Host, l.o.MaxBytes)}
	}
	return l.read(body)
}

// lost is the failure of a request without an answer, or with half of one.
func (l *Loki) lost(cause error) error {
	message := "the Loki at " + l.server.Host + " cannot be reached"
	if errors.Is(cause, context.DeadlineExceeded) {
		message = "the Loki at " + l.server.Host + " did not answer within " + l.o.Timeout.String()
	}
	if wrapped, ok := errors.AsType[*url.Error](cause); ok {
		cause = wrapped.Err // without the URL
	}
	return &failure{again: true, fault: fault.Wrap(fault.Unavailable, cause, "%s", message)}
}

// refusal words an answer that is none.
func (l *Loki) refusal(response *http.Response, body []byte) error {
	code, said := response.StatusCode, l.said(body)
	switch {
	case code == http.StatusTooManyRequests || code >= 500 && code != http.StatusNotImplemented:
		f := &failure{again: true, after: retryafter.Of(response.Header, l.o.Clock())}
		f.fault = fault.New(fault.Unavailable, "the Loki at %s does not answer now (%d%s)", l.server.Host, code, said)
		if f.after > l.o.MaxDelay {
			f.again = false
			f.fault = fault.New(fault.Unavailable, "the Loki at %s does not answer now (%d%s); it asks to come back in %s", l.server.Host, code, said, f.after)
		}
		return f
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return &failure{fault: fault.New(fault.Forbidden, "the Loki at %s lets nobody read with the user of %s (%d%s)", l.server.Host, Variable, code, said)}
	case code == http.StatusBadRequest && strings.Contains(said, "max entries limit"):
		return &failure{smaller: true, fault: fault.New(fault.TooLarge, "the Loki at %s does not give as many lines at a time (%d%s)", l.server.Host, code, said)}
	case code == http.StatusNotFound || code < 400:
		return &failure{fault: fault.New(fault.Invalid, "there is no Loki at %s (%d%s); check %s", l.server.Host, code, said, Variable)}
	default:
		return &failure{fault: fault.New(fault.Invalid, "the Loki at %s does not take the query of %s (%d%s)", l.server.Host, Variable, code, said)}
	}
}

// maxSaid bounds what is repeated of Loki's own words.
const maxSaid = 200

// said is what an error's body says, without the password should it be
// echoed.
func (l *Loki) said(body []byte) string {
	text := string(body)
	if password, ok := l.user.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "...")
	}
	words := strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if words == "" {
		return ""
	}
	if len(words) > maxSaid {
		words = strings.ToValidUTF8(words[:maxSaid], "") + "..."
	}
	return ": " + words
}
