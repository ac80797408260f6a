package cfbd_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
)

func TestTheJobFetchesTwoWeeks(t *testing.T) {
	games := league()
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	run := &jobs.Run{Job: contract.JobGamesSync}
	report, err := cfbd.Work(cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games)), november)(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, []string{
		"/games?classification=fbs&seasonType=regular&week=11&year=2022", "/lines?seasonType=regular&week=11&year=2022",
		"/games?classification=fbs&seasonType=regular&week=10&year=2022", "/lines?seasonType=regular&week=10&year=2022",
	}, api.Requests())
	want := 0
	for _, g := range games {
		if g.SeasonType == football.Regular && (g.Week == 10 || g.Week == 11) {
			want++
		}
	}
	require.Len(t, stored(t, r.pool), want)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	require.Contains(t, string(text), `"season":2022,"week":11,"season_type":"regular","added":`)
}

// Without a key and without games there is nothing to do, which is no failure.
func TestTheJobSaysWhyItDoesNothing(t *testing.T) {
	run := &jobs.Run{Job: contract.JobGamesSync}
	_, err := cfbd.Work(nil, november)(t.Context(), run)
	require.EqualError(t, err, "no CFBD_API_KEY: games come by `ohio games import` only")
	require.IsType(t, jobs.Skip("x"), err)
	may := func() time.Time { return time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC) }
	_, err = cfbd.Work(&cfbd.Syncer{}, may)(t.Context(), run)
	require.EqualError(t, err, "no games are played from February to July")
	require.IsType(t, jobs.Skip("x"), err)
}

// Everything that is sent to PostgreSQL fits the migrated schema.
func TestQueriesFitTheSchema(t *testing.T) {
	pool := newRig(t, cfbdtest.New(t), 1, cfbd.Options{}).pool
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for _, query := range cfbd.Queries() {
		_, err := conn.Conn().Prepare(t.Context(), "", query)
		require.NoError(t, err, query)
	}
}

// One process keeps to the rate, whoever asks.
func TestRequestsKeepToTheRate(t *testing.T) {
	api := cfbdtest.New(t)
	client, err := cfbd.New(cfbd.Deps{Key: api.Key, Ledger: always{}, Cache: nothing{}, Logger: quiet()}, cfbd.Options{BaseURL: api.URL, PerSecond: 20})
	require.NoError(t, err)
	start := time.Now()
	for range 6 {
		_, _, err := client.Games(t.Context(), cfbd.Query{Season: 2022})
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(start), 250*time.Millisecond, "five waits of a twentieth of a second")
}
