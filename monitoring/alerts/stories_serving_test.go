package alerts_test

import (
	"maps"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// stories tells for every alert when it fires and when it does not.
func stories() map[string][]story {
	all := map[string][]story{}
	for _, part := range []map[string][]story{
		servingStories(), objectiveStories(), edgeStories(), databaseStories(), cacheStories(),
		jobStories(), modelStories(), workloadStories(), nodeStories(), targetStories(), monitoringStories(),
	} {
		maps.Copy(all, part)
	}
	return all
}

func servingStories() map[string][]story {
	return map[string][]story{
		"ServiceDown": {
			{
				about: "both replicas stop at ten minutes and are back at twenty",
				given: series{
					`up{job="script-ohio",pod="a"}`: "1x9 0x9 1x10",
					`up{job="script-ohio",pod="b"}`: "1x9 0x9 1x10",
				},
				quiet: []time.Duration{minutes(5), minutes(10)},
				told: []told{{
					at: minutes(11), summary: "No replica of the API answers",
					description: "None of the replicas of script-ohio has answered Prometheus for a minute. Nobody gets predictions.",
				}},
				then: minutes(21),
			},
			{about: "one of two replicas stops", given: series{`up{job="script-ohio",pod="a"}`: "1x20", `up{job="script-ohio",pod="b"}`: "0x20"}, quiet: []time.Duration{minutes(15)}},
			{
				about: "Prometheus finds no replica at all",
				given: series{`up{job="postgres"}`: "1x20"},
				told: []told{{
					at: minutes(5), summary: "No replica of the API answers",
					description: "None of the replicas of script-ohio has answered Prometheus for a minute. Nobody gets predictions.",
				}},
			},
		},
		"HighErrorRate": {
			{
				about: "one request in ten fails from the start until twenty minutes",
				given: series{
					`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: "0+540x40",
					`http_requests_total{job="script-ohio",route="/v1/games",status="500"}`: "0+60x20 1200x20",
				},
				quiet: []time.Duration{minutes(5)},
				told: []told{{
					at: minutes(15), summary: "10% of requests fail",
					description: "The API answers 10% of requests with a 5xx; more than 5% for five minutes is an outage for some. Look at which routes fail and since which release.",
				}},
				then: minutes(30),
			},
			{
				about: "two requests at night fail, of a few",
				given: series{
					`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: "0x10 1x5 2x20",
					`http_requests_total{job="script-ohio",route="/v1/games",status="500"}`: "0x12 1x3 2x20",
				},
				quiet: []time.Duration{minutes(14), minutes(19), minutes(21)},
			},
			{
				about: "readiness is refused, which is its purpose",
				given: series{
					`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: "0+60x30",
					`http_requests_total{job="script-ohio",route="/ready",status="503"}`:    "0+60x30",
				},
				quiet: []time.Duration{minutes(15), minutes(25)},
			},
		},
		"HighResponseTime": {
			{
				about: "every answer takes between two and five seconds until twenty minutes, then little time",
				given: series{
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="0.1"}`:  "0x20 0+60x20",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="2"}`:    "0x20 0+60x20",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="5"}`:    "0+60x40",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="+Inf"}`: "0+60x40",
				},
				quiet: []time.Duration{minutes(4)},
				told: []told{{
					at: minutes(15), summary: "Answers take 4.85s at the 95th percentile",
					description: "One request in twenty takes longer than 4.85s; two seconds are the most that users should wait. Look at the database, its pool and the slowest routes.",
				}},
				then: minutes(27),
			},
		},
		"SlowPredictions": {
			{
				about: "predictions take half a second until thirty minutes, other routes are quick",
				given: series{
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/predictions",le="0.3"}`:  "0x30 0+60x20",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/predictions",le="0.5"}`:  "0+60x50",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/predictions",le="+Inf"}`: "0+60x50",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="0.1"}`:        "0+9000x50",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/games",le="+Inf"}`:       "0+9000x50",
				},
				quiet: []time.Duration{minutes(9)},
				told: []told{{
					at: minutes(20), labels: labels{"route": "/v1/predictions"}, summary: "Predictions take 490ms at the 95th percentile",
					description: "One request in twenty to /v1/predictions takes longer than 490ms, where 300 ms is the aim. Models are resident, so look at processor time first.",
				}},
				then: minutes(37),
			},
		},
		"ErrorRateAboveObjective": {
			{
				about: "two requests in a hundred fail for two hours",
				given: series{
					`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: "0+588x300",
					`http_requests_total{job="script-ohio",route="/v1/games",status="502"}`: "0+12x120 1440x180",
				},
				quiet: []time.Duration{minutes(10)},
				told: []told{{
					at: minutes(90), summary: "2% of requests failed in the last hour",
					description: "Over an hour 2% of requests were answered with a 5xx; the objective is less than 1%.",
				}},
				then: minutes(200),
			},
			{
				about: "one in two hundred fails",
				given: series{
					`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: "0+597x120",
					`http_requests_total{job="script-ohio",route="/v1/games",status="502"}`: "0+3x120",
				},
				quiet: []time.Duration{minutes(100)},
			},
		},
		"ReadinessFlapping": {
			{
				about: "a replica goes off and on for fifteen minutes, another once",
				given: series{
					`kube_pod_status_ready{namespace="script-ohio",pod="a",condition="true"}`: "1 1 0 1 0 1 0 1 0 1 1x60",
					`kube_pod_status_ready{namespace="script-ohio",pod="b",condition="true"}`: "1x10 0 1x60",
				},
				quiet: []time.Duration{minutes(3)},
				told: []told{{
					at: minutes(12), labels: labels{"namespace": "script-ohio", "pod": "a"}, summary: "a goes in and out of service",
					description: "Readiness of a changed 8 times in 15 minutes. Callers see connections break; look at its logs around the changes.",
				}},
				then: minutes(45),
			},
		},
		"RateLimitInMemory": {
			{
				about: "Redis is away between ten and thirty minutes",
				given: series{
					`script_ohio_rate_limit_decisions_total{class="browse",result="allowed",backend="redis"}`:  "0+60x10 600x20 600+60x20",
					`script_ohio_rate_limit_decisions_total{class="browse",result="allowed",backend="memory"}`: "0x10 0+60x20 1200x20",
				},
				quiet: []time.Duration{minutes(9), minutes(15)},
				told: []told{{
					at: minutes(25), summary: "Rate limits are kept by each replica alone",
					description: "Rate limits fell back to the memory of each replica, 1 decisions a second. A caller gets its budget once from every replica; look at Redis.",
				}},
				then: minutes(40),
			},
		},
	}
}

func objectiveStories() map[string][]story {
	requests := func(good, bad string) series {
		return series{
			`http_requests_total{job="script-ohio",route="/v1/games",status="200"}`: good,
			`http_requests_total{job="script-ohio",route="/v1/games",status="500"}`: bad,
		}
	}
	return map[string][]story{
		"ErrorBudgetBurnFast": {
			{
				about: "two in a hundred fail for an hour: the budget of availability burns twenty times too fast, that of the error rate does not",
				given: requests("0+588x150", "0+12x60 720x90"),
				quiet: []time.Duration{0, minutes(1)},
				told: []told{{
					at: minutes(50), severity: contract.Critical, labels: labels{"slo": "availability"},
					summary:     "The error budget of availability burns fast",
					description: "2% of what the objective availability counts goes wrong. At this speed the budget of 30 days is gone within days.",
				}},
				then: minutes(95),
			},
			{
				about: "slow predictions burn the budget of latency",
				given: series{
					`http_request_duration_seconds_count{job="script-ohio",route="/v1/predictions"}`:           "0+100x90",
					`http_request_duration_seconds_bucket{job="script-ohio",route="/v1/predictions",le="0.3"}`: "0+75x90",
				},
				told: []told{{
					at: minutes(70), severity: contract.Critical, labels: labels{"slo": "latency-prediction"},
					summary:     "The error budget of latency-prediction burns fast",
					description: "25% of what the objective latency-prediction counts goes wrong. At this speed the budget of 30 days is gone within days.",
				}},
			},
			{
				about: "one request of twenty fails at night",
				given: requests("0x5 0+1x19 20x60", "0x20 1x70"),
				quiet: []time.Duration{minutes(22), minutes(25), minutes(60)},
			},
			{
				about: "a burst that is over: the long windows remember it, the short ones do not",
				given: requests("0+600x60", "0+600x3 1800x57"),
				quiet: []time.Duration{minutes(40), minutes(55)},
			},
			{
				about: "the budget of thirty days is spent as fast as it grows",
				given: requests("0+999x120", "0+1x120"),
				quiet: []time.Duration{minutes(70), minutes(110)},
			},
		},
		"ErrorBudgetBurnSlow": {
			{
				about: "four in a thousand fail for a day and a half", step: minutes(30),
				given: requests("0+9960x120", "0+40x72 2880x48"),
				quiet: []time.Duration{0},
				told: []told{{
					at: 30 * hour, severity: contract.Ticket, labels: labels{"slo": "availability"},
					summary:     "The error budget of availability will not last",
					description: "0.4% of what the objective availability counts goes wrong, for a day or more. At this speed the budget does not last 30 days.",
				}},
				then: 46 * hour,
			},
			{about: "one in two thousand fails", step: minutes(30), given: requests("0+19990x70", "0+10x70"), quiet: []time.Duration{20 * hour, 30 * hour}},
		},
		"ErrorBudgetLow": {
			{
				about: "nineteen in twenty thousand fail, then fewer", step: minutes(5),
				given: requests("0+19981x100 2018081+60000x100", "0+19x100 1900x100"),
				quiet: []time.Duration{minutes(30)},
				told: []told{{
					at: 5 * hour, severity: contract.Ticket, labels: labels{"slo": "availability"},
					summary:     "5% of the error budget of availability is left",
					description: "Of the error budget of 30 days of availability, 5% is left. Prefer changes that make the service steadier until it has grown again.",
				}},
				then: 14 * hour,
			},
		},
		"BackupObjectiveMissed": {
			{
				about: "one of four backups fails; a month later it is forgotten", step: 2 * hour,
				given: series{
					`script_ohio_job_runs_total{task="database-backup",result="succeeded"}`: "0x1 1x1 2x1 3x350 4x50",
					`script_ohio_job_runs_total{task="database-backup",result="failed"}`:    "0x2 1x400",
				},
				quiet: []time.Duration{4 * hour},
				told: []told{{
					at: 12 * hour, severity: contract.Info, labels: labels{"slo": "backup-success"},
					summary:     "Not every backup of the last 30 days succeeded",
					description: "25% of the backups of the last 30 days failed; the objective is none. The failure itself was told by JobFailing.",
				}},
				then: 740 * hour,
			},
		},
	}
}

func edgeStories() map[string][]story {
	// Time begins at zero, so an expiry is also the time that was left.
	return map[string][]story{
		"EndpointUnreachable": {{
			about: "the name stops resolving for ten minutes",
			given: series{`probe_success{job="blackbox",instance="https://api.example/health"}`: "1x9 0x9 1x10"},
			quiet: []time.Duration{minutes(8), minutes(11)},
			told: []told{{
				at: minutes(13), labels: labels{"instance": "https://api.example/health"}, summary: "https://api.example/health does not answer from outside",
				description: "The probe of https://api.example/health has failed for two minutes. If replicas answer inside, look at DNS, the load balancer, the firewall and the certificate.",
			}},
			then: minutes(20),
		}},
		"CertificateAlmostExpired": {{
			about: "three days and two hours are left, until it is renewed", step: minutes(5),
			given: series{`probe_ssl_earliest_cert_expiry{job="blackbox",instance="https://api.example"}`: "266400x60 9000000x40"},
			quiet: []time.Duration{hour, 2 * hour},
			told: []told{{
				at: 4 * hour, labels: labels{"instance": "https://api.example"}, summary: "The certificate of https://api.example ends in 2d 22h 0m 0s",
				description: "The first certificate in the chain of https://api.example ends in 2d 22h 0m 0s; then every caller is turned away. Renewal has failed for weeks.",
			}},
			then: 6 * hour,
		}},
		"CertificateExpiring": {{
			about: "twenty-one days and an hour are left, until it is renewed", step: minutes(5),
			given: series{`probe_ssl_earliest_cert_expiry{job="blackbox",instance="https://api.example"}`: "1818000x60 9000000x40"},
			quiet: []time.Duration{hour, 2 * hour},
			told: []told{{
				at: 4 * hour, labels: labels{"instance": "https://api.example"}, summary: "The certificate of https://api.example ends in 20d 21h 0m 0s",
				description: "The first certificate in the chain of https://api.example ends in 20d 21h 0m 0s. It should have been renewed by now; look at its validation.",
			}},
			then: 6 * hour,
		}},
		"CertificateNotRenewed": {{
			about: "a certificate of a webhook has seven days left, another was never issued", step: minutes(5),
			given: series{
				`certmanager_certificate_expiration_timestamp_seconds{job="cert-manager",name="webhook"}`: "608400x60 9000000x40",
				`certmanager_certificate_expiration_timestamp_seconds{job="cert-manager",name="new"}`:     "0x100",
			},
			quiet: []time.Duration{hour, 2 * hour},
			told: []told{{
				at: 4 * hour, labels: labels{"name": "webhook"}, summary: "The certificate webhook in the cluster ends in 6d 21h 0m 0s",
				description: "cert-manager has not renewed webhook, which ends in 6d 21h 0m 0s. Webhooks that use it stop, and with them deployments.",
			}},
			then: 6 * hour,
		}},
	}
}
