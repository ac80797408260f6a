package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// recoverPanic turns a panic into a 500 and a log entry with the stack. When
// the answer has already begun, only closing the connection tells the caller.
func (a *API) recoverPanic(c *gin.Context) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(reason)
		}
		ctx := c.Request.Context()
		a.log.LogAttrs(ctx, slog.LevelError, "a request panicked",
			slog.String("route", callOf(ctx).route.Path),
			slog.String("panic", fmt.Sprint(reason)), slog.String("stack", string(debug.Stack())))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		writeProblem(c, newProblem(ctx, http.StatusInternalServerError, internalDetail))
	}()
	c.Next()
}
