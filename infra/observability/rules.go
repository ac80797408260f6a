package observability

import (
	"time"

	"github.com/prometheus/common/model"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
)

// grafanaAddress is where whoever forwards a port to Grafana finds it:
// kubectl -n monitoring port-forward svc/kps-grafana 3000:80.
const grafanaAddress = "http://localhost:3000"

// ruleFile is a PrometheusRule.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
type ruleFile struct {
	Groups []ruleGroup `pulumi:"groups"`
}

type (
	ruleGroup struct {
		Name     string     `pulumi:"name"`
		Interval *string    `pulumi:"interval"`
		Rules    []ruleText `pulumi:"rules"`
	}
	ruleText struct {
		Record      *string           `pulumi:"record"`
		Alert       *string           `pulumi:"alert"`
		Expr        string            `pulumi:"expr"`
		For         *string           `pulumi:"for"`
		Keep        *string           `pulumi:"keep_firing_for"`
		Labels      map[string]string `pulumi:"labels"`
		Annotations map[string]string `pulumi:"annotations"`
	}
)

// rules registers what Prometheus records and tells of.
func (o *observability) rules(prometheus pulumi.Resource) error {
	for _, file := range []struct {
		name   string
		groups []rules.Group
	}{
		{"recordings", rules.Groups()},
		{"objectives", slo.Groups()},
		{"alerts", alerts.Groups(alerts.Options{Runbooks: dashboards.DefaultRunbooks, Grafana: grafanaAddress})},
	} {
		var spec ruleFile
		for _, g := range file.groups {
			spec.Groups = append(spec.Groups, group(g))
		}
		if _, err := o.custom("rules-"+file.name, monitorsAPI, "PrometheusRule", o.meta("script-ohio-"+file.name, nil), spec, o.after(prometheus)); err != nil {
			return err
		}
	}
	return nil
}

func group(g rules.Group) ruleGroup {
	made := ruleGroup{Name: g.Name, Interval: span(g.Interval)}
	for _, r := range g.Rules {
		made.Rules = append(made.Rules, ruleText{
			Record: some(r.Record), Alert: some(r.Alert), Expr: r.Expr, For: span(r.For), Keep: span(r.KeepFiringFor),
			Labels: r.Labels, Annotations: r.Annotations,
		})
	}
	return made
}

// some is a text that is left out where it is empty.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func span(d time.Duration) *string {
	if d == 0 {
		return nil
	}
	return some(model.Duration(d).String())
}

// Replacements are the alerts of the chart that ours stand for: both would tell
// of one trouble twice. By the name of ours.
func Replacements() map[string][]string {
	return map[string][]string{
		"Watchdog":                         {"Watchdog", "InfoInhibitor"},
		"TargetDown":                       {"TargetDown"},
		"PodCrashLooping":                  {"KubePodCrashLooping"},
		"DeploymentReplicasMismatch":       {"KubeDeploymentReplicasMismatch"},
		"AutoscalerAtMaximum":              {"KubeHpaMaxedOut"},
		"NodeNotReady":                     {"KubeNodeNotReady", "KubeNodeUnreachable"},
		"DiskSpaceUsage":                   {"NodeFilesystemSpaceFillingUp", "NodeFilesystemAlmostOutOfSpace"},
		"MemoryUsageHigh":                  {"NodeMemoryHighUtilization"},
		"VolumeFillingUp":                  {"KubePersistentVolumeFillingUp"},
		"PrometheusConfigReloadFailed":     {"PrometheusBadConfig"},
		"PrometheusRuleFailures":           {"PrometheusRuleFailures"},
		"PrometheusRulesLate":              {"PrometheusMissingRuleEvaluations"},
		"PrometheusStorageFailing":         {"PrometheusTSDBCompactionsFailing", "PrometheusTSDBReloadsFailing"},
		"PrometheusScrapeLimitHit":         {"PrometheusScrapeBodySizeLimitHit", "PrometheusScrapeSampleLimitHit", "PrometheusTargetLimitHit"},
		"PrometheusNotificationsFailing":   {"PrometheusErrorSendingAlertsToSomeAlertmanagers", "PrometheusErrorSendingAlertsToAnyAlertmanager"},
		"PrometheusWithoutAlertmanager":    {"PrometheusNotConnectedToAlertmanagers"},
		"AlertmanagerConfigReloadFailed":   {"AlertmanagerFailedReload"},
		"AlertmanagerNotificationsFailing": {"AlertmanagerFailedToSendAlerts", "AlertmanagerClusterFailedToSendAlerts"},
		"AlertmanagerClusterSplit":         {"AlertmanagerMembersInconsistent"},
	}
}

// replaced are the chart's alerts that are switched off.
func replaced() map[string]bool {
	off := map[string]bool{}
	for _, names := range Replacements() {
		for _, name := range names {
			off[name] = true
		}
	}
	return off
}
