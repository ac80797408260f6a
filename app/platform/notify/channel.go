package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Message is a notification on its way into a channel.
type Message struct {
	Notification
	ID        int64  // of the delivery; the same at every attempt
	InsteadOf string // the channel it was meant for, when that is not configured
}

// Channel delivers messages to one place. Send returns within its context's
// deadline; its error is a *Failure, or counts as one that may be tried again.
// It must not hold the channel's secrets.
type Channel interface {
	Name() string
	Send(ctx context.Context, m Message) error
}

// The channels.
const (
	Slack     = "slack"
	PagerDuty = "pagerduty"
	Mail      = "mail"
	Log       = "log"
)

// ChannelNames lists the channels.
func ChannelNames() []string { return []string{PagerDuty, Slack, Mail, Log} }

// Failure is an attempt that delivered nothing.
type Failure struct {
	Reason string
	Retry  bool          // worth trying again
	After  time.Duration // not before, when the channel said so
}

// Error implements error.
func (f *Failure) Error() string { return f.Reason }

// failureOf reads any error as a Failure.
func failureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Reason: err.Error(), Retry: true}
}

const (
	maxResponse   = 64 << 10
	maxExcerpt    = 200
	maxRetryAfter = time.Hour
	callTimeout   = 10 * time.Second
)

// poster posts JSON to a service whose address or body is secret.
type poster struct {
	client  *http.Client
	secrets redactor
	clock   func() time.Time
}

func newPoster(clock func() time.Time, secrets redactor) poster {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // messages are rare
	return poster{clock: clock, secrets: secrets, client: &http.Client{
		Transport: transport, Timeout: callTimeout,
		// A redirect is no answer, and what we send is not for its target.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// post sends a body; service names it in the error.
func (p poster) post(ctx context.Context, service, url string, body io.Reader) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return &Failure{Reason: service + ": its address is not a URL"}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return &Failure{Reason: p.secrets.text(fmt.Sprintf("%s cannot be reached: %v", service, withoutURL(err))), Retry: true}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if response.StatusCode/100 == 2 {
		return nil
	}
	f := &Failure{Retry: retryable(response.StatusCode), After: retryAfter(response.Header.Get("Retry-After"), p.clock())}
	f.Reason = fmt.Sprintf("%s answered %d %s", service, response.StatusCode, http.StatusText(response.StatusCode))
	if said := cut(oneLine(sane(p.secrets.text(string(text)))), maxExcerpt); said != "" {
		f.Reason += ": " + said
	}
	return f
}

// retryable tells what may pass by itself from what needs a person.
func retryable(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}

// retryAfter reads seconds or a date (RFC 9110), an hour at most.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
