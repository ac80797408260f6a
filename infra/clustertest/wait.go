package clustertest

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pause is how long Eventually waits between two looks.
const pause = 100 * time.Millisecond

// Eventually looks until there is no error or the context ends, whose cause
// and the last error are then in its own.
func Eventually(ctx context.Context, what string, look func(context.Context) error) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	last := look(ctx)
	for last != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; at last %w", what, context.Cause(ctx), last)
		case <-ticker.C:
		}
		// A look that the end of the context interrupted tells nothing.
		if err := look(ctx); err == nil || ctx.Err() == nil {
			last = err
		}
	}
	return nil
}

func getOptions() metav1.GetOptions { return metav1.GetOptions{} }
