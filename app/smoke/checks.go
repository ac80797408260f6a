package smoke

import (
	"net/url"
	"strconv"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// checks are the questions by the id of their route. All of them only read: a
// prediction is computed and kept nowhere, and of what would change something
// only the refusal is asked for, with a body that asks for nothing.
var checks = map[string][]probe{
	contract.RouteHealth.ID: {{says: "lives", answers: answering(saneHealth)}},
	contract.RouteReady.ID:  {{says: "is ready", answers: answering(saneReadiness)}},

	contract.RouteTeams.ID: {{says: "lists teams", answers: answering(saneTeams)}},
	contract.RouteTeam.ID: {
		{says: "shows a team", needs: twoTeams, params: firstTeam, answers: answering(saneTeam)},
		{says: "knows what is no team", params: fixed("No Such Team"), refused: fault.NotFound},
	},
	contract.RouteRankings.ID: {
		{says: "ranks the teams", answers: answering(saneRanking)},
		{says: "refuses week 31", query: queried("week", "31"), refused: fault.Invalid},
	},
	contract.RouteGames.ID: {
		{says: "lists games", query: queried("limit", "1"), answers: answering(saneFirstGames)},
		{says: "turns the page", needs: aCursor, query: nextPage, answers: answering(saneNextGames)},
		{says: "lists a week", needs: aWeek, query: thisWeek, answers: answering(saneWeekGames)},
		{says: "refuses pages of none", query: queried("limit", "0"), refused: fault.Invalid},
	},
	contract.RouteGame.ID: {
		{says: "shows a game", needs: aGame, params: thatGame, answers: answering(saneGame)},
		{says: "knows what is no game", params: fixed("999999999999999"), refused: fault.NotFound},
	},
	contract.RouteModels.ID: {{says: "lists models", answers: answering(saneModels)}},
	contract.RouteModel.ID: {
		{says: "shows a model", needs: aModel, params: thatModel, answers: answering(saneModel)},
		{says: "knows what is no model", params: fixed("no-such-model"), refused: fault.NotFound},
	},

	contract.RoutePredict.ID: {
		{says: "predicts", needs: twoTeams, body: theirGame, answers: answering(sanePredicted)},
		{says: "refuses a game without teams", body: nothing, refused: fault.Invalid},
	},
	contract.RoutePredictBatch.ID: {
		{says: "predicts many", key: true, needs: twoTeams, body: goodAndBad, answers: answering(saneBatch)},
		{says: "is not for everybody", anonymous: true, body: nothing, refused: fault.Unauthenticated},
	},
	contract.RouteSlate.ID: {
		{says: "predicts a week", needs: aWeekWithGames, params: weekOfGame, query: typeOfGame, answers: answering(saneSlate)},
		{says: "knows a week without games", instead: true, needs: aWeekWithoutGames, params: weekOfNow, refused: fault.NotFound},
		{says: "refuses week 31", params: fixed("2023", "31"), refused: fault.Invalid},
	},

	contract.RouteJobs.ID: {{says: "lists the jobs", key: true, answers: answering(saneJobs)}, notForEverybody},
	contract.RouteRuns.ID: {{says: "lists runs", key: true, query: queried("limit", "1"), answers: answering(saneRuns)}, notForEverybody},
	contract.RouteRun.ID: {
		{says: "shows a run", key: true, instead: true, needs: aRun, params: thatRun, answers: answering(saneRun)},
		{says: "knows what is no run", key: true, params: fixed("999999999999999"), refused: fault.NotFound},
		{says: "is not for everybody", anonymous: true, params: fixed("1"), refused: fault.Unauthenticated},
	},
	contract.RouteRunEvents.ID: {
		{says: "knows what is no run", key: true, params: fixed("999999999999999"), refused: fault.NotFound},
		{says: "is not for everybody", anonymous: true, params: fixed("1"), refused: fault.Unauthenticated},
	},
	contract.RouteJobRun.ID: {
		notToBeDone("no-such-job"),
	},
	contract.RouteBackups.ID: {{says: "lists backups", key: true, query: queried("limit", "1"), answers: answering(saneBackups)}, notForEverybody},
	contract.RouteBackup.ID: {
		{says: "shows a backup", key: true, instead: true, needs: aBackup, params: thatBackup, answers: answering(saneBackup)},
		{says: "knows what is no backup", key: true, params: fixed("no-such-backup"), refused: fault.NotFound},
		{says: "is not for everybody", anonymous: true, params: fixed("latest"), refused: fault.Unauthenticated},
	},
	contract.RouteOutcomes.ID:      {{says: "lists what became of backups", key: true, query: queried("limit", "1"), answers: answering(saneOutcomes)}, notForEverybody},
	contract.RouteBackupCreate.ID:  {notToBeDone()},
	contract.RouteBackupVerify.ID:  {notToBeDone("no-such-backup")},
	contract.RouteBackupRestore.ID: {notToBeDone("no-such-backup")},
	contract.RouteBackupMark.ID:    {notToBeDone("no-such-backup")},
	contract.RouteBackupDrill.ID:   {notToBeDone()},
	contract.RouteBackupPrune.ID:   {notToBeDone()},
	contract.RouteAlertList.ID:     {{says: "lists alerts", key: true, query: queried("limit", "1"), answers: answering(saneAlerts)}, notForEverybody},
	contract.RouteAlerts.ID:        {notToBeDone()},

	// Reading it would leave a trace in it.
	contract.RouteAudit.ID: {notForEverybody},
	contract.RoutePack.ID:  {notToBeDone()},
}

// notForEverybody asks a GET route that needs a key without one.
var notForEverybody = probe{says: "is not for everybody", anonymous: true, refused: fault.Unauthenticated}

// notToBeDone asks a POST route that needs a key without one.
func notToBeDone(params ...string) probe {
	return probe{says: "is not for everybody", anonymous: true, params: fixed(params...), body: nothing, refused: fault.Unauthenticated}
}

func fixed(values ...string) func(*found) []string {
	return func(*found) []string { return values }
}

func queried(name, value string) func(*found) url.Values {
	return func(*found) url.Values { return url.Values{name: {value}} }
}

func nothing(*found) any { return struct{}{} }

func lacking(is bool, what string) string {
	if is {
		return what
	}
	return ""
}

func twoTeams(f *found) string {
	return lacking(len(f.teams) < 2, contract.RouteTeams.ID+" gave no two teams")
}

func aModel(f *found) string {
	return lacking(f.model == "", contract.RouteModels.ID+" gave no model")
}
func aGame(f *found) string { return lacking(f.game == nil, contract.RouteGames.ID+" gave no game") }

func aCursor(f *found) string {
	return lacking(f.cursor == "", contract.RouteGames.ID+" gave no second page")
}

func aWeek(f *found) string {
	return lacking(f.week == 0, contract.RouteRankings.ID+" gave no week")
}

// aWeekWithGames is this week only: an older one may need a replay of all
// seasons, or more of them than there are.
func aWeekWithGames(f *found) string {
	return lacking(f.weekGame == nil, contract.RouteGames.ID+" gave no game of this week")
}

func aWeekWithoutGames(f *found) string {
	return lacking(!f.weekAsked || f.weekGame != nil, "this week has games")
}

func aRun(f *found) string { return lacking(f.run == 0, contract.RouteRuns.ID+" gave no run") }

func aBackup(f *found) string {
	return lacking(f.backup == "", contract.RouteBackups.ID+" gave no backup")
}

func thatBackup(f *found) []string { return []string{f.backup} }

func thatRun(f *found) []string { return []string{strconv.FormatInt(f.run, 10)} }

func firstTeam(f *found) []string { return f.teams[:1] }
func thatGame(f *found) []string  { return []string{strconv.FormatInt(f.game.ID, 10)} }
func thatModel(f *found) []string { return []string{f.model} }

func weekOfNow(f *found) []string { return []string{strconv.Itoa(f.season), strconv.Itoa(f.week)} }

func weekOfGame(f *found) []string {
	return []string{strconv.Itoa(f.weekGame.Season), strconv.Itoa(f.weekGame.Week)}
}

func typeOfGame(f *found) url.Values { return url.Values{"season_type": {f.weekGame.SeasonType}} }

func nextPage(f *found) url.Values { return url.Values{"limit": {"1"}, "cursor": {f.cursor}} }

func thisWeek(f *found) url.Values {
	return url.Values{"season": {strconv.Itoa(f.season)}, "week": {strconv.Itoa(f.week)}, "limit": {"5"}}
}

func theirGame(f *found) any {
	return map[string]any{"home_team": f.teams[0], "away_team": f.teams[1], "explain": true}
}

func goodAndBad(f *found) any {
	return map[string]any{"games": []any{theirGame(f), map[string]any{}}}
}
