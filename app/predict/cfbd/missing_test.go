package cfbd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// A game that the API no longer tells of stays, and somebody is told; one that
// moved between the weeks of a sync is where it is now.
func TestGamesThatVanishAreTold(t *testing.T) {
	games := footballtest.Games(footballtest.Options{Seed: 7, First: 2022, Last: 2022, PlayedBefore: time.Date(2022, 9, 1, 0, 0, 0, 0, time.UTC)})
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	sync := func(queries ...cfbd.Query) cfbd.Report {
		report, err := syncer.Sync(t.Context(), queries, still)
		require.NoError(t, err)
		return report
	}
	week := func(w int) cfbd.Query { return cfbd.Query{Season: 2022, Week: w, SeasonType: football.Regular} }
	require.Empty(t, sync(cfbd.Query{Season: 2022}).Issues)

	at := slices.IndexFunc(games, func(g football.Game) bool { return g.Week == 4 && g.Score == nil })
	require.Positive(t, at)
	moved := slices.Clone(games)
	moved[at].Week = 9
	api.Games(moved...)
	report := sync(week(4))
	require.Equal(t, 1, report.Parts[0].Missing)
	require.Equal(t, contract.Warning, report.Issues[0].Severity)
	named := fmt.Sprintf("game %d (%s at %s)", games[at].ID, games[at].Away.Team, games[at].Home.Team)
	require.Contains(t, report.Issues[0].Text, named)
	require.Contains(t, report.Issues[0].Text, "ohio games sync --season 2022")
	require.Empty(t, sync(week(4), week(9)).Issues, "the other week brings it")

	api.Games(slices.Delete(slices.Clone(games), at, at+1)...)
	report = sync(cfbd.Query{Season: 2022})
	require.Len(t, report.Issues, 1)
	require.Contains(t, report.Issues[0].Text, named)
	require.Len(t, stored(t, r.pool), len(games), "none is deleted")

	api.Games()
	report = sync(week(5))
	require.Equal(t, 20, report.Parts[0].Missing)
	require.Equal(t, 10, strings.Count(report.Issues[0].Text, " at "))
	require.Contains(t, report.Issues[0].Text, " and 10 more.")
}

// What was played does not vanish, nor what the answer holds in a form that is
// refused.
func TestOnlyGamesToBePlayedVanish(t *testing.T) {
	games := footballtest.Games(footballtest.Options{Seed: 7, First: 2022, Last: 2022, PlayedBefore: time.Date(2022, 9, 20, 0, 0, 0, 0, time.UTC)})
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	_, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
	require.NoError(t, err)
	var left []football.Game
	for _, g := range games {
		if g.Score == nil {
			g.Home.Team = g.Away.Team // refused
			left = append(left, g)
		}
	}
	api.Games(left...)
	report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
	require.NoError(t, err)
	require.Zero(t, report.Parts[0].Missing)
	require.Equal(t, len(left), report.Parts[0].Refused)

	var shapes []map[string]any
	for _, g := range left {
		shapes = append(shapes, cfbdtest.Game(g))
	}
	delete(shapes[0], "completed") // cannot be read
	body, err := json.Marshal(shapes)
	require.NoError(t, err)
	api.Next(cfbdtest.Body(string(body)))
	report, err = syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
	require.NoError(t, err)
	require.Zero(t, report.Parts[0].Missing)
}

// However an answer that cannot be used echoes the key, it is not repeated.
func TestTheKeyIsNeverToldOfAnAnswer(t *testing.T) {
	const key = "abcd/efgh+0123456789abcd/efgh+0123456789"
	for name, body := range map[string]string{
		"no list":   key + " is unknown",
		"no object": `["` + key + `"]`,
		"escaped":   `["` + strings.ReplaceAll(key, "/", `\/`) + `"]`,
		"a number":  `[{"id":1,"homeTeam":"A","awayTeam":"B","lines":[{"spread":"` + key + `"}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			api := cfbdtest.New(t)
			api.Next(cfbdtest.Body(body))
			var log bytes.Buffer
			client, err := cfbd.New(cfbd.Deps{Key: key, Ledger: always{}, Cache: nothing{}, Logger: slog.New(slog.NewTextHandler(&log, nil))}, cfbd.Options{BaseURL: api.URL})
			require.NoError(t, err)
			_, _, err = client.Lines(t.Context(), cfbd.Query{Season: 2022})
			require.Equal(t, fault.Unavailable, fault.CodeOf(err))
			require.NotContains(t, err.Error()+log.String(), "efgh")
		})
	}
}

// A key that fits no header costs no request.
func TestAKeyThatCannotBeIsRefused(t *testing.T) {
	for _, key := range []string{"hunter2hunter2\n", "hunter2 hunter2", "hunter2\x00", "hünter2"} {
		_, err := cfbd.New(cfbd.Deps{Key: key, Ledger: always{}, Cache: nothing{}, Logger: quiet()}, cfbd.Options{})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, "CFBD_API_KEY")
		require.NotContains(t, err.Error(), "nter2")
	}
}
