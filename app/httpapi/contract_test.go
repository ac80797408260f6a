package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas         map[string]map[string]any `json:"schemas"`
		SecuritySchemes map[string]any            `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	ID          string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Security    []map[string][]string `json:"security"`
	RequestBody *struct {
		Required bool                       `json:"required"`
		Content  map[string]json.RawMessage `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]json.RawMessage `json:"content"`
	} `json:"responses"`
}

func readDocument(t *testing.T) document {
	t.Helper()
	raw, err := httpapi.OpenAPI()
	require.NoError(t, err)
	var doc document
	require.NoError(t, json.Unmarshal(raw, &doc))
	return doc
}

// laterDone are the operations that answer before they have done what is asked.
var laterDone = []contract.Route{
	contract.RouteJobRun, contract.RouteBackupCreate, contract.RouteBackupVerify, contract.RouteBackupRestore,
	contract.RouteBackupMark, contract.RouteBackupDrill, contract.RouteBackupPrune,
}

func TestDocumentAndContractAgree(t *testing.T) {
	doc := readDocument(t)
	described := 0
	for path, item := range doc.Paths {
		for method := range item {
			described++
			require.True(t, declared(strings.ToUpper(method), path), "%s %s is not in contract.Routes", method, path)
		}
	}
	require.Equal(t, len(contract.Routes()), described)
	for _, r := range contract.Routes() {
		op := doc.Paths[r.Path][strings.ToLower(r.Method)]
		require.Equal(t, r.ID, op.ID)
		require.Equal(t, r.Summary, op.Summary)
		success := "200"
		if slices.Contains(laterDone, r) {
			success = "202"
		}
		require.Contains(t, op.Responses, success, r.ID)
		require.Equal(t, r.Method == http.MethodPost, op.RequestBody != nil, r.ID)
		anonymous := false
		for _, s := range op.Security {
			anonymous = anonymous || len(s) == 0
			for scheme := range s {
				require.Contains(t, doc.Components.SecuritySchemes, scheme)
			}
		}
		if r.ID == contract.RouteAlerts.ID { // has a token of its own, whatever the role
			require.Equal(t, []map[string][]string{{"alertToken": {}}}, op.Security)
			continue
		}
		require.Equal(t, r.Role == contract.Anonymous && r.Rate != contract.RateNone, anonymous, r.ID)
		require.Equal(t, r.Rate == contract.RateNone, len(op.Security) == 0, r.ID)
		for status, response := range op.Responses {
			if status >= "400" {
				require.Contains(t, response.Content, "application/problem+json", "%s %s", r.ID, status)
			}
		}
	}
}

func TestRouterAndContractAgree(t *testing.T) {
	beside := map[string]bool{"/docs": true, "/openapi.json": true, "/openapi.yaml": true}
	api := newAPI(t, testDeps(), httpapi.Options{})
	served := map[string]bool{}
	for _, r := range httpapi.RouterRoutes(api) {
		if beside[r.Path] {
			require.Equal(t, http.MethodGet, r.Method)
			continue
		}
		served[r.Method+" "+r.Path] = true
	}
	for _, r := range contract.Routes() {
		key := r.Method + " " + strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
		require.True(t, served[key], "%s is not served", key)
		delete(served, key)
	}
	require.Empty(t, served, "served but not in contract.Routes")
}

func declared(method, path string) bool {
	for _, r := range contract.Routes() {
		if r.Method == method && r.Path == path {
			return true
		}
	}
	return false
}

func TestDocumentIsSelfContainedAndStable(t *testing.T) {
	first, err := httpapi.OpenAPI()
	require.NoError(t, err)
	second, err := httpapi.OpenAPI()
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))

	doc := readDocument(t)
	require.Regexp(t, `^3\.1\.`, doc.OpenAPI)
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				name := strings.TrimPrefix(ref, "#/components/schemas/")
				require.Contains(t, doc.Components.Schemas, name, "dangling reference")
				used[name] = true
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	var whole any
	require.NoError(t, json.Unmarshal(first, &whole))
	walk(whole)
	for name := range doc.Components.Schemas {
		require.True(t, used[name], "schema %s is not used", name)
	}
	require.Contains(t, string(doc.Paths["/v1/predictions"]["post"].RequestBody.Content["application/json"]), "GameRequest")
	require.InDelta(t, contract.MaxBatchGames, doc.Components.Schemas["BatchRequest"]["properties"].(map[string]any)["games"].(map[string]any)["maxItems"], 0)
}

func TestMetricsAreDeclared(t *testing.T) {
	deps, reg := testDeps(), prometheus.NewRegistry()
	deps.Registerer = reg
	api := newAPI(t, deps, httpapi.Options{})
	send(api, http.MethodPost, "/v1/predictions", `{"home_team":"A","away_team":"B"}`)
	undeclared, err := telemetry.Undeclared(reg)
	require.NoError(t, err)
	require.Empty(t, undeclared)
	_, err = httpapi.New(deps, httpapi.Options{})
	require.Error(t, err, "the same registry twice")
}

func TestMissingDependenciesAreNamed(t *testing.T) {
	_, err := httpapi.New(httpapi.Deps{}, httpapi.Options{})
	require.ErrorContains(t, err, "Deps.Predictor")
	require.ErrorContains(t, err, "Deps.Ready")
}
