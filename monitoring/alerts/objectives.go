package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/slo"
)

const budgetAlmostSpent = .1 // of thirty days

func objectives() []Alert {
	return []Alert{
		{
			Name: "ErrorBudgetBurnFast", Severity: contract.Critical, Component: API,
			When: slo.Burning(contract.Critical), For: 2 * time.Minute,
			Summary:     "The error budget of {{ $labels.slo }} burns fast",
			Description: "{{ $value | humanizePercentage }} of what the objective {{ $labels.slo }} counts goes wrong. At this speed the budget of 30 days is gone within days.",
			Dashboard:   links.SLO,
			Explains:    []string{"ErrorBudgetBurnSlow", "ErrorBudgetLow"}, Same: []string{slo.Label},
		},
		{
			Name: "ErrorBudgetBurnSlow", Severity: contract.Ticket, Component: API,
			When: slo.Burning(contract.Ticket), For: 15 * time.Minute,
			Summary:     "The error budget of {{ $labels.slo }} will not last",
			Description: "{{ $value | humanizePercentage }} of what the objective {{ $labels.slo }} counts goes wrong, for a day or more. At this speed the budget does not last 30 days.",
			Dashboard:   links.SLO,
		},
		{
			Name: "ErrorBudgetLow", Severity: contract.Ticket, Component: API,
			When: slo.BudgetRemaining().Of().Lt(q.Num(budgetAlmostSpent)), For: time.Hour,
			Summary:     "{{ $value | humanizePercentage }} of the error budget of {{ $labels.slo }} is left",
			Description: "Of the error budget of 30 days of {{ $labels.slo }}, {{ $value | humanizePercentage }} is left. Prefer changes that make the service steadier until it has grown again.",
			Dashboard:   links.SLO,
		},
		{
			Name: "BackupObjectiveMissed", Severity: contract.Info, Component: Jobs,
			When:        slo.ErrorRatio(contract.SLOWindow).Of(q.Eq(slo.Label, slo.BackupSuccess)).Gt(q.Num(1 - contract.MinBackupSuccess)),
			Summary:     "Not every backup of the last 30 days succeeded",
			Description: "{{ $value | humanizePercentage }} of the backups of the last 30 days failed; the objective is none. The failure itself was told by JobFailing.",
			Dashboard:   links.Operations,
		},
	}
}
