package alerts

import (
	"strconv"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
)

const (
	driftLimit    = .03 // log loss above that of the model's card
	ratingsLimit  = 10 * day
	budgetLeft    = .1 // of a month's requests to the API of games
	seasonBegins  = 9  // September: by then the first games have been rated
	seasonEnds    = 12
	fetchFailures = .5 // of requests
)

func models() []Alert {
	loss := func(m q.Matcher) q.Expr { return q.Max(q.Of(contract.ModelLogLoss, m), q.By("model")) }
	season := q.Month().Ge(q.Num(seasonBegins)).And(q.Month().Le(q.Num(seasonEnds)))
	fetches := func(m ...q.Matcher) q.Expr {
		return q.Sum(q.Increase(q.Of(contract.CFBDRequests, m...), q.Over(6*time.Hour)))
	}
	return []Alert{
		{
			Name: "ModelDrift", Severity: contract.Warning, Component: Models,
			When: loss(q.Not("basis", "card")).Sub(loss(q.Eq("basis", "card"))).Gt(q.Num(driftLimit)), For: time.Hour,
			Summary:     "The model {{ $labels.model }} predicts worse than its card",
			Description: "On recent games the log loss of {{ $labels.model }} is {{ printf \"%.3f\" $value }} above what its card promises; 0.03 is the limit. Look at the data of the last weeks, then train anew.",
			Dashboard:   links.Predictions,
		},
		{
			Name: "RatingsStale", Severity: contract.Warning, Component: Models,
			When: q.Time().Sub(q.Max(q.Of(contract.RatingsAsOf))).Gt(q.Seconds(ratingsLimit)).And(season), For: time.Hour,
			Summary:     "Ratings are {{ $value | humanizeDuration }} old in season",
			Description: "The last games that the ratings include were played {{ $value | humanizeDuration }} ago. Predictions ignore what happened since; look at the job games-sync.",
			Dashboard:   links.Predictions,
		},
		{
			Name: "ModelPackRefused", Severity: contract.Warning, Component: Models,
			When:        q.Sum(q.Increase(q.Of(contract.PackActivations, q.Eq("result", "refused")), q.Over(time.Hour))).Gt(q.Num(0)),
			Summary:     "A model pack was refused",
			Description: "A replica refused to activate a model pack {{ $value | humanize }} times within an hour and serves the one before. Its log says which check failed.",
			Dashboard:   links.Predictions,
		},
		{
			Name: "CFBDFailing", Severity: contract.Warning, Component: Models,
			When: q.Ratio(fetches(q.OneOf("result", "failed", "refused")), fetches()).Gt(q.Num(fetchFailures)), For: 30 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of requests for games fail",
			Description: "{{ $value | humanizePercentage }} of the requests to the College Football Data API failed or were refused within six hours. Games and lines go stale; look at the key, the budget and the provider's status.",
			Dashboard:   links.Operations,
		},
		{
			Name: "CFBDBudgetLow", Severity: contract.Ticket, Component: Models,
			When: q.Min(q.Of(contract.CFBDBudget)).Lt(q.Num(budgetLeft * monthlyBudget())), For: 15 * time.Minute,
			Summary:     "{{ $value | humanize }} requests for games are left this month",
			Description: "{{ $value | humanize }} requests to the College Football Data API are left until the month ends, less than a tenth. Then games and lines are no longer fetched.",
			Dashboard:   links.Operations,
		},
	}
}

// monthlyBudget is the budget of requests unless it is configured otherwise.
func monthlyBudget() float64 {
	for _, v := range contract.Variables() {
		if v.Field == "CFBDMonthlyBudget" {
			if n, err := strconv.ParseFloat(v.Default, 64); err == nil {
				return n
			}
		}
	}
	panic("alerts: the contract has no default for the budget of requests to the College Football Data API")
}
