package alerts_test

import (
	"fmt"
	"time"
)

// up are targets of every scrape job that is watched.
func up(but string) series {
	all := series{}
	for _, job := range []string{
		"script-ohio-worker", "postgres", "redis", "blackbox", "kube-state-metrics", "node-exporter", "kubelet", "kps-alertmanager",
	} {
		if job != but {
			all[fmt.Sprintf(`up{job=%q,instance="i"}`, job)] = "1x60"
		}
	}
	return all
}

func targetStories() map[string][]story {
	return map[string][]story{
		"TargetMissing": {{
			about: "the exporter of Redis is deleted and installed again",
			given: merged(up("redis"), series{`up{job="redis",instance="i"}`: "1x9 _x30 1x20"}),
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(30), labels: labels{"job": "redis"}, summary: "Prometheus finds no redis to watch",
				description: "No target of the scrape job redis has been found for ten minutes: every alert on its metrics is blind. Look whether it runs and whether its ServiceMonitor still matches.",
			}},
			then: minutes(45),
		}},
		"TargetDown": {{
			about: "one of two node exporters hangs",
			given: series{`up{job="node-exporter",instance="a"}`: "1x9 0x20 1x10", `up{job="node-exporter",instance="b"}`: "1x40"},
			quiet: []time.Duration{minutes(9), minutes(19)},
			told: []told{{
				at: minutes(25), labels: labels{"job": "node-exporter", "instance": "a"}, summary: "a of node-exporter does not answer Prometheus",
				description: "a (node-exporter) has not answered Prometheus for ten minutes. It may be down, or a network policy may be in between.",
			}},
			then: minutes(35),
		}},
		"ExporterFailing": {{
			about: "the exporter of Redis may not read everything",
			given: series{`redis_exporter_last_scrape_error{job="redis",instance="r",err=""}`: "0x9 1x20 0x10", `pg_exporter_last_scrape_error{job="postgres",instance="p"}`: "0x40"},
			quiet: []time.Duration{minutes(9), minutes(19)},
			told: []told{{
				at: minutes(25), labels: labels{"job": "redis", "instance": "r"}, summary: "The exporter r cannot read all it should",
				description: "The exporter r (redis) answers, but part of what it reads has failed for ten minutes: some alerts are blind. Its log says what.",
			}},
			then: minutes(35),
		}},
	}
}

func monitoringStories() map[string][]story {
	p := labels{"pod": "p"}
	group := labels{"pod": "p", "rule_group": "g"}
	return map[string][]story{
		"Watchdog": {{
			about: "always, from the first evaluation",
			given: series{`up{job="script-ohio"}`: "1x5"},
			told: []told{{
				at: minutes(1), summary: "Alerts are evaluated",
				description: "This alert always fires. Somebody outside expects to hear of it; when they do not, Prometheus or Alertmanager is silent.",
			}},
		}},
		"PrometheusConfigReloadFailed": {{
			about: "a rule with a mistake arrives and is taken back",
			given: series{`prometheus_config_last_reload_successful{pod="p"}`: "1x9 0x20 1x10"},
			quiet: []time.Duration{minutes(9), minutes(19)},
			told: []told{{
				at: minutes(25), labels: p, summary: "p refuses its configuration",
				description: "p could not load its newest configuration or rules and goes on with the old ones. Its log says what is wrong with them.",
			}},
			then: minutes(35),
		}},
		"PrometheusRuleFailures": {{
			about: "a rule fails each minute for an hour",
			given: series{`prometheus_rule_evaluation_failures_total{pod="p",rule_group="g"}`: "0x9 0+1x60 60x30"},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(40), labels: group, summary: "Rules of g fail",
				description: "p failed to evaluate rules of g 15 times in 15 minutes: its alerts are blind.",
			}},
			then: minutes(90),
		}},
		"PrometheusRulesLate": {{
			about: "evaluations take too long for an hour",
			given: series{`prometheus_rule_group_iterations_missed_total{pod="p",rule_group="g"}`: "0x9 0+2x60 120x30"},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(40), labels: group, summary: "Rules of g take longer than their interval",
				description: "p left out 30 evaluations of g in 15 minutes, since the ones before took too long.",
			}},
			then: minutes(90),
		}},
		"PrometheusStorageFailing": {{
			about: "compactions fail on a full disk",
			given: series{
				`prometheus_tsdb_compactions_failed_total{pod="p"}`: "0x9 0+1x20 20x60",
				`prometheus_tsdb_reloads_failures_total{pod="p"}`:   "0x90",
				`prometheus_tsdb_wal_corruptions_total{pod="p"}`:    "0x90",
			},
			quiet: []time.Duration{minutes(9)},
			told: []told{{
				at: minutes(25), labels: p, summary: "The storage of p fails",
				description: "p failed to compact or load blocks, or found its write-ahead log corrupt, 15 times in 15 minutes. Look at the space on its volume.",
			}},
			then: minutes(80),
		}},
		"PrometheusScrapeLimitHit": {{
			about: "a target brings too many series for an hour",
			given: series{
				`prometheus_target_scrapes_exceeded_sample_limit_total{pod="p"}`:      "0x9 0+2x60 120x30",
				`prometheus_target_scrapes_exceeded_body_size_limit_total{pod="p"}`:   "0x100",
				`prometheus_target_scrape_pool_exceeded_target_limit_total{pod="p"}`:  "0x100",
				`prometheus_target_scrapes_sample_duplicate_timestamp_total{pod="p"}`: "0+9x100",
			},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(40), labels: p, summary: "p refuses targets that bring too much",
				description: "p refused 30 scrapes in 15 minutes, since they were over a limit of samples, bytes or targets. A label may have grown without bound.",
			}},
			then: minutes(90),
		}},
		"PrometheusNotificationsFailing": {{
			about: "one Alertmanager of two cannot be reached for an hour",
			given: series{
				`prometheus_notifications_sent_total{pod="p",alertmanager="a"}`:   "0+10x120",
				`prometheus_notifications_errors_total{pod="p",alertmanager="a"}`: "0x9 0+5x60 300x50",
				`prometheus_notifications_sent_total{pod="p",alertmanager="b"}`:   "0+10x120",
			},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(40), labels: labels{"pod": "p", "alertmanager": "a"}, summary: "p cannot hand on 50% of alerts",
				description: "50% of the alerts that p sends to a are not taken. Look whether it runs and can be reached.",
			}},
			then: minutes(90),
		}},
		"PrometheusWithoutAlertmanager": {{
			about: "Alertmanager is uninstalled for a while",
			given: series{`prometheus_notifications_alertmanagers_discovered{pod="p"}`: "2x9 0x20 2x10"},
			quiet: []time.Duration{minutes(9), minutes(19)},
			told: []told{{
				at: minutes(25), labels: p, summary: "p knows no Alertmanager",
				description: "p has found no Alertmanager for ten minutes: its alerts reach nobody, unless the other Prometheus tells of them.",
			}},
			then: minutes(35),
		}},
		"AlertmanagerConfigReloadFailed": {{
			about: "a route with a mistake arrives and is taken back",
			given: series{`alertmanager_config_last_reload_successful{pod="p"}`: "1x9 0x20 1x10"},
			quiet: []time.Duration{minutes(9), minutes(19)},
			told: []told{{
				at: minutes(25), labels: p, summary: "p refuses its configuration",
				description: "p could not load its newest configuration and routes alerts by the old one; after a restart it routes none. Its log says what is wrong.",
			}},
			then: minutes(35),
		}},
		"AlertmanagerNotificationsFailing": {{
			about: "Slack refuses everything for an hour",
			given: series{
				`alertmanager_notifications_total{integration="slack"}`:                                 "0+4x120",
				`alertmanager_notifications_failed_total{integration="slack",reason="clientError"}`:     "0x9 0+3x60 180x50",
				`alertmanager_notifications_failed_total{integration="slack",reason="serverError"}`:     "0x9 0+1x60 60x50",
				`alertmanager_notifications_total{integration="pagerduty"}`:                             "0+4x120",
				`alertmanager_notifications_failed_total{integration="pagerduty",reason="serverError"}`: "0x120",
			},
			quiet: []time.Duration{minutes(9), minutes(18)},
			told: []told{{
				at: minutes(40), labels: labels{"integration": "slack"}, summary: "100% of notifications by slack fail",
				description: "Alertmanager cannot deliver 100% of what it sends by slack: somebody is not told. Look at its log, the address and the credentials.",
			}},
			then: minutes(90),
		}},
		"AlertmanagerClusterSplit": {{
			about: "a network policy cuts the gossip between two",
			given: series{`alertmanager_cluster_members{pod="a"}`: "2x9 1x30 2x10", `alertmanager_cluster_members{pod="b"}`: "2x50"},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(30), summary: "Alertmanagers do not see each other",
				description: "One Alertmanager sees 1 of them, fewer than there are. Notifications come twice, and silences hold on one only.",
			}},
			then: minutes(45),
		}},
	}
}
