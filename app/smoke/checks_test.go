package smoke

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

// A route of the contract without a check would go out untried.
func TestEveryRouteHasAProbe(t *testing.T) {
	known := map[string]bool{}
	for _, route := range contract.Routes() {
		known[route.ID] = true
		require.NotEmpty(t, checks[route.ID], "write a check for %s", route.ID)
	}
	for id := range checks {
		require.True(t, known[id], "%s is no route of the contract", id)
	}
	asked := order()
	require.ElementsMatch(t, contract.Routes(), asked, "each route is asked once")
}

// What a probe may do follows from its route.
func TestProbesOnlyRead(t *testing.T) {
	computes := map[string]bool{contract.RoutePredict.ID: true, contract.RoutePredictBatch.ID: true}
	for _, route := range contract.Routes() {
		for _, p := range checks[route.ID] {
			require.NotEmpty(t, p.says, route.ID)
			require.NotEqual(t, p.refused != "", p.answers != nil, "%s %s: one of refused and answers", route.ID, p.says)
			if route.Method != http.MethodGet && !computes[route.ID] {
				require.True(t, p.anonymous && p.refused != "", "%s %s might change something", route.ID, p.says)
				require.Equal(t, struct{}{}, p.body(nil), "%s %s asks for something", route.ID, p.says)
			}
		}
	}
}

// The parameters that a probe gives are as many as the path has.
func TestPathsAreFilled(t *testing.T) {
	seen := &found{
		teams: []string{"Texas A&M", "Hawai'i"}, season: 2024, week: 3, model: "mlp", cursor: "c", run: 7,
		game: &game{ID: 7}, weekGame: &game{ID: 8, Season: 2024, Week: 3, SeasonType: "regular"},
	}
	for _, route := range contract.Routes() {
		for _, p := range checks[route.ID] {
			path := pathOf(route, p, seen)
			require.False(t, strings.ContainsAny(path, "{} "), path)
			if p.params != nil {
				require.Len(t, p.params(seen), strings.Count(route.Path, "{"), path)
			}
		}
	}
	require.Equal(t, "/v1/teams/Texas%20A&M", pathOf(contract.RouteTeam, checks[contract.RouteTeam.ID][0], seen))
	seen.teams[0] = "a/b?c"
	require.Equal(t, "/v1/teams/a%2Fb%3Fc", pathOf(contract.RouteTeam, checks[contract.RouteTeam.ID][0], seen))
}
