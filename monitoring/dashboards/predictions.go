package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func predictions() Dashboard {
	return Dashboard{
		UID: links.Predictions, Title: "Predictions and models", Range: "24h", Refresh: "1m",
		Summary: "What the models answer, how fast and how well. For whoever trains packs and for whoever activates them.",
		Rows: []Row{
			{Title: "What is served", Topic: aboutPacks, Panels: []Panel{packs(), ratingsAsOf(), ratingsAge(), activations()}},
			{Title: "Rate", Topic: aboutPredictions, Panels: []Panel{predictionRate(), predictionsWithLine()}},
			{Title: "Time", Topic: aboutPredictions, Panels: []Panel{predictionTime(), predictionSpread(), predictionRoutes()}},
			{Title: "Over the season", Topic: aboutPacks, Panels: []Panel{accuracy(), logLoss(), accuracyDrift(), logLossDrift()}},
		},
	}
}

func packs() Panel {
	return Panel{
		Title: "Pack versions", Unit: units.Short, Limits: free("it is a list"), Width: 8,
		View:    Table{Heads: map[string]string{"pack": "Pack"}},
		Tells:   "Model packs that replicas serve. Replicas follow an activation within seconds.",
		Do:      "Two packs for longer than a minute: a replica refuses the new one and logs why.",
		Queries: []Query{now("Replicas", q.Count(q.Of(contract.BuildInfo), q.By("pack")))},
	}
}

func ratingsAsOf() Panel {
	return Panel{
		Title: "Ratings as of", View: Figure{}, Unit: units.DatetimeISO, Limits: free("between seasons nothing is newer"), Alert: alertRatings,
		Tells: "Day of the last block of games that the ratings include, of the replica that is furthest behind.",
		Do:    "Older than the last finished games: see games-sync in Operations, or import the games by hand.",
		Width: 5, Height: 8,
		Queries: []Query{ask("as of", q.Min(q.Of(contract.RatingsAsOf)).Mul(q.Num(1000)))},
	}
}

func ratingsAge() Panel {
	return Panel{
		Title: "Age of ratings", View: Series{}, Unit: units.Seconds, Limits: free("it grows between seasons"), Width: 11, Alert: alertRatings,
		Tells:   "Time since the last block of games that the ratings include. In season it falls back every week.",
		Do:      "No fall within ten days in season: see games-sync in Operations.",
		Queries: []Query{ask("{{instance}}", q.Time().Sub(q.Of(contract.RatingsAsOf)))},
	}
}

func activations() Panel {
	return Panel{
		Title: "Pack activations", View: Series{Stacked: true}, Unit: units.Short, Limits: free("somebody asked for each"), Width: 24, Height: 6, Alert: alertPackRefused,
		Tells:   "Attempts to activate a pack between two points, by result. A mark shows where another pack appeared.",
		Do:      "Refused: the log says which check failed; the old pack serves on.",
		Queries: []Query{ask("{{result}}", q.Sum(q.Increase(q.Of(contract.PackActivations), q.DashboardRate), q.By("result")))},
	}
}

func predictionRate() Panel {
	return Panel{
		Title: "Predictions by model", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("load follows the games"),
		Tells:   "Predictions a second, by model. A batch counts each of its games.",
		Do:      "The ensemble is what callers get unless they ask for another: a change of the mix is theirs.",
		Queries: []Query{ask("{{model}}", q.Sum(q.Rate(q.Of(contract.Predictions), q.DashboardRate), q.By("model")))},
	}
}

func predictionsWithLine() Panel {
	made := func(m ...q.Matcher) q.Expr { return q.Sum(q.Rate(q.Of(contract.Predictions, m...), q.DashboardRate)) }
	return Panel{
		Title: "Predictions with a betting line", View: Series{}, Unit: units.PercentUnit, Limits: free("callers decide"),
		Tells:   "Share of predictions that were given a betting line. With one they are better.",
		Do:      "A fall in season: lines are no longer fetched, see games-sync in Operations.",
		Queries: []Query{ask("with a line", q.Ratio(made(q.Eq("spread", "true")), made())).until(AskedToPredict)},
	}
}

// promptly is how fast a resident model should be: far inside the target of
// its route.
func promptly() Limits { return rises(.005, contract.LatencyTarget(contract.SLOPrediction).Seconds()) }

func predictionTime() Panel {
	at := func(quantile float64) q.Expr {
		return q.Quantile(quantile, contract.PredictionDuration, q.DashboardRate, []string{"model"})
	}
	return Panel{
		Title: "Time to compute", View: Series{}, Unit: units.Seconds, Limits: promptly(), Alert: alertPredictions,
		Tells:   "Time within which half, 95 and 99 of 100 prediction requests are computed, by model. Red is the target of the whole answer.",
		Do:      "One model: compare with the pack before it. All: the processor is short, see Kubernetes.",
		Queries: []Query{ask("p50 {{model}}", at(.5)), ask("p95 {{model}}", at(.95)), ask("p99 {{model}}", at(.99))},
	}
}

func predictionSpread() Panel {
	return Panel{
		Title: "Spread of the time to compute", View: Heatmap{}, Unit: units.Seconds, Limits: free("the eye sees what a quantile hides"),
		Tells:   "How many predictions took how long. Two bands are two kinds of requests, such as single games and batches.",
		Do:      "A new band after a rollout or an activation: compare packs.",
		Queries: []Query{ask("{{le}}", q.Sum(q.Increase(q.Buckets(contract.PredictionDuration), q.DashboardRate), q.By("le")))},
	}
}

func predictionRoutes() Panel {
	var paths []string
	for _, r := range []contract.Route{contract.RoutePredict, contract.RoutePredictBatch, contract.RouteSlate} {
		paths = append(paths, r.Path)
	}
	p95 := q.Quantile(.95, contract.HTTPRequestDuration, q.DashboardRate, []string{"route"}, q.Eq("job", source.JobServe), q.OneOf("route", paths...))
	return Panel{
		Title: "Time to answer", View: Series{}, Unit: units.Seconds, Limits: slow(), Width: 24, Alert: alertLatency,
		Tells:   "Time within which 95 of 100 requests for predictions are answered, by route. The lines are the targets of single games and of reads.",
		Do:      "Far above the time to compute: the rest is spent in the database or in waiting; open Traces.",
		Queries: []Query{ask("{{route}}", p95)},
	}
}

// Of one basis, the models' cards: what a model promised when it was trained.
// The other is what it did in recent games.
var (
	promised = q.Eq("basis", "card")
	recently = q.Not("basis", "card")
)

func byModel(m contract.Metric, basis q.Matcher) q.Expr { return q.Max(q.Of(m, basis), q.By("model")) }

func accuracy() Panel {
	return Panel{
		Title: "Accuracy", View: Series{}, Unit: units.PercentUnit, Limits: falls(.65, .5), Alert: alertModelDrift,
		Tells: "Share of winners called right, in recent games and by the model's card. A coin reaches half.",
		Do:    "Upsets come in weeks; judge by a month. If the gap stays, train a pack and let the promotion gate compare.",
		Queries: []Query{
			ask("{{model}} recently", byModel(contract.ModelAccuracy, recently)),
			ask("{{model}} by its card", byModel(contract.ModelAccuracy, promised)),
		},
	}
}

func logLoss() Panel {
	return Panel{
		Title: "Log loss", View: Series{}, Unit: units.NoUnit, Limits: rises(.6, .693), Alert: alertModelDrift,
		Tells: "Mean log loss of win probabilities, in recent games and by the model's card. A coin has 0.693; less is better.",
		Do:    "Up while accuracy holds: probabilities are too sure; calibrate anew.",
		Queries: []Query{
			ask("{{model}} recently", byModel(contract.ModelLogLoss, recently)),
			ask("{{model}} by its card", byModel(contract.ModelLogLoss, promised)),
		},
	}
}

func accuracyDrift() Panel {
	return Panel{
		Title: "Drift of accuracy", View: Series{}, Unit: units.PercentUnit, Limits: falls(-.03, -.06), Alert: alertModelDrift,
		Tells:   "Accuracy in recent games less what the model's card says. Below zero it does worse than promised.",
		Do:      "Below the red line for two weeks: roll back to the pack before, or train a new one.",
		Queries: []Query{ask("{{model}}", byModel(contract.ModelAccuracy, recently).Sub(byModel(contract.ModelAccuracy, promised)))},
	}
}

func logLossDrift() Panel {
	return Panel{
		Title: "Drift of log loss", View: Series{}, Unit: units.NoUnit, Limits: rises(.015, .03), Alert: alertModelDrift,
		Tells:   "Log loss in recent games less what the model's card says. Above zero it does worse than promised.",
		Do:      "Above the red line for two weeks: roll back to the pack before, or train a new one.",
		Queries: []Query{ask("{{model}}", byModel(contract.ModelLogLoss, recently).Sub(byModel(contract.ModelLogLoss, promised)))},
	}
}
