package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/contract"
)

// apiVersion is the version of the interface, not of the build.
const apiVersion = "1.0.0"

const description = `Win probabilities, margins and power ratings of college football, computed from results.

Margins are home minus away; a betting line (spread) is negative when it favours the home side. Every prediction names the model pack and the ratings it came from, and the same inputs give the same answer.

Send an API key as ` + "`Authorization: Bearer <key>`" + ` or ` + "`X-API-Key`" + `; many operations also answer without one, at a lower rate. Answers carry RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset. Errors are problem documents (RFC 9457) whose instance is the request id, also found in X-Request-Id.`

const (
	bearerScheme = "bearer"
	headerScheme = "apiKey"
	alertScheme  = "alertToken"
)

func (a *API) humaConfig() huma.Config {
	format := newJSONFormat()
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Script Ohio", Version: apiVersion, Description: description},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					bearerScheme: {Type: "http", Scheme: "bearer", Description: "An API key, ohio_<id>_<secret>"},
					headerScheme: {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "An API key, ohio_<id>_<secret>"},
					alertScheme:  {Type: "http", Scheme: "bearer", Description: "The token that Alertmanager is configured with, ALERT_TOKEN"},
				},
			},
			Tags: []*huma.Tag{
				{Name: "predictions"}, {Name: "games"}, {Name: "teams"}, {Name: "rankings"},
				{Name: "models"}, {Name: "admin"}, {Name: "ops"}, {Name: "probes"},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{a.ofHuma},
	}
}

// operation describes a route.
func (a *API) operation(r contract.Route) huma.Operation {
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path, Summary: r.Summary,
		Tags: []string{tagOf(r)},
		// readBody has read the body within the limits; Huma's are off.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
		Responses: map[string]*huma.Response{},
	}
	if r.ID == contract.RouteAlerts.ID {
		op.Security = []map[string][]string{{alertScheme: {}}}
	} else if r.Role > contract.Anonymous {
		op.Description = fmt.Sprintf("Needs an API key with the role %s.", r.Role)
	} else if r.Rate != contract.RateNone {
		op.Security = append(op.Security, map[string][]string{})
	}
	if r.Rate != contract.RateNone && r.ID != contract.RouteAlerts.ID {
		op.Security = append(op.Security, map[string][]string{bearerScheme: {}}, map[string][]string{headerScheme: {}})
	}
	schemas := a.huma.OpenAPI().Components.Schemas
	problem := map[string]*huma.MediaType{problemType: {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "")}}
	for _, status := range statusesOf(r) {
		_, title := kindOf(status)
		response := &huma.Response{Description: title, Content: problem}
		if status == http.StatusTooManyRequests {
			response.Headers = map[string]*huma.Param{"Retry-After": {
				Description: "Seconds until the same request would be allowed", Schema: &huma.Schema{Type: huma.TypeInteger},
			}}
		}
		op.Responses[strconv.Itoa(status)] = response
	}
	return op
}

// statusesOf lists the errors that a route can answer with.
func statusesOf(r contract.Route) []int {
	if r.ID == contract.RouteHealth.ID {
		return []int{http.StatusInternalServerError}
	}
	if r.ID == contract.RouteReady.ID {
		return []int{http.StatusServiceUnavailable}
	}
	statuses := []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
	if r.Method == http.MethodPost {
		statuses = append(statuses, http.StatusRequestTimeout,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if r.Role > contract.Anonymous {
		statuses = append(statuses, http.StatusForbidden)
	}
	if strings.Contains(r.Path, "{") || r.ID == contract.RoutePack.ID {
		statuses = append(statuses, http.StatusNotFound)
	}
	if r.ID == contract.RoutePack.ID || r.ID == contract.RouteJobRun.ID {
		statuses = append(statuses, http.StatusConflict)
	}
	return statuses
}

// tagOf is the part of the path that says what a route is about.
func tagOf(r contract.Route) string {
	versioned, ok := strings.CutPrefix(r.Path, "/v1/")
	if !ok {
		return "probes"
	}
	tag, _, _ := strings.Cut(versioned, "/")
	return tag
}

// openAPI renders the document without the error format that Huma describes
// unasked and no answer has.
func (a *API) openAPI() ([]byte, error) {
	maps.DeleteFunc(a.huma.OpenAPI().Components.Schemas.Map(), func(name string, _ *huma.Schema) bool {
		return slices.Contains([]string{"ErrorModel", "ErrorDetail"}, name)
	})
	return json.Marshal(a.huma.OpenAPI())
}
