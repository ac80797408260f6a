package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// PackStatus says which model pack is active.
type PackStatus struct {
	Version     string    `json:"version"`
	Previous    string    `json:"previous,omitempty" doc:"What a rollback would return to"`
	Source      string    `json:"source" doc:"Where the pack came from"`
	ActivatedAt time.Time `json:"activated_at"`
}

// PackChange names a version to activate or asks for the previous one.
type PackChange struct {
	Version  string `json:"version,omitempty" minLength:"1" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"2024.1" doc:"Activate this version"`
	Rollback bool   `json:"rollback,omitempty" doc:"Return to the version before"`
}

type packInput struct{ Body PackChange }

func (a *API) pack(ctx context.Context, in *packInput) (*reply[PackStatus], error) {
	if (in.Body.Version != "") == in.Body.Rollback {
		return nil, fault.New(fault.Invalid, "say which version to activate, or rollback: true; not both").
			With(fault.Detail{Location: "body", Message: "must have exactly one of version and rollback"})
	}
	who := callOf(ctx).who
	by := fmt.Sprintf("key %s (%s)", who.KeyID, who.Name)
	var (
		status PackStatus
		err    error
	)
	if in.Body.Rollback {
		status, err = a.deps.Packs.Rollback(ctx, by)
	} else {
		status, err = a.deps.Packs.Activate(ctx, in.Body.Version, by)
	}
	if err != nil {
		return nil, err
	}
	return &reply[PackStatus]{status}, nil
}
