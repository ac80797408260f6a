package httpapi

import (
	"math"

	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/auth"
)

// limit holds the caller to its budget in the route's class.
func (a *API) limit(c *gin.Context) {
	call := callOf(c.Request.Context())
	if call.route.Rate == contract.RateNone || a.spend(c, call) {
		c.Next()
	}
}

// spend takes one token of the caller's budget and says so in the headers;
// when there is none it answers 429 and returns false.
func (a *API) spend(c *gin.Context, call *call) bool {
	rate := call.route.rates[call.who.Role]
	var key string
	if call.who.KeyID == "" {
		key = string(call.route.Rate) + ":client:" + auth.ClientKey(call.client)
	} else {
		key = string(call.route.Rate) + ":key:" + call.who.KeyID
		rate = ownRate(rate, call.who.Rate)
	}
	decision := a.deps.Limiter.Allow(c.Request.Context(), key, rate, 1)
	decision.SetHeaders(c.Writer.Header())
	call.route.metrics.decided(decision)
	if !decision.Allowed {
		a.failWith(c, fault.New(fault.RateLimited, "too many requests of the class %s: %g a second are allowed, %d at once", call.route.Rate, rate.PerSecond, rate.Burst))
	}
	return decision.Allowed
}

// ownRate gives a key with a rate of its own that rate, and a burst in the
// same proportion.
func ownRate(rate contract.Rate, own *float64) contract.Rate {
	if own == nil || !(*own > 0) {
		return rate
	}
	burst := math.Ceil(float64(rate.Burst) * *own / rate.PerSecond)
	return contract.Rate{PerSecond: *own, Burst: int(min(max(burst, 1), math.MaxInt32))}
}
