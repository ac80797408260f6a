package alerts_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/app/contract"
)

func jobStories() map[string][]story {
	all := map[string][]story{
		"JobMetricsMissing": {
			{
				about: "jobs are known but one, which comes late",
				given: merged(lastSuccesses(contract.Jobs()[1:]), series{lastSuccess(contract.Jobs()[0]): "_x59 0x20"}),
				quiet: []time.Duration{minutes(20)},
				told: []told{{
					at: minutes(40), summary: "Nobody tells of some scheduled jobs",
					description: "12 of 13 scheduled jobs report their last success. The others may not run and no other alert would say so; look at the workers.",
				}},
				then: minutes(65),
			},
			{
				about: "no worker was ever started",
				given: series{`up{job="script-ohio"}`: "1x60"},
				told: []told{{
					at: minutes(40), summary: "Nobody tells of some scheduled jobs",
					description: "0 of 13 scheduled jobs report their last success. The others may not run and no other alert would say so; look at the workers.",
				}},
			},
		},
		"JobsStuck": {
			{
				about: "the backup worker is gone for two hours; two workers tell of the same queue",
				given: series{
					`script_ohio_jobs_queued{pod="a",queue="backup",state="available"}`:  "0x10 2x120 0x20",
					`script_ohio_jobs_queued{pod="b",queue="backup",state="available"}`:  "0x10 2x120 0x20",
					`script_ohio_jobs_queued{pod="a",queue="default",state="available"}`: "0 3 0 5 0x140",
				},
				quiet: []time.Duration{minutes(5), minutes(60)},
				told: []told{{
					at: minutes(90), labels: labels{"queue": "backup"}, summary: "Jobs wait in the queue backup",
					description: "The queue backup has not been empty for an hour; 2 jobs or more wait. Look whether its worker runs and what it is busy with.",
				}},
				then: minutes(140),
			},
		},
		"BackupPartial": {
			{
				about: "the second day's backup is a quarter of the first's, the third is whole again; logs come and go", step: minutes(5),
				given: series{
					`script_ohio_backup_size_bytes{component="logs"}`:     "900x300 10x300 _x300",
					`script_ohio_backup_size_bytes{component="database"}`: "1000x576 250x288 1000x100",
					`script_ohio_backup_size_bytes{component="models"}`:   "500x1000",
				},
				quiet: []time.Duration{24 * hour, 47 * hour},
				told: []told{{
					at: 60 * hour, labels: labels{"component_name": "database"}, summary: "The backup lacks database, in whole or in part",
					description: "The newest backup of database is missing, or less than half of its size in the last week. Verify it before the older ones are deleted.",
				}},
				then: 76 * hour,
			},
			{
				about: "the models are no longer in the backup", step: minutes(5),
				given: series{
					`script_ohio_backup_size_bytes{component="database"}`: "1000x1000",
					`script_ohio_backup_size_bytes{component="models"}`:   "500x200 _x800",
				},
				quiet: []time.Duration{40 * hour},
				told: []told{{
					at: 50 * hour, labels: labels{"component_name": "models"}, summary: "The backup lacks models, in whole or in part",
					description: "The newest backup of models is missing, or less than half of its size in the last week. Verify it before the older ones are deleted.",
				}},
			},
		},
		"JobFailing": {
			{
				about: "a run ends with its success",
				given: merged(ended("database-backup", "succeeded", "0x10 1x60"), ended("database-backup", "failed", "0x70")),
				quiet: []time.Duration{minutes(30), minutes(60)},
			},
			{
				about: "a run fails and the next one succeeds",
				given: merged(ended("games-sync", "succeeded", "0x30 1x60"), ended("games-sync", "failed", "0x10 1x80")),
				quiet: []time.Duration{minutes(5), minutes(50)},
			},
		},
	}
	for task, severity := range map[string]contract.Severity{
		contract.JobDatabaseBackup.Name: contract.Critical, contract.JobGamesSync.Name: contract.Warning, contract.JobCacheCleanup.Name: contract.Ticket,
	} {
		all["JobFailing"] = append(all["JobFailing"], story{
			about: task + " runs out of time; six hours later it is left to the dead man's switch",
			given: merged(ended(task, "succeeded", "0x500"), ended(task, "timed_out", "0x10 1x490")),
			quiet: []time.Duration{minutes(10)},
			told: []told{{
				at: minutes(20), severity: severity, labels: labels{"task": task},
				summary:     "The job " + task + " failed",
				description: task + " has failed or run out of time within six hours, after all its retries, and has not succeeded since. Its last run tells why.",
			}},
			then: minutes(400),
		})
	}
	for _, j := range contract.Jobs() {
		name, s := overdueStory(j)
		all[name] = append(all[name], s)
	}
	return all
}

// overdueStory lets a job be silent for longer than its dead man's switch and
// then succeed.
func overdueStory(j contract.Job) (alert string, s story) {
	const step = 30 * time.Minute
	last := j.DeadMan().Truncate(step)
	silent := last + 2*step
	back := silent + step
	alert, summary := "JobOverdue", "The job "+j.Name+" has not succeeded for "+humanized(silent)
	switch j.Name {
	case contract.JobDatabaseBackup.Name:
		alert, summary = "BackupTooOld", "The last backup is "+humanized(silent)+" old"
	case contract.JobRestoreDrill.Name:
		alert, summary = "RestoreDrillOverdue", "No backup has been restored for "+humanized(silent)
	}
	return alert, story{
		about: j.Name + " has not succeeded for longer than it may", step: step,
		given: series{lastSuccess(j): fmt.Sprintf("0x%d %dx10", silent/step, int(back.Seconds()))},
		quiet: []time.Duration{hour, last},
		told: []told{{
			at: silent, severity: j.Severity, labels: labels{"task": j.Name}, summary: summary,
			description: fmt.Sprintf("%s: last done %s ago, and due every %s. Look whether its worker runs and what its last run says.", j.Summary, humanized(silent), model.Duration(j.Run.Every)),
		}},
		then: back + step,
	}
}

// humanized writes a duration of whole minutes as Prometheus does.
func humanized(d time.Duration) string {
	var b strings.Builder
	if d >= day {
		fmt.Fprintf(&b, "%dd ", d/day)
	}
	if d >= hour {
		fmt.Fprintf(&b, "%dh ", d%day/hour)
	}
	fmt.Fprintf(&b, "%dm 0s", d%hour/time.Minute)
	return b.String()
}

func lastSuccess(j contract.Job) string {
	return fmt.Sprintf(`script_ohio_job_last_success_timestamp_seconds{job="script-ohio-worker",pod="a",task=%q}`, j.Name)
}

func lastSuccesses(jobs []contract.Job) series {
	all := series{}
	for _, j := range jobs {
		all[lastSuccess(j)] = "0x80"
	}
	return all
}

func ended(task, result, values string) series {
	return series{fmt.Sprintf(`script_ohio_job_runs_total{job="script-ohio-worker",pod="a",task=%q,result=%q}`, task, result): values}
}

func merged(parts ...series) series {
	all := series{}
	for _, p := range parts {
		for k, v := range p {
			all[k] = v
		}
	}
	return all
}

func modelStories() map[string][]story {
	loss := func(model, basis, values string) series {
		return series{fmt.Sprintf(`script_ohio_model_log_loss{model=%q,basis=%q}`, model, basis): values}
	}
	return map[string][]story{
		"ModelDrift": {{
			about: "one model loses what its card promises, another keeps it",
			given: merged(
				loss("gbt", "recent", "0.5x9 0.625x120 0.5x20"), loss("gbt", "card", "0.5x150"),
				loss("ridge", "recent", "0.52x150"), loss("ridge", "card", "0.5x150")),
			quiet: []time.Duration{minutes(9), minutes(60)},
			told: []told{{
				at: minutes(80), labels: labels{"model": "gbt"}, summary: "The model gbt predicts worse than its card",
				description: "On recent games the log loss of gbt is 0.125 above what its card promises; 0.03 is the limit. Look at the data of the last weeks, then train anew.",
			}},
			then: minutes(140),
		}},
		// Time begins in January; the day before is out of season.
		"RatingsStale": {
			{
				about: "no games are rated from January on: it matters in September", step: day,
				given: series{`script_ohio_ratings_as_of_timestamp_seconds{pod="a"}`: "0x244 20995200x5"},
				quiet: []time.Duration{20 * day, 242 * day},
				told: []told{{
					at: 244 * day, summary: "Ratings are 244d 0h 0m 0s old in season",
					description: "The last games that the ratings include were played 244d 0h 0m 0s ago. Predictions ignore what happened since; look at the job games-sync.",
				}},
				then: 246 * day,
			},
		},
		"ModelPackRefused": {{
			about: "a damaged pack is tried twice",
			given: series{`script_ohio_pack_activations_total{result="refused",pod="a"}`: "0x9 1x9 2x100", `script_ohio_pack_activations_total{result="activated",pod="a"}`: "0x60 1x60"},
			quiet: []time.Duration{minutes(9)},
			told: []told{{
				at: minutes(60), summary: "A model pack was refused",
				description: "A replica refused to activate a model pack 2 times within an hour and serves the one before. Its log says which check failed.",
			}},
			then: minutes(85),
		}},
		"CFBDFailing": {{
			about: "the key is revoked", step: minutes(5),
			given: series{
				`script_ohio_cfbd_requests_total{result="fetched"}`:   "0+1x40 40x120 40+1x100",
				`script_ohio_cfbd_requests_total{result="unchanged"}`: "0+2x40 80x120 80+2x100",
				`script_ohio_cfbd_requests_total{result="failed"}`:    "0x40 0+3x120 360x100",
			},
			quiet: []time.Duration{3 * hour, 5 * hour},
			told: []told{{
				at: 12 * hour, summary: "100% of requests for games fail",
				description: "100% of the requests to the College Football Data API failed or were refused within six hours. Games and lines go stale; look at the key, the budget and the provider's status.",
			}},
			then: 20 * hour,
		}},
		"CFBDBudgetLow": {{
			about: "requests run out before the month does",
			given: series{`script_ohio_cfbd_budget_remaining{pod="a"}`: "120x9 80x30 1000x10", `script_ohio_cfbd_budget_remaining{pod="b"}`: "120x50"},
			quiet: []time.Duration{minutes(5), minutes(20)},
			told: []told{{
				at: minutes(30), summary: "80 requests for games are left this month",
				description: "80 requests to the College Football Data API are left until the month ends, less than a tenth. Then games and lines are no longer fetched.",
			}},
			then: minutes(45),
		}},
		"NotificationDeadLetters": {{
			about: "Slack refuses two messages, which are sent again by hand",
			given: series{`script_ohio_notification_dead_letters{pod="a"}`: "0x9 2x20 0x10"},
			quiet: []time.Duration{minutes(9), minutes(13)},
			told: []told{{
				at: minutes(20), summary: "2 notifications could not be delivered",
				description: "2 notifications were given up after all retries: somebody was not told of something. Read them, then look at the channel.",
			}},
			then: minutes(35),
		}},
	}
}
