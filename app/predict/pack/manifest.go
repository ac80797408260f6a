package pack

import (
	"time"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// FormatVersion of the pack's layout; another one is refused.
const FormatVersion = 1

// Manifest describes a pack. It is written last and names every other file
// with its checksum.
type Manifest struct {
	FormatVersion int               `json:"format_version"`
	Version       string            `json:"version"`      // from the content of the files
	CreatedAt     time.Time         `json:"created_at"`   // of the training run
	ToolVersion   string            `json:"tool_version"` // of the program that trained it
	FirstSeason   int               `json:"first_season"` // of the games trained on
	LastSeason    int               `json:"last_season"`
	Games         int               `json:"games"` // that the ratings have learned
	LastBlock     football.BlockKey `json:"last_block"`
	Schema        map[string]string `json:"schema"` // feature set -> schema hash
	// Metrics are walk-forward scores: season -> model -> feature set.
	Metrics map[string]map[string]map[string]Metrics `json:"metrics"`
	Files   map[string]File                          `json:"files"`
}

// File is one file of a pack.
type File struct {
	SHA256 string `json:"sha256"` // hexadecimal
	Bytes  int64  `json:"bytes"`
}

// Metrics are the scores of one model on one group of games. Fields that make
// no sense for a model are absent.
type Metrics struct {
	Games    int      `json:"games"`
	Accuracy *float64 `json:"accuracy,omitempty" doc:"Share of winners named"`
	LogLoss  *float64 `json:"log_loss,omitempty"`
	Brier    *float64 `json:"brier,omitempty"`
	AUC      *float64 `json:"auc,omitempty"`
	ECE      *float64 `json:"ece,omitempty" doc:"Expected calibration error over 10 bins"`
	MAE      *float64 `json:"mae,omitempty" doc:"Mean absolute error of the margin in points"`
	RMSE     *float64 `json:"rmse,omitempty" doc:"Root mean squared error of the margin in points"`
}

// RatingPoint is a team's rating on one day.
type RatingPoint struct {
	Season  int       `json:"season"`
	AsOf    time.Time `json:"as_of"`
	Rating  float64   `json:"rating"`
	SD      float64   `json:"sd"`
	Elo     float64   `json:"elo"`
	Offence float64   `json:"offence"`
	Defence float64   `json:"defence"`
}

// PointOf is a team's rating as a point of its history.
func PointOf(t ratings.Team) RatingPoint {
	return RatingPoint{
		Season: t.Season, AsOf: t.Last.Time(),
		Rating: t.Rating, SD: t.SD, Elo: t.Elo, Offence: t.Offence, Defence: t.Defence,
	}
}
