package smoke

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Limits of what is read and shown of an answer.
const (
	maxAnswer  = 32 << 20
	maxExcerpt = 200
)

// caller asks one service.
type caller struct {
	base      string
	key       string
	http      *http.Client
	transport *http.Transport
	reached   bool // a connection was made, ever
	keyed     int  // answers to requests whose key was looked at
	refused   int  // those that refused it
}

func newCaller(base string, opts Options) (*caller, error) {
	opts = opts.withDefaults()
	u, err := url.Parse(base)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fault.New(fault.Invalid, "the service must be a URL such as http://127.0.0.1:%d", contract.PublicPort)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fault.New(fault.Invalid, "the URL of the service may hold no user, query or fragment")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return &caller{
		base: strings.TrimRight(u.String(), "/"), key: opts.Key, transport: transport,
		http: &http.Client{
			Transport: transport, Timeout: opts.Timeout,
			// A redirect is not an answer, and the key is not for its target.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (c *caller) close() { c.transport.CloseIdleConnections() }

// try asks one question and judges the answer.
func (c *caller) try(ctx context.Context, route contract.Route, p probe, seen *found) Result {
	if p.needs != nil {
		if missing := p.needs(seen); missing != "" {
			return skipped(route, p.says, missing)
		}
	}
	if p.key && c.key == "" {
		return skipped(route, p.says, "it needs an API key")
	}
	result := Result{Route: route.ID, Method: route.Method, Path: pathOf(route, p, seen), Says: p.says, target: contract.LatencyTarget(route.SLO)}
	a, err := c.askPatiently(ctx, route, p, result.Path, seen)
	result.took, result.Status = a.took, a.status
	if err == nil {
		err = p.judge(a, seen)
	}
	switch {
	case err != nil:
		result.Verdict, result.Reason = Failed, c.redact(err.Error())
	case result.target > 0 && result.took > result.target:
		result.Verdict = Slow
		result.Reason = fmt.Sprintf("took %s; 99 %% of such requests should take %s at most", round(result.took), result.target)
	default:
		result.Verdict = Passed
	}
	return result
}

// pathOf fills the parameters of a path, in their order.
func pathOf(route contract.Route, p probe, seen *found) string {
	path := route.Path
	if p.params != nil {
		for _, value := range p.params(seen) {
			before, rest, _ := strings.Cut(path, "{")
			_, after, _ := strings.Cut(rest, "}")
			path = before + url.PathEscape(value) + after
		}
	}
	if p.query != nil {
		path += "?" + p.query(seen).Encode()
	}
	return path
}

// answer is what came back.
type answer struct {
	status    int
	mediaType string
	body      []byte
	took      time.Duration
	again     time.Duration // when to ask again, if the rate limit was met
	shown     string        // an excerpt of the body without the key
}

// askPatiently waits out the rate limit, which says nothing of the route, for
// as long as an answer may take.
func (c *caller) askPatiently(ctx context.Context, route contract.Route, p probe, path string, seen *found) (answer, error) {
	for waited := time.Duration(0); ; {
		a, err := c.ask(ctx, route, p, path, seen)
		if waited += a.again; err != nil || a.again == 0 || waited > c.http.Timeout {
			return a, err
		}
		select {
		case <-time.After(a.again):
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

func (c *caller) ask(ctx context.Context, route contract.Route, p probe, path string, seen *found) (answer, error) {
	var body io.Reader
	if p.body != nil {
		text, err := json.Marshal(p.body(seen))
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(text)
	}
	began := time.Now()
	// The time to connect says nothing of the route.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { c.reached, began = true, time.Now() }})
	request, err := http.NewRequestWithContext(ctx, route.Method, c.base+path, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("User-Agent", contract.ServiceName+"-smoke")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" && !p.anonymous {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{took: time.Since(began)}, fmt.Errorf("no answer: %w", withoutURL(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	a := answer{status: response.StatusCode, body: text, took: time.Since(began), shown: c.excerpt(text)}
	if request.Header.Get("Authorization") != "" && route.Rate != contract.RateNone {
		c.keyed++
		if a.status == http.StatusUnauthorized {
			c.refused++
		}
	}
	a.mediaType, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && a.status == http.StatusTooManyRequests {
		a.again = time.Duration(min(max(seconds, 1), 3600)) * time.Second
	}
	switch {
	case err != nil:
		return a, fmt.Errorf("the answer broke off: %w", withoutURL(err))
	case len(text) > maxAnswer:
		return a, fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)
	}
	return a, nil
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

// excerpt is the start of a body on one line. The key goes first: a cut must
// not leave a part of it.
func (c *caller) excerpt(body []byte) string {
	text := []rune(c.redact(string(body[:min(len(body), 64<<10)])))
	if len(text) > maxExcerpt {
		text = append(text[:maxExcerpt], '…')
	}
	return fmt.Sprintf("%q", string(text))
}

func (c *caller) redact(text string) string {
	if c.key == "" {
		return text
	}
	return strings.ReplaceAll(text, c.key, "[key]")
}
