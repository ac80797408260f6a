package cfbd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/retryafter"
)

// answer is what one attempt brought.
type answer struct {
	body      []byte
	etag      string
	unchanged bool
}

// failure is an attempt that brought nothing.
type failure struct {
	fault error
	again bool          // may succeed a moment later
	away  bool          // speaks against the API, not against the question
	after time.Duration // what Retry-After asks for; 0 when it does not
}

// Error implements error.
func (f *failure) Error() string { return f.fault.Error() }

// Unwrap gives the fault.
func (f *failure) Unwrap() error { return f.fault }

// attempt waits for its turn, takes a request from the budget and sends it.
// Every attempt counts, since the API may have counted it.
func (c *Client) attempt(ctx context.Context, question, etag string) (answer, error) {
	if err := c.limiter.Wait(ctx); err != nil {
		return answer{}, fault.Wrap(fault.Unavailable, err, "no time is left to ask the College Football Data API")
	}
	left, err := c.deps.Ledger.Reserve(ctx)
	if err != nil {
		c.options.Requested(Refused)
		return answer{}, err
	}
	c.options.BudgetLeft(left)
	a, err := c.send(ctx, question, etag, left)
	switch {
	case err != nil:
		c.options.Requested(Failed)
	case a.unchanged:
		c.options.Requested(Unchanged)
	default:
		c.options.Requested(Fetched)
	}
	return a, err
}

func (c *Client) send(ctx context.Context, question, etag string, left int) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, strings.TrimSuffix(c.options.BaseURL, "/")+question, nil)
	if err != nil {
		return answer{}, fault.Wrap(fault.Internal, err, "the question to the College Football Data API cannot be put")
	}
	request.Header.Set("Authorization", "Bearer "+c.deps.Key)
	request.Header.Set("Accept", "application/json")
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	response, err := c.options.HTTP.Do(request)
	if err != nil {
		return answer{}, c.lost(ctx, err)
	}
	defer response.Body.Close()
	c.remaining(response.Header, left)
	body, err := io.ReadAll(io.LimitReader(response.Body, c.options.MaxBytes+1))
	switch {
	case err != nil:
		return answer{}, c.lost(ctx, err)
	case int64(len(body)) > c.options.MaxBytes:
		return answer{}, &failure{fault: fault.New(fault.TooLarge, "the College Football Data API answered more than %d bytes; ask for single weeks", c.options.MaxBytes)}
	case response.StatusCode == http.StatusNotModified && etag != "":
		return answer{unchanged: true}, nil
	case response.StatusCode == http.StatusOK:
		return answer{body: c.withoutKey(body), etag: response.Header.Get("ETag")}, nil
	}
	return answer{}, c.refusal(response, body)
}

// lost is the failure of a request without an answer. When it is the caller
// who gave up, nothing is said against the API.
func (c *Client) lost(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	message := "the College Football Data API cannot be reached"
	if errors.Is(cause, context.DeadlineExceeded) {
		message = "the College Football Data API did not answer within " + c.options.Timeout.String()
	}
	return &failure{fault: fault.Wrap(fault.Unavailable, cause, "%s", message), again: true, away: true}
}

// refusal words an answer that is none.
func (c *Client) refusal(response *http.Response, body []byte) error {
	said := c.said(body)
	switch code := response.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return &failure{fault: fault.New(fault.Forbidden, "the College Football Data API refuses the key (%d%s); check CFBD_API_KEY", code, said)}
	case code == http.StatusTooManyRequests && strings.Contains(strings.ToLower(said), "quota"):
		// It will not come back before the month ends.
		return &failure{fault: fault.New(fault.RateLimited, "the key's quota at the College Football Data API is used up%s; it returns next month", said)}
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		f := &failure{again: true, away: code == http.StatusServiceUnavailable, after: retryafter.Of(response.Header, c.options.Now())}
		reason := fault.Unavailable
		if code == http.StatusTooManyRequests {
			reason = fault.RateLimited
		}
		f.fault = fault.New(reason, "the College Football Data API is too busy (%d%s); try again later", code, said)
		if f.after > c.options.MaxDelay {
			f.again = false
			f.fault = fault.New(reason, "the College Football Data API is too busy (%d%s); it asks to come back in %s", code, said, coarse(f.after))
		}
		return f
	case code >= 500:
		return &failure{again: code != http.StatusNotImplemented, away: true, fault: fault.New(fault.Unavailable, "the College Football Data API fails (%d%s)", code, said)}
	case code >= 300 && code < 400:
		return &failure{fault: fault.New(fault.Unavailable, "the College Football Data API answers with a redirect or nothing new (%d), which is no answer; check its address", code)}
	default:
		return &failure{fault: fault.New(fault.Invalid, "the College Football Data API does not take the question (%d%s)", code, said)}
	}
}

// coarse is a wait as a person wants it told.
func coarse(d time.Duration) time.Duration {
	if d > time.Hour {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// minKey is shorter than any key and longer than what answers hold by chance.
const minKey = 8

// withoutKey is an answer without the key, should it be echoed, so that nothing
// that is made of the answer can tell it.
func (c *Client) withoutKey(body []byte) []byte {
	if len(c.deps.Key) < minKey {
		return body
	}
	for _, form := range []string{c.deps.Key, strings.ReplaceAll(c.deps.Key, "/", `\/`)} {
		body = bytes.ReplaceAll(body, []byte(form), []byte("..."))
	}
	return body
}

// maxSaid bounds what is repeated of the API's own words.
const maxSaid = 200

// said is the message of an error body in one harmless line, without the key
// should it be echoed.
func (c *Client) said(body []byte) string {
	var problem struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &problem) != nil || problem.Message == "" {
		return ""
	}
	words := strings.ReplaceAll(problem.Message, c.deps.Key, "...")
	words = strings.Join(strings.Fields(jobs.Line(words)), " ")
	if len(words) > maxSaid {
		words = words[:maxSaid] + "..."
	}
	return ": " + strings.ToValidUTF8(words, "")
}

// remaining hears what the API itself counts, which other users of the key
// lower too.
func (c *Client) remaining(h http.Header, left int) {
	if theirs, err := strconv.Atoi(h.Get("X-CallLimit-Remaining")); err == nil && theirs >= 0 && theirs < left {
		c.options.BudgetLeft(theirs)
	}
}
