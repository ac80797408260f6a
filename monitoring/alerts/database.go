package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	poolAlmostEmpty  = .9               // of the connections of a replica
	lagLimit         = 30 * time.Second // of a replica of the database
	longTransaction  = time.Hour        // longer than a backup may take
	deadlockLimit    = 3                // in an hour
	wraparoundLimit  = 1e9              // transactions; the database stops at 2 billion
	transactionTypes = "active|idle in transaction.*"
)

func database() []Alert {
	acquired := q.Sum(q.Of(contract.DatabaseConnections, q.Eq("state", "acquired")), q.By("job", "pod"))
	lag := q.Max(q.Of(source.PgReplicationLag).And(q.Of(source.PgIsReplica).Eq(q.Num(1))), q.By("instance"))
	return []Alert{
		{
			Name: "PostgresDown", Severity: contract.Critical, Component: Database,
			When: q.Max(q.Of(source.PgUp), q.By("instance")).Eq(q.Num(0)), For: time.Minute,
			Summary:     "PostgreSQL behind {{ $labels.instance }} cannot be reached",
			Description: "The exporter {{ $labels.instance }} has not reached PostgreSQL for a minute. Predictions go on; games, new keys and jobs do not.",
			Dashboard:   links.PostgreSQL,
			Explains:    []string{"DatabasePoolExhausted", "JobMetricsMissing"},
		},
		{
			Name: "DatabaseConnectionsHigh", Severity: contract.Warning, Component: Database,
			When: rules.DatabaseConnectionsRatio.Of().Gt(q.Num(contract.ConnectionsWarning)), For: 5 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of the connections to PostgreSQL are taken",
			Description: "{{ $value | humanizePercentage }} of the sessions that PostgreSQL ({{ $labels.instance }}) takes are in use. At 100% new replicas and jobs are refused; look at who holds them.",
			Dashboard:   links.PostgreSQL,
		},
		{
			Name: "DatabasePoolExhausted", Severity: contract.Warning, Component: Database,
			When: acquired.Div(q.Sum(q.Of(contract.DatabaseConnectionsMax), q.By("job", "pod"))).Gt(q.Num(poolAlmostEmpty)), For: 5 * time.Minute,
			Summary:     "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its database connections",
			Description: "{{ $labels.pod }} ({{ $labels.job }}) holds {{ $value | humanizePercentage }} of the connections of its pool; requests wait for one. Look for slow queries.",
			Dashboard:   links.PostgreSQL,
		},
		{
			Name: "ReplicationLag", Severity: contract.Warning, Component: Database,
			When: lag.Gt(q.Seconds(lagLimit)), For: 5 * time.Minute,
			Summary:     "A replica of PostgreSQL is {{ $value | humanizeDuration }} behind",
			Description: "The replica {{ $labels.instance }} is {{ $value | humanizeDuration }} behind its primary. Reads from it are stale, and a failover would lose what it lacks.",
			Dashboard:   links.PostgreSQL,
		},
		{
			Name: "DatabaseTransactionLong", Severity: contract.Ticket, Component: Database,
			When: q.Max(q.Of(source.PgActivityMaxTx, q.Match("state", transactionTypes)), q.By("instance", "datname", "usename", "application_name")).
				Gt(q.Seconds(longTransaction)), For: 5 * time.Minute,
			Summary:     "A transaction has been open for {{ $value | humanizeDuration }}",
			Description: "{{ $labels.application_name }} ({{ $labels.usename }}) has kept a transaction in {{ $labels.datname }} open for {{ $value | humanizeDuration }}. Dead rows cannot be removed meanwhile.",
			Dashboard:   links.PostgreSQL,
		},
		{
			Name: "DatabaseDeadlocks", Severity: contract.Ticket, Component: Database,
			When:        q.Sum(q.Increase(q.Of(source.PgDeadlocks), q.Over(time.Hour)), q.By("instance", "datname")).Gt(q.Num(deadlockLimit)),
			Summary:     "Deadlocks in {{ $labels.datname }}",
			Description: "PostgreSQL broke {{ $value | humanize }} deadlocks in {{ $labels.datname }} within an hour, each by failing a statement. Its log names the statements.",
			Dashboard:   links.PostgreSQL,
		},
		{
			Name: "DatabaseWraparound", Severity: contract.Warning, Component: Database,
			When: q.Max(q.Of(source.PgWraparoundAge), q.By("instance", "datname")).Gt(q.Num(wraparoundLimit)), For: time.Hour,
			Summary:     "Transaction IDs of {{ $labels.datname }} run out",
			Description: "The oldest row of {{ $labels.datname }} that is not frozen is {{ $value | humanize }} transactions old; at 2 billion PostgreSQL stops writing. Find what keeps vacuum from freezing.",
			Dashboard:   links.PostgreSQL,
		},
	}
}
