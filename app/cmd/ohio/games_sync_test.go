package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// onAPI gives commands a database and a stand-in of the API with a season of
// games.
func onAPI(t *testing.T) (*cfbdtest.Server, []football.Game) {
	t.Helper()
	onDatabase(t)
	games := footballtest.Games(footballtest.Options{Seed: 3, First: 2024, Last: 2024})
	api := cfbdtest.New(t, games...)
	t.Setenv("CFBD_API_KEY", api.Key)
	t.Setenv("API_RATE_LIMIT", "1000")
	return api, games
}

func TestGamesSync(t *testing.T) {
	api, games := onAPI(t)
	report := decoded[cfbd.Report](t, "games", "sync", "--season", "2024", "--week", "3", "--api", api.URL, "-o", "json")
	require.Len(t, report.Parts, 1)
	require.Equal(t, 20, report.Parts[0].Added)
	require.Equal(t, []string{
		"/games?classification=fbs&seasonType=regular&week=3&year=2024",
		"/lines?seasonType=regular&week=3&year=2024",
	}, api.Requests()[:2])

	audited, _ := ohio(t, 0, "audit", "list", "-o", "json")
	require.Contains(t, audited, "at ohio cli", "it is the person who acts")
	require.NotContains(t, audited, "games sync")

	wrong := games[100]
	wrong.ID, wrong.Week = 5, 99
	api.Games(append(games, wrong)...)
	out, complaint := ohio(t, 0, "games", "sync", "--season", "2024", "--api", api.URL)
	rows := strings.Split(out, "\n")
	require.Equal(t, []string{"SEASON", "WEEK", "TYPE", "ADDED", "CHANGED", "UNCHANGED", "REFUSED", "LINES"}, strings.Fields(rows[0]))
	require.Equal(t, []string{"2024", "all", "both", "238", "0", "20", "1"}, strings.Fields(rows[1])[:7])
	require.Contains(t, complaint, "game 5: week must be 0 to 30\n")

	out, _ = ohio(t, 0, "games", "sync", "--season", "2024", "--week", "1", "--season-type", "postseason", "--api", api.URL)
	require.Equal(t, []string{"2024", "1", "postseason", "0", "0", "12", "0"}, strings.Fields(strings.Split(out, "\n")[1])[:7])
}

func TestGamesSyncSaysWhatIsWrong(t *testing.T) {
	api, _ := onAPI(t)
	sync := func(status int, args ...string) string {
		out, complaint := ohio(t, status, append([]string{"games", "sync", "--season", "2024", "--week", "3", "--api", api.URL}, args...)...)
		require.Empty(t, out)
		require.NotContains(t, complaint, api.Key)
		return complaint
	}
	api.Next(cfbdtest.Say(401, "Unauthorized"))
	require.Contains(t, sync(6), "check CFBD_API_KEY")
	t.Setenv("CFBD_MONTHLY_BUDGET", "1") // which that request was
	require.Contains(t, sync(7), "the budget of 1 requests")
	require.Len(t, api.Requests(), 1)
	t.Setenv("CFBD_API_KEY", "")
	require.Contains(t, sync(2), "CFBD_API_KEY is not set")
	for _, args := range [][]string{{"--week", "31"}, {"--week", "0"}, {"--season", "1492"}, {"--season-type", "spring"}, {"--api", "nowhere"}} {
		sync(2, args...)
	}
	_, complaint := ohio(t, 2, "games", "sync", "--season-type", "postseason")
	require.Contains(t, complaint, "needs a --week")
}

// What came is kept and shown, and the trouble is the exit status.
func TestGamesSyncHalfDone(t *testing.T) {
	api, _ := onAPI(t)
	api.Next(nil, cfbdtest.Say(400, "no lines today"))
	out, complaint := ohio(t, 2, "games", "sync", "--season", "2024", "--week", "3", "--api", api.URL)
	require.Contains(t, out, "20")
	require.Contains(t, complaint, "no lines today")
}
