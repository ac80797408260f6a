package cfbd_test

import (
	"context"
	"testing"

	"github.com/script-ohio/platform/app/predict/cfbd"
)

// always grants.
type always struct{}

func (always) Reserve(context.Context) (int, error) { return 1, nil }

// nothing is stored.
type nothing struct{}

func (nothing) Get(context.Context, string) (cfbd.Entry, error) { return cfbd.Entry{}, nil }
func (nothing) Put(context.Context, string, cfbd.Entry) error   { return nil }

func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// testContext is for property tests, whose T has none that outlives a case.
func testContext() context.Context { return context.Background() }
