package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
)

func notifications() []Alert {
	return []Alert{
		{
			Name: "NotificationDeadLetters", Severity: contract.Warning, Component: Notifications,
			When: q.Max(q.Of(contract.DeadLetters)).Gt(q.Num(0)), For: 5 * time.Minute,
			Summary:     "{{ $value | humanize }} notifications could not be delivered",
			Description: "{{ $value | humanize }} notifications were given up after all retries: somebody was not told of something. Read them, then look at the channel.",
			Dashboard:   links.Operations,
		},
	}
}
