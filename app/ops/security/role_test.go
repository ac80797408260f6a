package security

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// as gives a pool of another role on the same database, which it owns.
func as(t *testing.T, address, role string) *pgxpool.Pool {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "secret")
	pool, err := postgres.Open(t.Context(), u.String(), postgres.Options{MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// What each right of a role is told as. Roles are the server's, not the
// database's, so each case has names of its own.
func TestTheDatabaseRole(t *testing.T) {
	type told struct {
		severity contract.Severity
		what     string
	}
	for name, tc := range map[string]struct {
		setup []string // makes a role of the case's name
		want  []told
	}{
		"plain":      {[]string{"create role plain login"}, nil},
		"sees_past":  {[]string{"create role sees_past login bypassrls"}, []told{{contract.Warning, "bypasses row level security"}}},
		"makes":      {[]string{"create role makes login createrole createdb"}, []told{{contract.Warning, "may create roles"}, {contract.Info, "may create databases"}}},
		"copies":     {[]string{"create role copies login replication"}, []told{{contract.Warning, "by replication"}}},
		"above":      {[]string{"create role above login superuser replication createdb"}, []told{{contract.Info, "is a superuser, over a socket"}}},
		"runs":       {[]string{"create role runs login in role pg_execute_server_program"}, []told{{contract.Warning, "may act as pg_execute_server_program"}}},
		"reads":      {[]string{"create role reads login in role pg_read_all_data"}, []told{{contract.Ticket, "may act as pg_read_all_data"}}},
		"hides":      {[]string{"create role hidden superuser", "create role between in role hidden", "create role hides login noinherit in role between"}, []told{{contract.Warning, "may act as hidden"}}},
		"everybodys": {[]string{"create role everybodys login", "grant insert, select on games to public", "grant create on schema public to public"}, []told{{contract.Warning, "the right to insert, select"}, {contract.Warning, "the right to create"}}},
	} {
		t.Run(name, func(t *testing.T) {
			address := postgrestest.URL(t)
			owner, err := postgres.Open(t.Context(), address, postgres.Options{MaxConns: 2})
			require.NoError(t, err)
			defer owner.Close()
			for _, sql := range append(tc.setup, "alter role "+name+" password 'secret'") {
				apply(t, owner, sql)
			}
			findings, note, err := auditor(t, as(t, address, name), Options{}).role(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, "connected as "+name, note)
			require.Len(t, findings, len(tc.want), "%v", findings)
			for i, want := range tc.want {
				require.Equal(t, want.severity, findings[i].Severity)
				require.Contains(t, findings[i].What, want.what)
			}
		})
	}
}
