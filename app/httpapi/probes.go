package httpapi

import (
	"context"
	"errors"

	"github.com/script-ohio/platform/app/fault"
)

// Health says that the process lives.
type Health struct {
	Status  string `json:"status" enum:"ok"`
	Version string `json:"version" doc:"Of the build"`
}

func (a *API) health(context.Context, *struct{}) (*reply[Health], error) {
	return &reply[Health]{Health{Status: "ok", Version: a.opts.Version}}, nil
}

// Readiness says that the process may take traffic.
type Readiness struct {
	Status      string `json:"status" enum:"ready"`
	PackVersion string `json:"pack_version"`
}

func (a *API) ready(context.Context, *struct{}) (*reply[Readiness], error) {
	if a.draining.Load() {
		return nil, notReady(errors.New("the process is shutting down"))
	}
	if err := a.deps.Ready(); err != nil {
		return nil, notReady(err)
	}
	return &reply[Readiness]{Readiness{Status: "ready", PackVersion: a.deps.Predictor.PackVersion()}}, nil
}

func notReady(err error) error {
	refusal := fault.New(fault.Unavailable, "the process is not ready for traffic; see errors")
	for _, reason := range reasonsOf(err) {
		message := reason.Error()
		if f, ok := errors.AsType[*fault.Error](reason); ok {
			message = f.Message
		}
		refusal.Details = append(refusal.Details, fault.Detail{Location: "process", Message: message})
	}
	return refusal
}

// reasonsOf takes joined errors apart.
func reasonsOf(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
