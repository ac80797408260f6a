package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func backupAge() Panel {
	return Panel{
		Title: "Last backup, ago", View: Figure{}, Unit: units.DurationSeconds, Width: 6, Alert: alertBackupOld,
		Limits:  rises((contract.Daily.Every + contract.JobDatabaseBackup.Timeout).Seconds(), contract.JobDatabaseBackup.DeadMan().Seconds()),
		Tells:   "Time since a backup of the database succeeded.",
		Do:      "Orange: a run was missed. Red: take one by hand now, then find out why.",
		Queries: []Query{ask("ago", sinceSuccess(q.Eq("task", contract.JobDatabaseBackup.Name)))},
	}
}

func backupSize() Panel {
	return Panel{
		Title: "Newest backup", View: Figure{}, Unit: units.BytesIEC, Limits: free("the database grows"), Width: 6, Alert: alertBackupPartial,
		Tells:   "Stored size of the newest complete backup.",
		Do:      "Far smaller than yesterday: compare tables with the manifest before the old ones are deleted.",
		Queries: []Query{ask("size", q.Sum(q.Max(q.Of(contract.BackupSize), q.By("component"))))},
	}
}

func drill(objective string) q.Expr {
	return q.Max(q.Of(contract.DrillRecovery, q.Eq("objective", objective)))
}

func drillTime() Panel {
	return Panel{
		Title: "Time to restore", View: Figure{}, Unit: units.DurationSeconds, Width: 6, Alert: alertDrill,
		Limits:  rises(contract.JobRestoreDrill.Timeout.Seconds()/2, contract.JobRestoreDrill.Timeout.Seconds()),
		Tells:   "How long the newest drill took to restore a backup: what a real restore takes at least.",
		Do:      "Near half an hour: the drill soon times out; restore with more parallel jobs.",
		Queries: []Query{ask("time", drill("time"))},
	}
}

func drillPoint() Panel {
	return Panel{
		Title: "Data that would be lost", View: Figure{}, Unit: units.DurationSeconds, Width: 6, Alert: alertDrill,
		Limits:  rises((contract.Daily.Every + contract.JobDatabaseBackup.Timeout).Seconds(), contract.JobDatabaseBackup.DeadMan().Seconds()),
		Tells:   "How old the data was that the newest drill got back: what a restore from backups would lose.",
		Do:      "More than a day: backups are late, see the age of the last one.",
		Queries: []Query{ask("point", drill("point"))},
	}
}

func backupSizes() Panel {
	return Panel{
		Title: "Size of backups", View: Series{Stacked: true}, Unit: units.BytesIEC, Limits: free("the database grows"), Width: 24, Height: 6, Alert: alertBackupPartial,
		Tells:   "Stored size of the newest complete backup, by component, over time.",
		Do:      "A step down: something is no longer saved. A step up: see rows in PostgreSQL.",
		Queries: []Query{ask("{{component}}", q.Max(q.Of(contract.BackupSize), q.By("component")))},
	}
}

func deadLetters() Panel {
	return Panel{
		Title: "Dead letters", View: Figure{}, Unit: units.Short, Limits: atMost(1), Height: 8, Alert: alertDeadLetters,
		Tells:   "Notifications that could not be delivered and wait for a person.",
		Do:      "Mend the channel, then send them again or drop them.",
		Queries: []Query{ask("waiting", q.Max(q.Of(contract.DeadLetters)))},
	}
}

func notifications() Panel {
	return Panel{
		Title: "Notifications", View: Series{Stacked: true}, Unit: units.Short, Limits: free("events decide"), Width: 10,
		Tells:   "Notifications between two points, by channel and result.",
		Do:      "Retried for long: the channel is away. Many digested: somebody should look at what makes them.",
		Queries: []Query{ask("{{channel}} {{result}}", q.Sum(q.Increase(q.Of(contract.Notifications), q.DashboardRate), q.By("channel", "result")))},
	}
}

func alertsReceived() Panel {
	return Panel{
		Title: "Alerts received", View: Series{Stacked: true}, Unit: units.Short, Limits: free("trouble decides"), Width: 10,
		Tells:   "Alerts that Alertmanager has told the app of, between two points, by status. They become incidents.",
		Do:      "None while alerts fire: Alertmanager does not reach the app, or presents another token.",
		Queries: []Query{ask("{{status}}", q.Sum(q.Increase(q.Of(contract.AlertsReceived), q.DashboardRate), q.By("status")))},
	}
}

func cfbdBudget() Panel {
	const monthly = 1000 // unless CFBD_MONTHLY_BUDGET says otherwise
	return Panel{
		Title: "Requests left", View: Figure{}, Unit: units.Short, Limits: falls(.25*monthly, .1*monthly), Height: 8, Alert: alertCFBDBudget,
		Tells:   "Requests to the College Football Data API that are left this month.",
		Do:      "Orange before the last week: find out what asks so often. At zero, games stay as they are until the month ends.",
		Queries: []Query{ask("left", q.Min(q.Of(contract.CFBDBudget)))},
	}
}

func cfbdRequests() Panel {
	return Panel{
		Title: "Requests", View: Series{Stacked: true}, Unit: units.Short, Limits: free("games decide"), Width: 20, Alert: alertCFBDFailing,
		Tells:   "Requests to the College Football Data API between two points, by result.",
		Do:      "Failed: the API is away, the breaker opens by itself. Refused: no budget, or the breaker is open. Few unchanged: stored answers are lost.",
		Queries: []Query{ask("{{result}}", q.Sum(q.Increase(q.Of(contract.CFBDRequests), q.DashboardRate), q.By("result")))},
	}
}

func alertmanagerFailures() Panel {
	by := []string{"integration"}
	return Panel{
		Title: "Alertmanager's own deliveries that fail", View: Series{}, Unit: units.PercentUnit, Limits: atMost(.01), Width: 24, Height: 6, Alert: alertUndelivered,
		Tells: "Share of what Alertmanager sends that does not arrive, by integration.",
		Do:    "Its log names the answer of the other side: a token that ended, or an address that moved.",
		Queries: []Query{ask("{{integration}}", q.Ratio(
			perSecond(q.Of(source.AlertmanagerNotificationsFailed), by...), perSecond(q.Of(source.AlertmanagerNotifications), by...))).until(Delivered)},
	}
}
