package serving

import (
	"time"

	"github.com/script-ohio/platform/app/predict/pack"
)

// Request asks for one game. Team names may be canonical or any known alias.
type Request struct {
	Home, Away string
	Neutral    bool
	Season     int    // 0: the current one
	Week       int    // 0: the next one; predictions use games before this week only
	SeasonType string // "" or football.Regular, football.Postseason
	Spread     *float64
	Model      string // "" for the ensemble, or one of Models
	Explain    bool
}

// The names of the models of a pack.
const (
	ModelEnsemble = "ensemble"
	ModelRidge    = "ridge"
	ModelGBT      = "gbt"
	ModelMLP      = "mlp"
)

// Models lists the model names, the default first.
func Models() []string { return []string{ModelEnsemble, ModelRidge, ModelGBT, ModelMLP} }

// Prediction is the answer for one game. Margins are home minus away.
type Prediction struct {
	ID            string              `json:"id" doc:"The same inputs, pack and ratings give the same id and the same answer"`
	GameID        int64               `json:"game_id,omitempty" doc:"The game in the schedule, for predictions of a week"`
	HomeTeam      string              `json:"home_team" doc:"Canonical name"`
	AwayTeam      string              `json:"away_team" doc:"Canonical name"`
	NeutralSite   bool                `json:"neutral_site"`
	Season        int                 `json:"season"`
	Week          int                 `json:"week"`
	SeasonType    string              `json:"season_type" enum:"regular,postseason"`
	Spread        *float64            `json:"spread,omitempty" doc:"The betting line that was used; negative favours the home side"`
	Model         string              `json:"model" enum:"ensemble,ridge,gbt,mlp"`
	Winner        string              `json:"winner"`
	Probabilities Probabilities       `json:"probabilities"`
	Margin        Interval            `json:"margin" doc:"Expected home margin in points"`
	Total         float64             `json:"total" doc:"Expected points of both sides"`
	Models        map[string]Estimate `json:"models" doc:"What each model says, by name"`
	Agreement     Agreement           `json:"agreement"`
	Contributions []Contribution      `json:"contributions,omitempty" doc:"What moved the answer most, if asked"`
	FeatureSet    string              `json:"feature_set" enum:"without_spread,with_spread"`
	PackVersion   string              `json:"pack_version"`
	SchemaHash    string              `json:"schema_hash" doc:"Names the meaning of the features"`
	AsOf          time.Time           `json:"as_of" doc:"Day of the last game that the ratings know"`
	RatingsHash   string              `json:"ratings_hash" doc:"Names the games that the ratings know"`
}

// Probabilities of the two outcomes; they add up to 1.
type Probabilities struct {
	Home float64 `json:"home" minimum:"0" maximum:"1"`
	Away float64 `json:"away" minimum:"0" maximum:"1"`
}

// Interval is an expectation and the central range that holds the outcome
// with the given probability.
type Interval struct {
	Expected float64 `json:"expected"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level" doc:"Share of games whose margin falls inside"`
}

// Estimate is one model's answer.
type Estimate struct {
	HomeProbability float64 `json:"home_probability"`
	Margin          float64 `json:"margin"`
}

// Agreement says how far the models are of one mind.
type Agreement struct {
	SameWinner       int     `json:"same_winner" doc:"Models that pick the winner of this answer"`
	Models           int     `json:"models" doc:"Models asked"`
	ProbabilityRange float64 `json:"probability_range" doc:"Largest minus smallest home probability"`
}

// Contribution is what one feature moved, in points of home margin.
type Contribution struct {
	Feature string  `json:"feature"`
	Value   float64 `json:"value"`
	Points  float64 `json:"points"`
}

// BatchItem is the answer to one request of a batch: a prediction or an error.
type BatchItem struct {
	Prediction *Prediction
	Err        error
}

// Slate is the predictions of a week's games, in the order of kick-off.
type Slate struct {
	Season      int          `json:"season"`
	Week        int          `json:"week"`
	SeasonType  string       `json:"season_type" enum:"regular,postseason"`
	PackVersion string       `json:"pack_version"`
	Predictions []Prediction `json:"predictions"`
}

// RankedTeam is a row of the power ranking. Points against an average FBS
// team.
type RankedTeam struct {
	Rank       int     `json:"rank"`
	Team       string  `json:"team"`
	Conference string  `json:"conference"`
	Rating     float64 `json:"rating" doc:"Points better on a neutral field than an average FBS team of the long run"`
	SD         float64 `json:"sd" doc:"Standard error of the rating"`
	Offence    float64 `json:"offence" doc:"Points scored a game more than average, opponents considered"`
	Defence    float64 `json:"defence" doc:"Points allowed a game fewer than average, opponents considered"`
	Elo        float64 `json:"elo"`
	Games      int     `json:"games" doc:"Played in this season"`
	Wins       float64 `json:"wins" doc:"Won in this season; a tie counts half"`
}

// Ranking is the power ranking before a week.
type Ranking struct {
	Season      int          `json:"season"`
	Week        int          `json:"week,omitempty"`
	AsOf        time.Time    `json:"as_of"`
	PackVersion string       `json:"pack_version"`
	Teams       []RankedTeam `json:"teams"`
}

// TeamCard is one team now and how its rating came about.
type TeamCard struct {
	Team       string             `json:"team"`
	Conference string             `json:"conference"`
	Division   string             `json:"division" enum:"fbs,other"`
	Current    RankedTeam         `json:"current"`
	History    []pack.RatingPoint `json:"history" doc:"Season ends, then the weeks since the pack was trained"`
}

// ModelCard describes one model of the active pack.
type ModelCard struct {
	Name        string                  `json:"name"`
	Kind        string                  `json:"kind"`
	Purpose     string                  `json:"purpose"`
	PackVersion string                  `json:"pack_version"`
	Trained     string                  `json:"trained" doc:"Seasons of the training games"`
	Features    map[string][]string     `json:"features" doc:"By feature set"`
	SchemaHash  map[string]string       `json:"schema_hash" doc:"By feature set"`
	Metrics     map[string]pack.Metrics `json:"metrics" doc:"Walk-forward scores, by season and feature set, such as 2023/without_spread"`
}
