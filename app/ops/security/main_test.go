package security

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// now is when these audits happen.
func now() time.Time { return time.Date(2024, 11, 26, 12, 0, 0, 0, time.UTC) }

func still(int, int, string) {}

func auditor(t *testing.T, pool *pgxpool.Pool, o Options) *Auditor {
	t.Helper()
	o.Now = now
	if o.Database == "" {
		o.Database = database(t)
	}
	o.Executable = built(t)
	return NewAuditor(Deps{Keys: auth.NewStore(pool), Pool: pool, Metrics: prometheus.NewRegistry()}, o)
}

func statuses(r Report) map[string]Status {
	all := map[string]Status{}
	for _, c := range r.Checks {
		all[c.Name] = c.Status
	}
	return all
}

// A well-kept platform: everything is looked at and nothing is found but that
// the test's own role is a superuser of its own server.
func TestAWellKeptPlatform(t *testing.T) {
	hosts := newHosts(t)
	a := auditor(t, postgrestest.New(t), Options{TLSHosts: []string{hosts.serve(t, 90*day)}, Dialer: hosts.dialer()})
	var steps []string
	report, err := a.Audit(t.Context(), func(_, total int, what string) { require.Equal(t, 5, total); steps = append(steps, what) })
	require.NoError(t, err)
	require.Equal(t, []string{"vulnerabilities", "keys", "certificates", "database role", "accesses", "done"}, steps)
	require.Equal(t, map[string]Status{
		"vulnerabilities": Passed, "keys": Passed, "certificates": Passed, "database role": Found, "accesses": NotSet,
	}, statuses(report))
	require.Len(t, report.Findings, 1)
	require.Equal(t, contract.Info, report.Findings[0].Severity)
	require.Equal(t, []Issue{{contract.Info, report.Findings[0].String()}}, report.Issues)
}

// What cannot be reached is said, and is no finding.
func TestWhatCannotBeLookedAt(t *testing.T) {
	pool := postgrestest.New(t)
	a := auditor(t, pool, Options{Database: "file:///no/such/database"})
	report, err := a.Audit(t.Context(), still)
	require.NoError(t, err, "an audit offline is none that failed")
	require.Equal(t, Unavailable, statuses(report)["vulnerabilities"])
	require.Contains(t, report.Checks[0].Note, "was not compared with the vulnerability database")
	require.Equal(t, NotSet, statuses(report)["certificates"])
	require.Len(t, report.Issues, 2, "and the role")
	require.Contains(t, report.Issues[0].Text, "vulnerabilities could not be looked at")

	pool.Close()
	report, err = a.Audit(t.Context(), still)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, Unavailable, statuses(report)["keys"])
	require.Equal(t, Unavailable, statuses(report)["database role"])
	require.Len(t, report.Checks, 5, "the rest is looked at")
}

// The urgent stands first.
func TestFindingsAreSorted(t *testing.T) {
	pool := postgrestest.New(t)
	hosts := newHosts(t)
	makeKey(t, pool, "old", contract.ReadOnly, 200, 1)
	a := auditor(t, pool, Options{TLSHosts: []string{hosts.serve(t, 20*day), hosts.serve(t, 3*day)}, Dialer: hosts.dialer()})
	report, err := a.Work(t.Context(), &jobs.Run{Job: contract.JobSecurityAudit})
	require.NoError(t, err)
	var severities []contract.Severity
	for _, f := range report.(Report).Findings {
		severities = append(severities, f.Severity)
		require.NotEmpty(t, f.Check)
		require.NotEmpty(t, f.Do)
	}
	require.Equal(t, []contract.Severity{contract.Critical, contract.Warning, contract.Ticket, contract.Info}, severities)
	require.Len(t, report.(Report).Issues, 4)
}

func TestAnAuditIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := auditor(t, postgrestest.New(t), Options{})
	_, err := a.Audit(ctx, func(done, _ int, _ string) {
		if done == 1 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "given up at the keys")
}
