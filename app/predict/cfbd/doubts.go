package cfbd

import (
	"fmt"
	"strings"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/predict/football"
)

// doubts words where the API was not believed: either it is wrong, or what is
// stored, which only a person can tell.
func doubts(q Query, f football.Followed) (issues []Issue) {
	add := func(what string, items []string, then string) {
		if len(items) > 0 {
			issues = append(issues, Issue{contract.Warning, fmt.Sprintf("%s: the API %s %s; %s", q, what, some(items), then)})
		}
	}
	var kept, conflicts []string
	for _, g := range f.Kept {
		kept = append(kept, fmt.Sprintf("game %d (%s, %d:%d)", g.ID, teams(g), g.Score.Away, g.Score.Home))
	}
	for _, c := range f.Conflicts {
		conflicts = append(conflicts, fmt.Sprintf("game %d (%s, now said to be %s)", c.Stored.ID, teams(c.Stored), teams(c.Told)))
	}
	add("no longer tells the result of", kept, "it is kept. If it does not count, `ohio games import` with empty points takes it back")
	add("tells other teams of", conflicts, "nothing is changed there. If the API is right, `ohio games import` with its teams corrects it")
	return issues
}

func teams(g football.Game) string { return g.Away.Team + " at " + g.Home.Team }

// maxNamed is how many games an issue names.
const maxNamed = 10

// some lists the first few.
func some(items []string) string {
	text := strings.Join(items[:min(len(items), maxNamed)], ", ")
	if more := len(items) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
