package smoke_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/smoke"
)

func set(path string, value any) func(map[string]any) {
	return func(document map[string]any) {
		keys := strings.Split(path, ".")
		for _, key := range keys[:len(keys)-1] {
			if list, ok := document[key].([]any); ok {
				document = list[0].(map[string]any)
			} else if inner, ok := document[key].(map[string]any); ok {
				document = inner
			} else {
				return // another answer of the route
			}
		}
		document[keys[len(keys)-1]] = value
	}
}

// Answers in the right form with something wrong in them.
func TestWrongAnswersAreToldInWords(t *testing.T) {
	service, key := startInSeason(t)
	for _, test := range []struct {
		route contract.Route
		edit  func(map[string]any)
		says  string
	}{
		{contract.RouteHealth, set("version", ""), "does not tell its version"},
		{contract.RouteReady, set("status", "starting"), `"starting"`},
		{contract.RoutePredict, set("probabilities.home", 1.7), "the probabilities are 1.7"},
		{contract.RoutePredict, set("probabilities.away", 0.999), "the probabilities are"},
		{contract.RoutePredict, set("winner", "Nobody"), `the winner is "Nobody"`},
		{contract.RoutePredict, set("home_team", "Nobody"), `Nobody`},
		{contract.RoutePredict, set("margin.high", -99), "the margin"},
		{contract.RoutePredict, set("total", -1), "the total is -1"},
		{contract.RoutePredict, set("models", nil), "does not tell its models"},
		{contract.RoutePredict, set("models.mlp.home_probability", "high"), "cannot be read"},
		{contract.RoutePredict, set("models.mlp.home_probability", -0.1), "model mlp gives no probability"},
		{contract.RoutePredict, set("contributions", nil), "does not explain itself"},
		{contract.RoutePredict, set("code", "other"), `code "other"`},
		{contract.RoutePredict, set("detail", ""), "lacks"},
		{contract.RoutePredictBatch, set("failed", 0), "the bad game"},
		{contract.RoutePredictBatch, set("predictions", nil), "a good and a bad game"},
		{contract.RoutePredictBatch, set("status", 200), "status 200"},
		{contract.RouteSlate, set("week", 1), "week 1 of"},
		{contract.RouteSlate, set("predictions", nil), "predicts no game"},
		{contract.RouteSlate, set("predictions.probabilities", nil), "the probabilities are 0 and 0"},
		{contract.RouteGames, set("games", nil), "no list of games"},
		{contract.RouteGames, set("games.home", nil), `is "" against`},
		{contract.RouteGames, set("games.id", 7), "does not go on"},
		{contract.RouteGames, set("games.week", 29), "week 29"},
		{contract.RouteGame, set("id", 7), "not the game that the list has"},
		{contract.RouteTeams, set("teams.rank", 0), "has the rank 0"},
		{contract.RouteTeam, set("team", "Nobody"), "instead of"},
		{contract.RouteTeam, set("current.sd", 0), "standard error"},
		{contract.RouteRankings, set("teams.rank", 2), "place 1 has the rank 2"},
		{contract.RouteRankings, set("teams.rating", -99), "rated over"},
		{contract.RouteModels, set("models", nil), "no models"},
		{contract.RouteModel, set("name", "other"), `shows "other"`},
		{contract.RouteModel, set("features", nil), "has no features"},
		{contract.RoutePack, set("title", ""), "lacks"},
		{contract.RouteJobs, set("jobs.cron", ""), "is due by"},
		{contract.RouteJobs, set("jobs", nil), "there are no jobs"},
		{contract.RouteRuns, set("runs", nil), "no list of runs"},
		{contract.RouteRuns, set("runs.status", ""), `has the status ""`},
		{contract.RouteRun, set("id", 1<<40), "it shows run"},
		{contract.RouteAlertList, set("alerts", nil), "no list of alerts"},
		{contract.RouteBackups, set("backups", nil), "no list of backups"},
		{contract.RouteOutcomes, set("outcomes", nil), "no list of outcomes"},
	} {
		report := ask(t, before(t, service.PublicURL(), test.route, edited(test.edit)), smoke.Options{Key: key})
		require.Contains(t, report.Failed(), test.route.ID, test.says)
		var told []string
		for _, reason := range reasons(report) {
			told = append(told, reason)
		}
		require.Contains(t, strings.Join(told, "\n"), test.says)
	}
}

func TestJUnitIsWellFormed(t *testing.T) {
	service, key := startInSeason(t)
	odd := "\x00\x1b[31m<&\"']]>\xff" // what XML cannot hold or must escape
	report := ask(t, before(t, service.PublicURL(), contract.RouteTeams, instead(http.StatusInternalServerError, "text/plain", odd)), smoke.Options{Key: key})
	var text strings.Builder
	require.NoError(t, report.WriteJUnit(&text))
	var parsed struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Class   string `xml:"classname,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	require.NoError(t, xml.Unmarshal([]byte(text.String()), &parsed), text.String())
	require.Len(t, parsed.Cases, parsed.Tests)
	require.Len(t, report.Results, parsed.Tests)
	require.Equal(t, 1, parsed.Failures)
	skipped := 0
	for _, c := range parsed.Cases {
		require.Equal(t, c.Failure != nil, c.Class == "smoke.list-teams", c.Class)
		if c.Failure != nil {
			require.Contains(t, c.Failure.Message, "500")
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	require.Equal(t, parsed.Skipped, skipped)
	require.Equal(t, 3, skipped, "get-team, predict and batch had no teams")
}
