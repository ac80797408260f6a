package jobs

import (
	"context"
	"sync"
	"time"
)

// storeEvery is how often progress is stored, if there is any.
const storeEvery = time.Second

// keep renews a run's lease, stores its progress and heeds a cancel until the
// returned function is called, also after ctx has ended. A run that another
// worker has, or whose lease runs out because the database is away, is lost:
// then nobody else may have begun it yet, and nobody shall find two at it.
func (w *Worker) keep(ctx context.Context, run *Run, cut context.CancelCauseFunc) (letGo func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var keeper sync.WaitGroup
	keeper.Go(func() { w.heed(ctx, run, cut) })
	keeper.Go(func() {
		kept := time.Now()
		ticker := time.NewTicker(min(storeEvery, w.store.lease/6))
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			progress, changed := run.take()
			if !changed && time.Since(kept) < w.store.lease/3 {
				continue
			}
			// Before the lease is over, the work must have time to stop.
			left := w.store.lease*2/3 - time.Since(kept)
			bounded, done := context.WithTimeout(ctx, max(left, 0))
			asked := time.Now()
			ours, err := w.store.renew(bounded, run.ID, run.Attempt, progress)
			done()
			switch {
			case ctx.Err() != nil:
				return
			case err == nil && ours:
				kept = asked
			case err == nil, time.Since(kept) >= w.store.lease*2/3:
				cut(errLost)
				return
			}
		}
	})
	return func() {
		cancel()
		keeper.Wait()
	}
}
