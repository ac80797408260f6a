package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// The schema refuses what must never be in it; every case is one statement on
// tables with one valid row each.
func TestSchemaRefuses(t *testing.T) {
	pool := postgrestest.New(t)
	seed := []string{
		`insert into games (id, season, week, season_type, start_date, neutral_site, conference_game,
			home_team, home_conference, home_division, away_team, away_conference, away_division)
		 values (1, 2024, 14, 'regular', '2024-11-30T17:00Z', false, true,
			'Ohio State', 'Big Ten', 'fbs', 'Michigan', 'Big Ten', 'fbs')`,
		`insert into api_keys (id, name, role, hash, created_by) values ('k1', 'dev', 'developer', '\x01', 'ohio')`,
		`insert into pack_activations (version, source, activated_by) values ('1', 'embedded', 'ohio')`,
		`insert into job_runs (name, run, scheduled_for, queue, status, lease_until) values ('backup', 'daily', '2024-11-30', 'backup', 'running', now())`,
		`insert into alerts (fingerprint, starts_at, status, name, labels, annotations) values ('f', '2024-11-30', 'firing', 'a', '{}', '{}')`,
		`insert into maintenance_reports (run, scheduled_for, status, report) values ('daily', '2024-11-30', 'ok', '{}')`,
	}
	for _, sql := range seed {
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	const check, unique, foreign, notNull = "23514", "23505", "23503", "23502"
	for sql, code := range map[string]string{
		`update games set away_team = home_team`:                                                  check,
		`update games set season_type = 'spring'`:                                                 check,
		`update games set home_points = -1, away_points = 0`:                                      check,
		`update games set home_points = 0, away_points = -1`:                                      check,
		`update games set home_points = 13`:                                                       check,
		`update games set away_points = 13`:                                                       check,
		`update games set start_date = null`:                                                      notNull,
		`insert into games select * from games`:                                                   unique,
		`insert into games_revision (revision) values (1)`:                                        unique,
		`insert into games_revision (id, revision) values (false, 1)`:                             check,
		`update api_keys set role = 'root'`:                                                       check,
		`update api_keys set rate = 0`:                                                            check,
		`insert into api_keys select 'k2', name, role, hash, rate, created_at, 'o' from api_keys`: unique,
		`update pack_activations set rollback_of = 999`:                                           foreign,
		`update job_runs set status = 'lost'`:                                                     check,
		`update job_runs set run = 'hourly'`:                                                      check,
		`update job_runs set status = 'succeeded'`:                                                check, // and no end
		`update job_runs set ended_at = now()`:                                                    check, // and not ended
		`insert into job_runs (name, run, scheduled_for, queue, lease_until) select name, run, scheduled_for, queue, lease_until from job_runs`:         unique,
		`insert into job_runs (name, run, scheduled_for, queue, status, lease_until) select name, run, now(), queue, status, lease_until from job_runs`: unique, // two at a time
		`update alerts set status = 'resolved'`: check, // and no end
		`insert into alerts (fingerprint, starts_at, status, name, labels, annotations) select fingerprint, starts_at, status, name, labels, annotations from alerts`: unique,
		`update maintenance_reports set status = 'fine'`: check,
		`insert into maintenance_reports (run, scheduled_for, status, report) select run, scheduled_for, status, report from maintenance_reports`: unique,
		// and takes what is right
		`insert into job_runs (name, run, scheduled_for, queue, lease_until) select name, run, now(), queue, lease_until from job_runs`: "",
		`update job_runs set status = 'failed', ended_at = now()`:                                                                       "",
		`update games set home_points = 10, away_points = 13, spread = -20.5, total_line = 42`:                                          "",
		`update api_keys set rate = 0.5, revoked_at = now()`:                                                                            "",
		`insert into pack_activations (version, source, activated_by, rollback_of)
		 select '0', 'packs/0', 'ohio', id from pack_activations`: "",
	} {
		undo := errors.New("undo")
		err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(context.Background(), sql); err != nil {
				return err
			}
			return undo
		})
		if code == "" {
			require.Equal(t, undo, err, sql)
			continue
		}
		var refusal *pgconn.PgError
		require.ErrorAs(t, err, &refusal, sql)
		require.Equal(t, code, refusal.Code, sql)
	}
}
