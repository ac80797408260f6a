package football

import "time"

// StageSQL makes the table that imports go through; Queries may need it.
const StageSQL = stageSQL

// Settle is what Follow believes.
var Settle = settle

// Queries are all that the store sends, with every filter in use.
func Queries() []string {
	played, open := true, false
	full := GameFilter{Season: 1, Week: 1, SeasonType: Regular, Team: "a", Played: &played, AfterStart: time.Unix(1, 0), Limit: 1}
	withScores, _ := full.sql()
	full.Played = &open
	withoutScores, _ := full.sql()
	all, _ := GameFilter{}.sql()
	return []string{stageSQL, upsertSQL, bumpSQL, revisionSQL, withScores, withoutScores, all, gameSQL, fromSeasonSQL, heldSQL}
}
