package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// checkBody refuses what is too large by its own account or is not JSON,
// before any of it is read. A body without a Content-Length is counted as it
// is read.
func (a *API) checkBody(c *gin.Context) {
	r := c.Request
	if r.ContentLength > a.opts.MaxBody {
		c.Header("Connection", "close") // rather than read all of it
		a.fail(c, http.StatusRequestEntityTooLarge, tooLargeDetail(a.opts.MaxBody))
		return
	}
	if callOf(r.Context()).route.takesBody() && r.ContentLength != 0 {
		if contentType := r.Header.Get("Content-Type"); contentType != "application/json" && !isJSON(contentType) {
			a.fail(c, http.StatusUnsupportedMediaType, "Send the body with Content-Type: application/json.")
			return
		}
		if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
			a.fail(c, http.StatusUnsupportedMediaType, "Send the body without Content-Encoding.")
			return
		}
	}
	c.Next()
}

// readBody reads the whole body of a caller who may have it read. Huma would
// take a body that breaks off for a fault of ours.
func (a *API) readBody(c *gin.Context) {
	if !callOf(c.Request.Context()).route.takesBody() {
		c.Next()
		return
	}
	buf := a.bodies.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooled {
			buf.Reset()
			a.bodies.Put(buf)
		}
	}()
	size, err := buf.ReadFrom(io.LimitReader(c.Request.Body, a.opts.MaxBody+1))
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		a.fail(c, http.StatusRequestTimeout, "The body did not arrive in time.")
	case err != nil:
		a.fail(c, http.StatusBadRequest, "The body broke off or is not framed as HTTP asks.")
	case size > a.opts.MaxBody:
		a.fail(c, http.StatusRequestEntityTooLarge, tooLargeDetail(a.opts.MaxBody))
	default:
		c.Request.Body = io.NopCloser(buf)
		c.Next()
	}
}

// isJSON accepts application/json alone or with charset=utf-8, the only one
// that JSON has.
func isJSON(contentType string) bool {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	return len(params) == 0 || len(params) == 1 && ok && (strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii"))
}
