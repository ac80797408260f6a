package cfbd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
)

// API is what a Syncer asks; Client is one.
type API interface {
	Games(ctx context.Context, q Query) ([]Game, []Refusal, error)
	Lines(ctx context.Context, q Query) ([]GameLines, []Refusal, error)
	Teams(ctx context.Context, season int) ([]Team, []Refusal, error)
}

// GameStore keeps games; football.Store is one.
type GameStore interface {
	Games(ctx context.Context, f football.GameFilter) ([]football.Game, error)
	Follow(ctx context.Context, games []football.Game, same func(a, b string) bool, progress func(sent int)) (football.Followed, error)
}

// Syncer brings games and lines into the store. Doing it twice changes
// nothing.
type Syncer struct {
	api   API
	store GameStore
	teams *football.Directory
}

// NewSyncer makes a Syncer. teams are the known ones: other spellings of them
// are unified, and new names are told.
func NewSyncer(api API, store GameStore, teams *football.Directory) *Syncer {
	return &Syncer{api, store, teams}
}

// Report is what a sync did.
type Report struct {
	Parts  []Part  `json:"parts"`
	Issues []Issue `json:"issues"` // for the report of the run
}

// Issue is something that a person should know.
type Issue struct {
	Severity contract.Severity `json:"severity"`
	Text     string            `json:"text"`
}

// Part is what became of one query.
type Part struct {
	Season     int       `json:"season"`
	Week       int       `json:"week,omitempty"` // 0: all
	SeasonType string    `json:"season_type,omitempty"`
	Added      int       `json:"added"`
	Changed    int       `json:"changed"`
	Unchanged  int       `json:"unchanged"`
	Lines      int       `json:"lines"`               // games with a spread
	Missing    int       `json:"missing,omitempty"`   // games to be played that the API no longer tells of
	Kept       int       `json:"kept,omitempty"`      // known results that the API no longer tells
	Conflicts  int       `json:"conflicts,omitempty"` // games that are of other teams here, left as they are
	Refused    int       `json:"refused"`
	Refusals   []Refusal `json:"refusals,omitempty"` // the first of them
	NewTeams   []NewTeam `json:"new_teams,omitempty"`
}

// maxRefusals keeps a report readable.
const maxRefusals = 50

// NewTeam is a team of the FBS that was not known. Its games are imported:
// teams do join.
type NewTeam struct {
	Name      string   `json:"name"`
	Confirmed bool     `json:"confirmed"` // the API lists it as a member
	Near      []string `json:"near,omitempty"`
}

// String words it for a person.
func (n NewTeam) String() string {
	switch {
	case n.Confirmed:
		return fmt.Sprintf("%s is new in the FBS", n.Name)
	case len(n.Near) > 0:
		return fmt.Sprintf("%q is a new FBS team that the API does not list as a member; is it %s?", n.Name, strings.Join(n.Near, ", "))
	}
	return fmt.Sprintf("%q is a new FBS team that the API does not list as a member", n.Name)
}

// Steps is how often a query reports progress: games, lines, import.
const Steps = 3

// Sync fetches and imports query by query, telling progress how far it is. The
// report holds what was done, also beside an error; a query that fails does
// not keep the next from being tried, unless nothing more may be asked.
func (s *Syncer) Sync(ctx context.Context, queries []Query, progress func(done, total int, what string)) (Report, error) {
	report := Report{Parts: []Part{}, Issues: []Issue{}}
	var failed []error
	var asked []Query // of the parts
	told := map[int64]bool{}
	for i, q := range queries {
		part, doubts, err := s.part(ctx, q, told, func(step int, what string) { progress(i*Steps+step, len(queries)*Steps, what) })
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", q, err))
		}
		if part != nil {
			report.Parts, asked = append(report.Parts, *part), append(asked, q)
			report.Issues = append(append(report.Issues, part.issues(q)...), doubts...)
		}
		if hopeless(err) || ctx.Err() != nil {
			break
		}
	}
	if err := s.lost(ctx, asked, told, &report); err != nil {
		failed = append(failed, err)
	}
	if len(failed) == 0 {
		progress(len(queries)*Steps, len(queries)*Steps, "done")
	}
	return report, errors.Join(failed...)
}

// hopeless tells whether the next question would fare the same.
func hopeless(err error) bool {
	if err == nil {
		return false
	}
	code := fault.CodeOf(err)
	return code == fault.RateLimited || code == fault.Forbidden
}

// String names the query for a person.
func (q Query) String() string {
	words := fmt.Sprintf("season %d", q.Season)
	if q.Week > 0 {
		words += fmt.Sprintf(", week %d", q.Week)
	}
	if q.SeasonType != "" {
		words += ", " + q.SeasonType
	}
	return words
}

// issues words what of a part somebody should look at.
func (p Part) issues(q Query) []Issue {
	var issues []Issue
	add := func(text string) { issues = append(issues, Issue{contract.Ticket, q.String() + ": " + text}) }
	if p.Refused > 0 {
		add(fmt.Sprintf("%d left out, the first because game %d: %s", p.Refused, p.Refusals[0].GameID, p.Refusals[0].Reason))
	}
	for _, n := range p.NewTeams {
		if !n.Confirmed {
			add(n.String())
		}
	}
	return issues
}

// part gives nil when there is nothing to report, and where the API was not
// believed. Games without their lines are imported all the same: the store
// keeps the lines that it knows. told gathers the games of the answer.
func (s *Syncer) part(ctx context.Context, q Query, told map[int64]bool, progress func(step int, what string)) (*Part, []Issue, error) {
	progress(0, "games of "+q.String())
	games, refused, err := s.api.Games(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range games {
		told[g.ID] = true
	}
	for _, r := range refused {
		told[r.GameID] = true
	}
	progress(1, "lines of "+q.String())
	lines, unread, missing := s.api.Lines(ctx, q)
	games, strays := q.answering(games)
	good, unfit := combine(games, lines, s.canonical)
	progress(2, fmt.Sprintf("importing %d games", len(good)))
	followed, err := s.store.Follow(ctx, good, s.teams.Same, func(int) {})
	if err != nil {
		return nil, nil, errors.Join(err, missing)
	}
	good = slices.DeleteFunc(good, func(g football.Game) bool {
		return slices.ContainsFunc(followed.Conflicts, func(c football.Conflict) bool { return c.Told.ID == g.ID })
	})
	part := &Part{
		Season: q.Season, Week: q.Week, SeasonType: q.SeasonType,
		Added: followed.Inserted, Changed: followed.Updated, Unchanged: followed.Unchanged,
		Kept: len(followed.Kept), Conflicts: len(followed.Conflicts),
	}
	all := slices.Concat(refused, unread, strays, unfit)
	part.Refused, part.Refusals = len(all), all[:min(len(all), maxRefusals)]
	for _, g := range good {
		if g.Spread != nil {
			part.Lines++
		}
	}
	part.NewTeams = s.unknown(ctx, q.Season, good)
	return part, doubts(q, followed), missing
}

func (s *Syncer) canonical(name string) string {
	if known, ok := s.teams.Resolve(name); ok {
		return known
	}
	return name
}

// unknown names the FBS teams that are new, and asks the API about them only
// if there are any. That it could not be asked costs the confirmation only.
func (s *Syncer) unknown(ctx context.Context, season int, games []football.Game) []NewTeam {
	var found []NewTeam
	seen := map[string]bool{}
	for _, g := range games {
		for _, side := range []football.Side{g.Home, g.Away} {
			if _, known := s.teams.Resolve(side.Team); known || seen[side.Team] || side.Division != football.FBS {
				continue
			}
			seen[side.Team] = true
			found = append(found, NewTeam{Name: side.Team, Near: s.teams.Suggest(side.Team, 3)})
		}
	}
	if len(found) == 0 {
		return nil
	}
	members, _, _ := s.api.Teams(ctx, season)
	for i, n := range found {
		for _, m := range members {
			if s.canonical(strings.TrimSpace(m.School)) == n.Name {
				found[i].Confirmed, found[i].Near = true, nil
			}
		}
	}
	return found
}
