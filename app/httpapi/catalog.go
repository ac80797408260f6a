package httpapi

import (
	"context"

	"github.com/script-ohio/platform/app/predict/serving"
)

// TeamList is every team with a rating of its own.
type TeamList struct {
	PackVersion string               `json:"pack_version"`
	Teams       []serving.RankedTeam `json:"teams" nullable:"false"`
}

func (a *API) teams(context.Context, *struct{}) (*reply[TeamList], error) {
	return &reply[TeamList]{TeamList{PackVersion: a.deps.Predictor.PackVersion(), Teams: orEmpty(a.deps.Predictor.Teams())}}, nil
}

type teamInput struct {
	Team string `path:"team" minLength:"1" maxLength:"80" example:"Ohio State" doc:"Name or known alias"`
}

func (a *API) team(ctx context.Context, in *teamInput) (*reply[*serving.TeamCard], error) {
	card, err := a.deps.Predictor.Team(ctx, in.Team)
	if err != nil {
		return nil, err
	}
	return &reply[*serving.TeamCard]{&card}, nil
}

type rankingsInput struct {
	Season int `query:"season" minimum:"1869" maximum:"2200" doc:"Default: now"`
	Week   int `query:"week" minimum:"1" maximum:"30" doc:"As before this week. Default: the latest"`
}

func (a *API) rankings(ctx context.Context, in *rankingsInput) (*reply[*serving.Ranking], error) {
	ranking, err := a.deps.Predictor.Rankings(ctx, in.Season, in.Week)
	if err != nil {
		return nil, err
	}
	return &reply[*serving.Ranking]{&ranking}, nil
}

// ModelList is the models of the active pack.
type ModelList struct {
	PackVersion string              `json:"pack_version"`
	Models      []serving.ModelCard `json:"models" nullable:"false"`
}

func (a *API) models(context.Context, *struct{}) (*reply[ModelList], error) {
	return &reply[ModelList]{ModelList{PackVersion: a.deps.Predictor.PackVersion(), Models: orEmpty(a.deps.Predictor.ModelCards())}}, nil
}

type modelInput struct {
	Name string `path:"name" minLength:"1" maxLength:"40" example:"ensemble"`
}

func (a *API) model(_ context.Context, in *modelInput) (*reply[*serving.ModelCard], error) {
	card, err := a.deps.Predictor.ModelCard(in.Name)
	if err != nil {
		return nil, err
	}
	return &reply[*serving.ModelCard]{&card}, nil
}

// orEmpty keeps a list without rows from becoming null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
