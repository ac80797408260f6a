// Package retryafter reads when a server wants to be asked again.
package retryafter

import (
	"net/http"
	"strconv"
	"time"
)

// Of gives the wait that Retry-After asks for, in seconds or by a date
// (RFC 9110 10.2.3); 0 when it asks for none or cannot be read.
func Of(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 && seconds < 1<<31 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
