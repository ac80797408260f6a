package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/alert"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/ratelimit"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/serving"
)

// What the fakes stand in for.
var (
	_ httpapi.Predictor     = (*serving.Engine)(nil)
	_ httpapi.Games         = (*football.Store)(nil)
	_ httpapi.Authenticator = (*auth.Authenticator)(nil)
	_ httpapi.ActiveUsers   = (*auth.ActiveUsers)(nil)
	_ httpapi.Audit         = (*audit.Log)(nil)
	_ httpapi.Jobs          = (*jobs.Client)(nil)
	_ httpapi.Backups       = backup.Catalog{}
	_ httpapi.Outcomes      = backup.History{}
	_ httpapi.Alerts        = (*alert.Store)(nil)
)

// The keys that fakeAuth knows.
const (
	readOnlyKey  = "key-readonly"
	developerKey = "key-developer"
	operatorKey  = "key-operator"
	slowKey      = "key-slow" // readonly with a rate of its own: 1 a second
	awayKey      = "key-away" // the database is away
)

type fakeAuth struct{}

func (fakeAuth) Authenticate(_ context.Context, secret string) (auth.Principal, error) {
	slow := 1.0
	switch secret {
	case readOnlyKey:
		return auth.Principal{KeyID: "ro", Name: "reader", Role: contract.ReadOnly}, nil
	case developerKey:
		return auth.Principal{KeyID: "dev", Name: "builder", Role: contract.Developer}, nil
	case operatorKey:
		return auth.Principal{KeyID: "op", Name: "operations", Role: contract.Operator}, nil
	case slowKey:
		return auth.Principal{KeyID: "slow", Name: "slow", Role: contract.ReadOnly, Rate: &slow}, nil
	case awayKey:
		return auth.Principal{}, fault.New(fault.Unavailable, "API keys cannot be checked at the moment")
	}
	return auth.Principal{}, fault.New(fault.Unauthenticated, "the API key is unknown")
}

type fakeActive struct {
	mu   sync.Mutex
	seen map[string]int
}

func (f *fakeActive) Seen(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	f.seen[id]++
}

func (f *fakeActive) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

// fakePredictor answers for any two teams but those whose name asks for
// trouble.
type fakePredictor struct{}

func (fakePredictor) Predict(ctx context.Context, r serving.Request) (serving.Prediction, error) {
	switch r.Home {
	case "Nowhere":
		return serving.Prediction{}, fault.New(fault.NotFound, "no team %q; did you mean Notre Dame?", r.Home).
			With(fault.Detail{Location: "body.home_team", Message: "is not a known team", Value: r.Home})
	case "Panic":
		panic("secret detail of the panic")
	case "Broken":
		return serving.Prediction{}, io.ErrUnexpectedEOF
	case "Away":
		return serving.Prediction{}, fault.Wrap(fault.Unavailable, io.ErrUnexpectedEOF, "no model pack is active")
	case "Slow":
		<-ctx.Done()
		return serving.Prediction{}, ctx.Err()
	}
	p := samplePrediction()
	p.HomeTeam, p.AwayTeam, p.NeutralSite, p.Spread = r.Home, r.Away, r.Neutral, r.Spread
	if r.Model != "" {
		p.Model = r.Model
	}
	if !r.Explain {
		p.Contributions = nil
	}
	return p, nil
}

func (f fakePredictor) PredictBatch(ctx context.Context, rs []serving.Request) []serving.BatchItem {
	items := make([]serving.BatchItem, len(rs))
	for i, r := range rs {
		if p, err := f.Predict(ctx, r); err != nil {
			items[i].Err = err
		} else {
			items[i].Prediction = &p
		}
	}
	return items
}

func (fakePredictor) Week(_ context.Context, season, week int, seasonType string) (serving.Slate, error) {
	p := samplePrediction()
	return serving.Slate{Season: season, Week: week, SeasonType: seasonType, PackVersion: p.PackVersion, Predictions: []serving.Prediction{p}}, nil
}

func (fakePredictor) Rankings(_ context.Context, season, week int) (serving.Ranking, error) {
	return serving.Ranking{Season: season, Week: week, Teams: fakePredictor{}.Teams()}, nil
}

func (fakePredictor) Resolve(team string) (string, bool) {
	if team == "OSU" {
		return "Ohio State", true
	}
	return "", false
}

func (fakePredictor) Teams() []serving.RankedTeam {
	return []serving.RankedTeam{{Rank: 1, Team: "Ohio State", Conference: "Big Ten"}}
}

func (fakePredictor) Team(_ context.Context, name string) (serving.TeamCard, error) {
	if name == "Nowhere" {
		return serving.TeamCard{}, fault.New(fault.NotFound, "no team %q", name)
	}
	return serving.TeamCard{Team: name}, nil
}

func (fakePredictor) ModelCards() []serving.ModelCard {
	return []serving.ModelCard{{Name: "ensemble"}}
}

func (fakePredictor) ModelCard(name string) (serving.ModelCard, error) {
	if name != "ensemble" {
		return serving.ModelCard{}, fault.New(fault.NotFound, "no model %q", name)
	}
	return serving.ModelCard{Name: name}, nil
}

func (fakePredictor) PackVersion() string { return "2024.1" }

// fakeGames holds games in the order of kick-off.
type fakeGames []football.Game

func (f fakeGames) Games(_ context.Context, filter football.GameFilter) ([]football.Game, error) {
	var found []football.Game
	for _, g := range f {
		after := g.Start.After(filter.AfterStart) || g.Start.Equal(filter.AfterStart) && g.ID > filter.AfterID
		if after && (filter.Season == 0 || g.Season == filter.Season) && len(found) < filter.Limit &&
			(filter.Played == nil || *filter.Played == (g.Score != nil)) {
			found = append(found, g)
		}
	}
	return found, nil
}

func (f fakeGames) Game(_ context.Context, id int64) (football.Game, error) {
	for _, g := range f {
		if g.ID == id {
			return g, nil
		}
	}
	return football.Game{}, fault.New(fault.NotFound, "no game %d", id)
}

type fakePacks struct{}

func (fakePacks) Activate(_ context.Context, version, by string) (httpapi.PackStatus, error) {
	if version == "broken" {
		return httpapi.PackStatus{}, fault.New(fault.Conflict, "pack broken fails its self-test")
	}
	return httpapi.PackStatus{Version: version, Source: by}, nil
}

func (fakePacks) Rollback(_ context.Context, by string) (httpapi.PackStatus, error) {
	return httpapi.PackStatus{Version: "before", Source: by}, nil
}

// unlimited lets everything pass.
type unlimited struct{}

func (unlimited) Allow(_ context.Context, _ string, rate contract.Rate, _ int) ratelimit.Decision {
	return ratelimit.Decision{Allowed: true, Limit: rate.Burst, Remaining: rate.Burst, Backend: ratelimit.BackendMemory}
}

func samplePrediction() serving.Prediction {
	return serving.Prediction{
		ID: "01hq3v7m6n5k4j3h2g1f0e9d8c", HomeTeam: "Ohio State", AwayTeam: "Michigan",
		Season: 2024, Week: 14, SeasonType: "regular", Model: "ensemble", Winner: "Ohio State",
		Probabilities: serving.Probabilities{Home: 0.7312345678901234, Away: 0.2687654321098766},
		Margin:        serving.Interval{Expected: 9.412345678901234, Low: -11.23456789012345, High: 30.0592469135802, Level: 0.8},
		Total:         52.34567890123457,
		Models: map[string]serving.Estimate{
			"ridge": {HomeProbability: 0.7123456789012346, Margin: 8.912345678901234},
			"gbt":   {HomeProbability: 0.7412345678901235, Margin: 9.612345678901235},
			"mlp":   {HomeProbability: 0.7398765432109876, Margin: 9.712345678901236},
		},
		Agreement: serving.Agreement{SameWinner: 3, Models: 3, ProbabilityRange: 0.0288888889888889},
		Contributions: []serving.Contribution{
			{Feature: "rating_difference", Value: 7.123456789012345, Points: 6.234567890123456},
			{Feature: "home_field", Value: 1, Points: 2.345678901234567},
			{Feature: "elo_difference", Value: 112.3456789012345, Points: 1.123456789012345},
			{Feature: "rest_days", Value: 0, Points: -0.2345678901234567},
			{Feature: "offence_difference", Value: 3.456789012345678, Points: 0.5678901234567890},
		},
		FeatureSet: "without_spread", PackVersion: "2024.1-6f1c2d3e4b5a", SchemaHash: "9f86d081884c7d65",
		AsOf: time.Date(2024, 11, 23, 0, 0, 0, 0, time.UTC), RatingsHash: "e3b0c44298fc1c149afbf4c8996fb924",
	}
}

// testDeps are fakes without limits.
func testDeps() httpapi.Deps {
	return httpapi.Deps{
		Predictor: fakePredictor{}, Games: fakeGames{}, Packs: fakePacks{}, Audit: &fakeAudit{}, Authenticator: fakeAuth{},
		Jobs: &fakeJobs{}, Backups: fakeBackups{}, Outcomes: fakeOutcomes{}, Alerts: &fakeAlerts{},
		Limiter: unlimited{}, ActiveUsers: &fakeActive{}, Logger: slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(), Ready: func() error { return nil },
	}
}

func newAPI(t testing.TB, deps httpapi.Deps, opts httpapi.Options) *httpapi.API {
	t.Helper()
	api, err := httpapi.New(deps, opts)
	require.NoError(t, err)
	return api
}

// send makes a request with headers given as "Name: value".
func send(api http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// failing refuses every prediction.
type failing struct {
	fakePredictor
	err error
}

func (f failing) Predict(context.Context, serving.Request) (serving.Prediction, error) {
	return serving.Prediction{}, f.err
}

// infinite predicts what JSON cannot say.
type infinite struct{ fakePredictor }

func (infinite) Predict(context.Context, serving.Request) (serving.Prediction, error) {
	p := samplePrediction()
	p.Total = math.Inf(1)
	return p, nil
}
