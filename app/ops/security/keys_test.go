package security

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// makeKey makes a key of an age in days, last used so many days ago; a
// negative number is never.
func makeKey(t *testing.T, pool *pgxpool.Pool, name string, role contract.Role, age, used int) string {
	t.Helper()
	key, _, err := auth.NewStore(pool).Create(t.Context(), name, role, nil, "test")
	require.NoError(t, err)
	apply(t, pool, `update api_keys set created_at = $2 where id = $1`, key.ID, now().AddDate(0, 0, -age))
	if used >= 0 {
		apply(t, pool, `update api_keys set last_used_at = $2 where id = $1`, key.ID, now().AddDate(0, 0, -used))
	}
	return key.ID
}

func apply(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
}

const activated = `insert into pack_activations (version, source, activated_by, activated_at) values ('1', 'embedded', 'key ' || $1 || ' (name)', $2)`

func TestKeysAreReviewed(t *testing.T) {
	for name, tc := range map[string]struct {
		role      contract.Role
		age, used int
		acted     int // days ago; 0: never
		revoked   bool
		want      []string
	}{
		"new":                     {contract.ReadOnly, 1, -1, 0, false, nil},
		"in use":                  {contract.Developer, 179, 0, 0, false, nil},
		"never used":              {contract.ReadOnly, 90, -1, 0, false, []string{"was never used since it was made 90 days ago"}},
		"not used yet":            {contract.ReadOnly, 89, -1, 0, false, nil},
		"no longer used":          {contract.ReadOnly, 400, 90, 0, false, []string{"was last used 90 days ago"}},
		"hardly used":             {contract.ReadOnly, 100, 89, 0, false, nil},
		"old":                     {contract.ReadOnly, 180, 1, 0, false, []string{"has not been renewed for 180 days"}},
		"revoked":                 {contract.Operator, 400, 300, 0, true, nil},
		"operator that acts":      {contract.Operator, 100, 1, 20, false, nil},
		"operator that only read": {contract.Operator, 100, 1, 0, false, []string{"only reads, as far as is on record"}},
		"operator that once did":  {contract.Operator, 150, 1, 120, false, []string{"has only read for 120 days"}},
		"new operator":            {contract.Operator, 10, 1, 0, false, nil},
		"old operator that reads": {contract.Operator, 200, 1, 0, false, []string{"has not been renewed for 200 days", "only reads, as far as is on record"}},
		"idle operator":           {contract.Operator, 200, 100, 0, false, []string{"was last used 100 days ago"}},
	} {
		t.Run(name, func(t *testing.T) {
			pool := postgrestest.New(t)
			id := makeKey(t, pool, "the key", tc.role, tc.age, tc.used)
			if tc.acted > 0 {
				apply(t, pool, activated, id, now().AddDate(0, 0, -tc.acted))
			}
			apply(t, pool, activated, "another1", now()) // says nothing of this key
			if tc.revoked {
				require.NoError(t, auth.NewStore(pool).Revoke(t.Context(), id))
			}
			findings, note, err := auditor(t, pool, Options{}).keys(t.Context(), nil)
			require.NoError(t, err)
			var what []string
			for _, f := range findings {
				what = append(what, f.What)
				require.Equal(t, "key "+id+" (the key, "+tc.role.String()+")", f.Where)
				require.Equal(t, contract.Ticket, f.Severity)
			}
			require.Equal(t, tc.want, what)
			if !tc.revoked {
				require.Equal(t, "1 keys work", note)
			}
		})
	}
}

// Whatever is on record as done by a key is an act.
func TestWhatIsOnRecordIsAnAct(t *testing.T) {
	three := now().AddDate(0, 0, -3)
	for name, act := range map[string]string{
		"asked for a job": `insert into job_runs (name, run, scheduled_for, requested_by, queue, lease_until, created_at)
			values ('games-sync', 'manual', $2, 'key ' || $1 || ' (the key)', 'default', $2, $2)`,
		"audited": `insert into audit_log (seq, at, actor_id, actor_name, actor_role, action, subject_type, subject_id, prev, hash)
			values (1, $2, $1, 'the key', 'operator', 'key.revoke', 'api_key', 'x', sha256(''), sha256('x'))`,
		"activated a pack": activated,
	} {
		t.Run(name, func(t *testing.T) {
			pool := postgrestest.New(t)
			id := makeKey(t, pool, "the key", contract.Operator, 100, 1)
			findings, _, err := auditor(t, pool, Options{}).keys(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, findings, 1)
			apply(t, pool, act, id, three)
			findings, _, err = auditor(t, pool, Options{}).keys(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, findings)
		})
	}
}
