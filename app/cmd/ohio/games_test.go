package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const header = "id,season,week,season_type,start_date,neutral_site,conference_game," +
	"home_team,home_conference,home_division,home_points,away_team,away_conference,away_division,away_points,spread,total_line\n"

// game is one good row.
func game(id int, home, away string, points int) string {
	return fmt.Sprintf("%d,2024,1,regular,2024-08-31T16:00:00Z,false,true,%s,Big Ten,fbs,%d,%s,Big Ten,fbs,7,-3.5,44\n", id, home, points, away)
}

type imported struct{ Inserted, Updated, Unchanged, Skipped int }

func TestGamesImport(t *testing.T) {
	onDatabase(t)
	first := write(t, "games.csv", header+game(1, "Ohio State", "Iowa", 14)+game(2, "Michigan", "Purdue", 21))
	require.Equal(t, imported{Inserted: 2}, decoded[imported](t, "games", "import", first, "-o", "json"))
	require.Equal(t, imported{Unchanged: 2}, decoded[imported](t, "games", "import", first, "-o", "json"))

	second := write(t, "games.csv", header+game(2, "Michigan", "Purdue", 28)+"3,2024,one,regular,soon,false,true\n"+
		game(4, "Iowa", "Iowa", 3)+game(5, "Indiana", "Illinois", 3))
	out, complaint := ohio(t, 2, "games", "import", second)
	require.Empty(t, out)
	require.Contains(t, complaint, second+":3: ")
	require.Contains(t, complaint, second+":4: ")
	require.Contains(t, complaint, "2 bad rows of 4; nothing was imported")
	require.Equal(t, imported{Unchanged: 2}, decoded[imported](t, "games", "import", first, "-o", "json"), "nothing was imported")

	out, complaint = ohio(t, 0, "games", "import", second, "--skip-bad")
	require.Equal(t, "INSERTED  UPDATED  UNCHANGED  SKIPPED\n1         1        0          2\n", out)
	require.Contains(t, complaint, second+":3: ")
}

func TestTheReportOfBadRowsIsBounded(t *testing.T) {
	onDatabase(t)
	bad := write(t, "games.csv", header+strings.Repeat("1,2,3\n", maxBadShown+7))
	_, complaint := ohio(t, 2, "games", "import", bad)
	require.Equal(t, maxBadShown+2, strings.Count(complaint, "\n"))
	require.Contains(t, complaint, "... and 7 more bad rows")
}

func TestFileThatIsNoGamesIsRefused(t *testing.T) {
	onDatabase(t)
	_, complaint := ohio(t, 2, "games", "import", write(t, "other.csv", "a,b\n1,2\n"))
	require.Contains(t, complaint, "lacks id, season")
	_, complaint = ohio(t, 2, "games", "import", write(t, "empty.csv", ""))
	require.Contains(t, complaint, "no CSV header")
}

// Imported games continue the ratings that predictions are made from.
func TestImportedGamesMovePredictions(t *testing.T) {
	onDatabase(t)
	type answer struct {
		RatingsHash string `json:"ratings_hash"`
	}
	ask := func() string { return decoded[answer](t, "predict", "Iowa", "Purdue", "-o", "json").RatingsHash }
	before := ask()
	ohio(t, 0, "games", "import", write(t, "games.csv", header+game(1, "Iowa", "Ohio State", 42)))
	require.NotEqual(t, before, ask())
}

// A name that looks misspelt is told, and imported all the same.
func TestImportWarnsOfNewTeams(t *testing.T) {
	onDatabase(t)
	file := write(t, "games.csv", header+game(1, "Ohio Stat", "Iowa", 14)+game(2, "Ohio Stat", "Purdue", 21))
	out, complaint := ohio(t, 0, "games", "import", file)
	require.Contains(t, out, "2         0        0          0")
	require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	require.Contains(t, complaint, `game 1: "Ohio Stat" is a new FBS team; did you mean Ohio State`)
}
