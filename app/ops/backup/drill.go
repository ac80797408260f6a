package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Drill is what restoring a backup for practice measured and found.
type Drill struct {
	Backup string    `json:"backup"`
	At     time.Time `json:"at"`
	Passed bool      `json:"passed"`
	// RecoverySeconds is how long it took until the copy answered: the
	// recovery time that one can promise.
	RecoverySeconds float64 `json:"recovery_time_seconds"`
	// PointSeconds is the age of the snapshot: what would have been lost.
	PointSeconds float64 `json:"recovery_point_seconds"`
	Tables       int     `json:"tables"`
	Rows         int64   `json:"rows"`
	Prediction   string  `json:"prediction,omitempty"`
	Checks       Checks  `json:"checks"`
}

// Drill restores the newest complete backup into a throw-away database,
// compares it with the manifest, and tries whether it serves. The database
// goes in any case. A backup that fails the drill is fault.Conflict, beside
// the checks.
func (s *Service) Drill(ctx context.Context, p Progress) (d Drill, err error) {
	err = s.exclusive(ctx, "drill", func(ctx context.Context, _ *lock) error {
		d, err = s.drill(ctx, p)
		return err
	})
	return d, err
}

func (s *Service) drill(ctx context.Context, p Progress) (d Drill, err error) {
	began := s.Clock()
	m, digest, err := s.newest(ctx)
	if err != nil {
		return d, err
	}
	d = Drill{Backup: m.Name, At: began.UTC(), PointSeconds: began.Sub(m.Database.At).Seconds()}
	s.compareRecord(ctx, m.Name, digest, &d.Checks)
	err = s.inScratch(ctx, m, &d.Checks, p, func(database string, restored Snapshot) error {
		d.Tables = len(restored.Rows)
		for _, rows := range restored.Rows {
			d.Rows += rows
		}
		tell(&d.Checks, "sequences", m.Database.newlyBehind(restored), "no number would be given twice")
		if err := s.try(ctx, database, &d); err != nil {
			return err
		}
		d.RecoverySeconds = s.Clock().Sub(began).Seconds()
		return nil
	})
	if err != nil {
		return d, err
	}
	failed := d.Checks.Failed()
	d.Passed = len(failed) == 0
	s.record(ctx, result{kind: resultDrill, backup: m.Name, ok: d.Passed, began: began, report: d})
	if !d.Passed {
		return d, fault.New(fault.Conflict, "the drill with %s failed: %s", m.Name, failed)
	}
	s.Logger.InfoContext(ctx, "a restore drill passed", "backup", m.Name, "recovery_time_seconds", d.RecoverySeconds)
	return d, nil
}

// inScratch restores a backup into a database of its own, checks it, lets use
// have it when it was restored, and drops it. What is wrong with the backup
// stands in checks; an error says nothing about the backup.
func (s *Service) inScratch(ctx context.Context, m Manifest, checks *Checks, p Progress, use func(database string, restored Snapshot) error) (err error) {
	database, err := s.newScratch(ctx, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.dropAlways(ctx, database)) }()
	restored, err := s.restoreInto(ctx, m, database, false, checks, p)
	if err != nil || restored.Rows == nil {
		return err
	}
	return use(database, restored)
}

func (s *Service) newScratch(ctx context.Context, m Manifest) (string, error) {
	conn, err := s.connect(ctx, "", "scratch")
	if err != nil {
		return "", err
	}
	defer disconnect(ctx, conn)
	return s.scratch(ctx, conn, m)
}

// restoreInto fills a database and compares it with the manifest. The
// snapshot is empty when nothing could be restored; checks tell why.
func (s *Service) restoreInto(ctx context.Context, m Manifest, database string, grants bool, checks *Checks, p Progress) (restored Snapshot, err error) {
	err = s.fill(ctx, m, database, grants, p)
	switch {
	case err == nil:
		checks.passed("restore", "%s", m.Name)
	case checks.take(err):
		return restored, nil
	default:
		return restored, err
	}
	p(0, 0, "comparing with the manifest")
	if restored, err = s.inspect(ctx, database); err != nil {
		return restored, err
	}
	rows, schema := m.Database.differences(restored)
	tell(checks, "rows", rows, fmt.Sprintf("%d tables have the rows of the manifest", len(restored.Rows)))
	tell(checks, "schema", schema, fmt.Sprintf("%d definitions are those of the manifest", len(restored.Schema)))
	if restored.SchemaVersion != m.Database.SchemaVersion {
		checks.failed("schema-version", "it is %d instead of %d", restored.SchemaVersion, m.Database.SchemaVersion)
	}
	return restored, nil
}

// mostTold keeps checks readable.
const mostTold = 10

func tell(checks *Checks, name string, wrong []string, otherwise string) {
	switch {
	case len(wrong) == 0:
		checks.passed(name, "%s", otherwise)
	case len(wrong) > mostTold:
		checks.failed(name, "%v and %d more", wrong[:mostTold], len(wrong)-mostTold)
	default:
		checks.failed(name, "%v", wrong)
	}
}

// try asks a restored database what a program would ask it.
func (s *Service) try(ctx context.Context, database string, d *Drill) error {
	pool, err := s.pool(ctx, database)
	if err != nil {
		return err
	}
	defer pool.Close()
	if s.Predict == nil {
		return nil
	}
	d.Prediction, err = s.Predict(ctx, pool)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		d.Checks.failed("prediction", "%v", err)
		return nil
	}
	d.Checks.passed("prediction", "%s", d.Prediction)
	return nil
}
