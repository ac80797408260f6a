package httpapi

import (
	"context"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// call is one request on its way through the API. It is the request's context
// itself, which spares an allocation for every value.
type call struct {
	context.Context
	id     string // request id
	route  *route
	start  time.Time
	client netip.Addr
	who    auth.Principal  // the zero value is anonymous
	caller context.Context // ends when the caller hangs up; it has no deadline
}

type callKey struct{}

// Value implements context.Context.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// callOf finds the call of a request's context.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// begin opens the call: its id, route, client and deadline, and the headers
// that every answer has.
func (a *API) begin(c *gin.Context) {
	header := c.Writer.Header()
	id := requestID(c.Request.Header)
	header["X-Request-Id"] = []string{id}
	setSecurityHeaders(header)
	if a.hangUp.Load() {
		// Callers with a kept connection must leave before it is closed on them.
		header["Connection"] = []string{"close"}
	}

	delete(c.Request.Header, "Accept") // every answer is JSON; spare Huma the choice

	caller := c.Request.Context()
	ctx, cancel := context.WithTimeout(caller, a.opts.Timeout)
	defer cancel()
	c.Request = c.Request.WithContext(&call{
		Context: telemetry.WithRequestID(ctx, id),
		id:      id,
		route:   a.routeOf(c.Request.Method, c.FullPath()),
		start:   a.opts.Clock(),
		client:  auth.ClientIP(c.Request.RemoteAddr, c.Request.Header["X-Forwarded-For"], a.opts.TrustedProxies),
		caller:  caller,
	})
	c.Next()
}
