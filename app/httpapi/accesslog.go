package httpapi

import (
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"
)

// accessLog writes one line for every request, probes at debug level. The
// logger adds the request id from the context.
func (a *API) accessLog(c *gin.Context) {
	defer func() {
		ctx := c.Request.Context()
		call, level := callOf(ctx), slog.LevelInfo
		if call.route.probe() {
			level = slog.LevelDebug
		}
		if !a.log.Enabled(ctx, level) {
			return
		}
		a.log.LogAttrs(ctx, level, "request",
			slog.String("method", call.route.Method),
			slog.String("route", call.route.Path),
			slog.Int("status", c.Writer.Status()),
			slog.Int("bytes", max(0, c.Writer.Size())),
			slog.Float64("duration_ms", float64(a.opts.Clock().Sub(call.start))/float64(time.Millisecond)),
			slog.String("client", call.client.String()),
			slog.String("key_id", call.who.KeyID),
		)
	}()
	c.Next()
}
