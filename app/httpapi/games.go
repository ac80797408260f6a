package httpapi

import (
	"context"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/predict/football"
)

// Game is a game of the schedule.
type Game struct {
	ID             int64     `json:"id"`
	Season         int       `json:"season"`
	Week           int       `json:"week"`
	SeasonType     string    `json:"season_type" enum:"regular,postseason"`
	Start          time.Time `json:"start_date"`
	NeutralSite    bool      `json:"neutral_site"`
	ConferenceGame bool      `json:"conference_game"`
	Home           Side      `json:"home"`
	Away           Side      `json:"away"`
	Played         bool      `json:"played"`
	Spread         *float64  `json:"spread,omitempty" doc:"Closing betting line, negative when it favours the home side"`
	TotalLine      *float64  `json:"total_line,omitempty" doc:"Points of both sides that the market expects"`
}

// Side is one team in a game.
type Side struct {
	Team       string `json:"team"`
	Conference string `json:"conference"`
	Division   string `json:"division"`
	Points     *int   `json:"points,omitempty" doc:"Absent until played"`
}

func gameOf(g football.Game) Game {
	shown := Game{
		ID: g.ID, Season: g.Season, Week: g.Week, SeasonType: g.SeasonType, Start: g.Start.UTC(),
		NeutralSite: g.Neutral, ConferenceGame: g.ConferenceGame, Played: g.Score != nil,
		Home:   Side{Team: g.Home.Team, Conference: g.Home.Conference, Division: g.Home.Division},
		Away:   Side{Team: g.Away.Team, Conference: g.Away.Conference, Division: g.Away.Division},
		Spread: (*float64)(g.Spread), TotalLine: g.TotalLine,
	}
	if g.Score != nil {
		shown.Home.Points, shown.Away.Points = &g.Score.Home, &g.Score.Away
	}
	return shown
}

// GamePage is one page of games, in the order of kick-off.
type GamePage struct {
	Games      []Game `json:"games" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type gamesInput struct {
	Season     int            `query:"season" minimum:"1869" maximum:"2200"`
	Week       int            `query:"week" minimum:"1" maximum:"30"`
	SeasonType string         `query:"season_type" enum:"regular,postseason"`
	Team       string         `query:"team" minLength:"1" maxLength:"80" doc:"Home or away"`
	Played     optional[bool] `query:"played" doc:"Only games that have a result, or only those that have none"`
	Limit      int            `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor     string         `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) games(ctx context.Context, in *gamesInput) (*reply[GamePage], error) {
	filter := football.GameFilter{Season: in.Season, Week: in.Week, SeasonType: in.SeasonType, Team: in.Team, Limit: in.Limit + 1}
	if canonical, known := a.deps.Predictor.Resolve(in.Team); known {
		filter.Team = canonical
	}
	if in.Played.IsSet {
		filter.Played = &in.Played.Value
	}
	list := gameList(filter)
	if in.Cursor != "" {
		after, err := a.cursors.open(list, in.Cursor)
		if err != nil {
			return nil, err
		}
		filter.AfterStart, filter.AfterID = after.start, after.id
	}
	found, err := a.deps.Games.Games(ctx, filter)
	if err != nil {
		return nil, err
	}
	more := len(found) > in.Limit // one more than asked for
	found = found[:min(len(found), in.Limit)]
	page := GamePage{Games: make([]Game, len(found))}
	for i, g := range found {
		page.Games[i] = gameOf(g)
	}
	if more {
		last := found[len(found)-1]
		page.NextCursor = a.cursors.seal(list, position{start: last.Start, id: last.ID})
	}
	return &reply[GamePage]{page}, nil
}

type gameInput struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) game(ctx context.Context, in *gameInput) (*reply[Game], error) {
	g, err := a.deps.Games.Game(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reply[Game]{gameOf(g)}, nil
}

// optional is a query parameter that knows whether it was there.
type optional[T any] struct {
	Value T
	IsSet bool
}

// Schema implements huma.SchemaProvider.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver implements huma.ParamWrapper.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.Value).Elem() }

// OnParamSet implements huma.ParamReactor.
func (o *optional[T]) OnParamSet(isSet bool, _ any) { o.IsSet = isSet }
