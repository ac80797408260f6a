package httpapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// authenticate finds out who calls. No key means anonymous, a wrong one is
// refused even where none is needed, lest a caller wonder about its limits.
// Wrong keys count against the client's anonymous budget, so guessing is slow.
// Probes and documents ask nobody.
func (a *API) authenticate(c *gin.Context) {
	call := callOf(c.Request.Context())
	if call.route.Rate == contract.RateNone {
		c.Next()
		return
	}
	secret, given := apiKey(c.Request.Header)
	if call.route.ID == contract.RouteAlerts.ID {
		a.authenticateAlerts(c, call, secret)
		return
	}
	if !given {
		c.Next()
		return
	}
	who, err := a.deps.Authenticator.Authenticate(c.Request.Context(), secret)
	switch {
	case err == nil:
		call.who = who
		a.deps.ActiveUsers.Seen(who.KeyID)
		c.Next()
	case fault.CodeOf(err) == fault.Unauthenticated:
		if a.spend(c, call) {
			c.Header("WWW-Authenticate", `Bearer realm="`+contract.ServiceName+`", error="invalid_token"`)
			a.failWith(c, err)
		}
	default:
		a.failWith(c, err)
	}
}

// apiKey reads Authorization: Bearer <key> (RFC 6750) or X-API-Key. Another
// scheme is a wrong key.
func apiKey(h http.Header) (secret string, given bool) {
	if authorization := h["Authorization"]; len(authorization) > 0 {
		scheme, secret, _ := strings.Cut(authorization[0], " ")
		if !strings.EqualFold(scheme, "Bearer") {
			secret = ""
		}
		return strings.TrimSpace(secret), true
	}
	if key := h["X-Api-Key"]; len(key) > 0 {
		return key[0], true
	}
	return "", false
}

// authorize holds the caller's role to the route's.
func (a *API) authorize(c *gin.Context) {
	call := callOf(c.Request.Context())
	switch {
	case call.who.Role >= call.route.Role:
		c.Next()
	case call.who.KeyID == "":
		c.Header("WWW-Authenticate", `Bearer realm="`+contract.ServiceName+`"`)
		a.failWith(c, fault.New(fault.Unauthenticated, "this needs an API key with the role %s: send it as Authorization: Bearer <key> or X-API-Key", call.route.Role))
	default:
		a.failWith(c, fault.New(fault.Forbidden, "this needs the role %s; the key %s has %s", call.route.Role, call.who.KeyID, call.who.Role))
	}
}
