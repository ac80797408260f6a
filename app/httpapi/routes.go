package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/contract"
)

// registerOperations binds every contract.Route to what answers it.
func (a *API) registerOperations() {
	register(a, contract.RouteHealth, a.health)
	register(a, contract.RouteReady, a.ready)
	a.registerPredict()
	register(a, contract.RoutePredictBatch, a.predictBatch)
	register(a, contract.RouteSlate, a.slate)
	register(a, contract.RouteGames, a.games)
	register(a, contract.RouteGame, a.game)
	register(a, contract.RouteTeams, a.teams)
	register(a, contract.RouteTeam, a.team)
	register(a, contract.RouteRankings, a.rankings)
	register(a, contract.RouteModels, a.models)
	register(a, contract.RouteModel, a.model)
	register(a, contract.RoutePack, a.pack)
	register(a, contract.RouteJobs, a.jobs)
	register(a, contract.RouteJobRun, a.runJob, accepted)
	register(a, contract.RouteRuns, a.runs)
	register(a, contract.RouteRun, a.run)
	register(a, contract.RouteRunEvents, a.runEvents, streamed)
	register(a, contract.RouteBackups, a.backups)
	register(a, contract.RouteBackup, a.backup)
	register(a, contract.RouteOutcomes, a.outcomes)
	register(a, contract.RouteBackupCreate, a.createBackup, accepted)
	register(a, contract.RouteBackupVerify, a.verifyBackup, accepted)
	register(a, contract.RouteBackupRestore, a.restoreBackup, accepted)
	register(a, contract.RouteBackupMark, a.markBackup, accepted)
	register(a, contract.RouteBackupDrill, a.drillBackup, accepted)
	register(a, contract.RouteBackupPrune, a.pruneBackups, accepted)
	register(a, contract.RouteAlertList, a.alerts)
	register(a, contract.RouteAlerts, a.receiveAlerts)
	register(a, contract.RouteAudit, a.audit)
}

// reply is the output of an operation that is all body.
type reply[T any] struct{ Body T }

// register adds a route to the router, the OpenAPI document and the metrics;
// edits make its description what the route alone does not say.
// What needs a key is told in its context who acts, for the audit log.
func register[I, O any](a *API, r contract.Route, answer func(context.Context, *I) (*O, error), edits ...func(*huma.Operation)) {
	a.addRoute(r)
	if r.Role > contract.Anonymous {
		anybody := answer
		answer = func(ctx context.Context, in *I) (*O, error) { return anybody(acting(ctx), in) }
	}
	op := a.operation(r)
	for _, edit := range edits {
		edit(&op)
	}
	registerOperation(a, op, answer)
}

func registerOperation[I, O any](a *API, op huma.Operation, answer func(context.Context, *I) (*O, error)) {
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := answer(ctx, in)
		if err != nil {
			if _, ok := errors.AsType[huma.StatusError](err); !ok {
				err = a.problemOf(ctx, err)
			}
			return nil, err
		}
		return out, nil
	})
}

// registerPredict is register for a body that the operation reads itself; Huma
// would take it for bytes of no structure.
func (a *API) registerPredict() {
	r := contract.RoutePredict
	a.addRoute(r)
	registry := a.huma.OpenAPI().Components.Schemas
	schema := registry.Schema(reflect.TypeFor[GameRequest](), true, "")
	a.gameReader = gameReader{registry: registry, schema: schema}
	op := a.operation(r)
	op.SkipValidateBody = true
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	registerOperation(a, op, a.predict)
	op.RequestBody.Content["application/json"] = &huma.MediaType{Schema: schema}
}

// route is a contract.Route with all that is worked out once.
type route struct {
	contract.Route
	rates   [contract.Operator + 1]contract.Rate // by role
	metrics routeMetrics
}

type routeKey struct{ method, pattern string }

func newRoute(r contract.Route, m *metrics) *route {
	known := &route{Route: r, metrics: m.route(r)}
	for role := range known.rates {
		known.rates[role], _ = contract.RateFor(r.Rate, contract.Role(role))
	}
	return known
}

func (a *API) addRoute(r contract.Route) {
	pattern := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
	a.routes[routeKey{r.Method, pattern}] = newRoute(r, a.metrics)
}

// unmatched is the route label of requests that match no route.
const unmatched = "unmatched"

// unknownRoutes makes a route for every method, "other" for what is none, so
// that callers cannot make up label values.
func unknownRoutes(m *metrics) map[string]*route {
	routes := map[string]*route{}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect, "other",
	} {
		routes[method] = newRoute(contract.Route{Method: method, Path: unmatched, Rate: contract.RateNone}, m)
	}
	return routes
}

func (a *API) routeOf(method, pattern string) *route {
	if r, ok := a.routes[routeKey{method, pattern}]; ok {
		return r
	}
	if r, ok := a.unknown[method]; ok {
		return r
	}
	return a.unknown["other"]
}

func (r *route) probe() bool {
	return r.Path == contract.HealthPath || r.Path == contract.ReadyPath
}

func (r *route) takesBody() bool { return r.Method == http.MethodPost && r.Path != unmatched }
