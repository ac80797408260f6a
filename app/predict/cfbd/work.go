package cfbd

import (
	"context"
	"time"

	"github.com/script-ohio/platform/app/platform/jobs"
)

// Work is contract.JobGamesSync: the current week and the one before. sync is
// nil without a key, which the run says.
func Work(sync *Syncer, now func() time.Time) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		if sync == nil {
			return nil, jobs.Skip("no CFBD_API_KEY: games come by `ohio games import` only")
		}
		queries := Current(now())
		if len(queries) == 0 {
			return nil, jobs.Skip("no games are played from February to July")
		}
		report, err := sync.Sync(ctx, queries, func(done, total int, what string) {
			run.Progress(int64(done), int64(total), what)
		})
		return report, err
	}
}
