package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// checkText decodes path parameters, which is left until after routing so that
// a team's name may hold a slash, and refuses parameters that are no text:
// nothing has such a name, and databases fail on them.
func (a *API) checkText(c *gin.Context) {
	const message = "Path and query must be UTF-8, percent-encoded, without control characters."
	for i, p := range c.Params {
		if strings.IndexByte(p.Value, '%') < 0 {
			continue
		}
		value, err := url.PathUnescape(p.Value)
		if err != nil || !plainText(value) {
			a.fail(c, http.StatusBadRequest, message)
			return
		}
		c.Params[i].Value = value
	}
	if raw := c.Request.URL.RawQuery; raw != "" {
		query, err := url.ParseQuery(raw)
		for _, values := range query {
			for _, value := range values {
				if !plainText(value) {
					a.fail(c, http.StatusBadRequest, message)
					return
				}
			}
		}
		if err != nil {
			a.fail(c, http.StatusBadRequest, message)
			return
		}
	}
	c.Next()
}

func plainText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
