package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/contract"
)

// docsPage renders /openapi.json in the browser. It is one file and needs no
// network but this server.
//
//go:embed docs.html
var docsPage []byte

// The documents beside the operations, public and without limits.
const (
	docsPath    = "/docs"
	openAPIJSON = "/openapi.json"
	openAPIYAML = "/openapi.yaml"
	docsMaxAge  = "public, max-age=300"
)

func (a *API) registerDocs() error {
	asJSON, err := a.openAPI()
	if err != nil {
		return fmt.Errorf("render the OpenAPI document: %w", err)
	}
	asYAML, err := a.huma.OpenAPI().YAML()
	if err != nil {
		return fmt.Errorf("render the OpenAPI document as YAML: %w", err)
	}
	a.document(openAPIJSON, "application/openapi+json", "", asJSON)
	a.document(openAPIYAML, "application/openapi+yaml", "", asYAML)
	a.document(docsPath, "text/html; charset=utf-8", pagePolicy(docsPage), docsPage)
	return nil
}

// document serves bytes that do not change while the process lives.
func (a *API) document(path, contentType, policy string, body []byte) {
	a.addRoute(contract.Route{Method: http.MethodGet, Path: path, Rate: contract.RateNone})
	a.engine.GET(path, func(c *gin.Context) {
		if policy != "" {
			c.Header("Content-Security-Policy", policy)
		}
		c.Header("Cache-Control", docsMaxAge)
		c.Data(http.StatusOK, contentType, body)
	})
}

// pagePolicy is the Content-Security-Policy that allows exactly the scripts
// and styles written in the page, by their hashes, and requests to this
// server.
func pagePolicy(page []byte) string {
	return fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		hashesOf("script", page), hashesOf("style", page))
}

func hashesOf(tag string, page []byte) []byte {
	var sources [][]byte
	for _, m := range regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(m[1])
		sources = append(sources, fmt.Appendf(nil, "'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:])))
	}
	return bytes.Join(sources, []byte(" "))
}
