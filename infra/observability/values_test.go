package observability_test

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/monitoring/alerts"
)

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err, text)
	return n
}

// sets are what runs more than once in production, with the paths of its
// replicas, its budget and its spread.
var sets = []struct {
	release, replicas, budget, spread string
	prod                              float64
}{
	{"kube-prometheus-stack", "values.prometheus.prometheusSpec.replicas", "values.prometheus.podDisruptionBudget", "values.prometheus.prometheusSpec.topologySpreadConstraints", 2},
	{"kube-prometheus-stack", "values.alertmanager.alertmanagerSpec.replicas", "values.alertmanager.podDisruptionBudget", "values.alertmanager.alertmanagerSpec.topologySpreadConstraints", 3},
	{"loki", "values.singleBinary.replicas", "values.singleBinary.podDisruptionBudget", "values.singleBinary.topologySpreadConstraints", 3},
}

func TestProductionSurvivesAZone(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for _, s := range sets {
		in := release(t, graph, s.release).Inputs
		require.Equal(t, s.prod, in.Number(s.replicas), s.replicas)
		require.True(t, in.True(s.budget+".enabled"), s.budget)
		stay, gone := in.Number(s.budget+".minAvailable"), in.Number(s.budget+".maxUnavailable")
		require.True(t, stay == s.prod-1 && gone == 0 || gone == 1 && stay == 0, "%s: one may go, and no more", s.budget)
		require.Equal(t, "topology.kubernetes.io/zone", in.Text(s.spread+".0.topologyKey"))
		require.Equal(t, "DoNotSchedule", in.Text(s.spread+".0.whenUnsatisfiable"), "volumes stay in the zone that pods first came to")
		require.NotEmpty(t, in.At(s.spread+".0.labelSelector.matchLabels"))
	}
	require.Equal(t, 3.0, release(t, graph, "loki").Inputs.Number("values.loki.commonConfig.replication_factor"))
}

func TestStagingHasOneOfEach(t *testing.T) {
	graph := deploy(t, "staging", nil)
	for _, s := range sets {
		in := release(t, graph, s.release).Inputs
		require.Equal(t, 1.0, in.Number(s.replicas), s.replicas)
		require.Nil(t, in.At(s.budget), "%s: no node could be drained", s.budget)
		require.Nil(t, in.At(s.spread), s.spread)
	}
	require.Equal(t, 1.0, release(t, graph, "loki").Inputs.Number("values.loki.commonConfig.replication_factor"))
}

// containers are what the charts run, with the paths of the container's
// resources and of both shares of the restricted standard. Empty where the
// operator or the chart has that share by itself.
var containers = []struct{ release, resources, container, pod string }{
	{"kube-prometheus-stack", "values.prometheusOperator.resources", "values.prometheusOperator.containerSecurityContext", "values.prometheusOperator.securityContext"},
	{"kube-prometheus-stack", "values.prometheusOperator.prometheusConfigReloader.resources", "", ""},
	{"kube-prometheus-stack", "values.prometheus.prometheusSpec.resources", "", ""},
	{"kube-prometheus-stack", "values.alertmanager.alertmanagerSpec.resources", "", ""},
	{"kube-prometheus-stack", "values.grafana.resources", "values.grafana.containerSecurityContext", "values.grafana.securityContext"},
	{"kube-prometheus-stack", "values.grafana.sidecar.resources", "values.grafana.sidecar.securityContext", ""},
	{"kube-prometheus-stack", "values.kube-state-metrics.resources", "values.kube-state-metrics.containerSecurityContext", ""},
	{"kube-prometheus-stack", "values.prometheus-node-exporter.resources", "", ""},
	{"loki", "values.singleBinary.resources", "values.loki.containerSecurityContext", "values.loki.podSecurityContext"},
	{"tempo", "values.tempo.resources", "values.tempo.securityContext", "values.securityContext"},
	{"alloy", "values.alloy.resources", "values.alloy.securityContext", "values.global.podSecurityContext"},
	{"alloy", "values.configReloader.resources", "values.configReloader.securityContext", ""},
	{"prometheus-postgres-exporter", "values.resources", "values.securityContext", "values.podSecurityContext"},
	{"prometheus-redis-exporter", "values.resources", "values.securityContext", "values.podSecurityContext"},
}

func TestEveryContainerIsBoundedAndRestricted(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for _, c := range containers {
		in := release(t, graph, c.release).Inputs
		for _, path := range []string{"requests.cpu", "requests.memory", "limits.cpu", "limits.memory"} {
			require.NotEmpty(t, in.Text(c.resources+"."+path), "%s %s.%s", c.release, c.resources, path)
		}
		if c.container != "" {
			require.Equal(t, false, in.At(c.container+".allowPrivilegeEscalation"), c.container)
			require.Equal(t, []string{"ALL"}, in.Texts(c.container+".capabilities.drop"), c.container)
			require.Equal(t, "RuntimeDefault", in.Text(c.container+".seccompProfile.type"), c.container)
			require.True(t, in.True(c.container+".runAsNonRoot"), c.container)
		}
		if c.pod != "" {
			require.True(t, in.True(c.pod+".runAsNonRoot"), c.pod)
			require.Equal(t, "RuntimeDefault", in.Text(c.pod+".seccompProfile.type"), c.pod)
		}
	}
	require.False(t, release(t, graph, "kube-prometheus-stack").Inputs.True("values.grafana.initChownData.enabled"), "it runs as root")
	alloy := release(t, graph, "alloy").Inputs
	require.Equal(t, false, alloy.At("values.alloy.mounts.varlog"), "it reads no files of the node")
	require.Equal(t, false, alloy.At("values.rbac.create"), "the chart's role reads every secret of the cluster")
	require.Equal(t, 473.0, alloy.Number("values.global.podSecurityContext.runAsUser"), "the image starts as root by itself")
}

func TestPrometheusTakesEverythingAndForgetsInTime(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "kube-prometheus-stack").Inputs
	spec := "values.prometheus.prometheusSpec."
	require.Equal(t, "kps", in.Text("values.fullnameOverride"))
	require.Equal(t, []string{"15d", "90GB"}, []string{in.Text(spec + "retention"), in.Text(spec + "retentionSize")})
	require.Equal(t, "script-ohio-prod-cluster", in.Text(spec+"externalLabels.cluster"))
	claim := spec + "storageSpec.volumeClaimTemplate.spec."
	require.Equal(t, []string{"gp3", "100Gi"}, []string{in.Text(claim + "storageClassName"), in.Text(claim + "resources.requests.storage")})
	for _, kind := range []string{"rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig"} {
		require.Equal(t, false, in.At(spec+kind+"SelectorNilUsesHelmValues"), kind)
	}
	for _, managed := range []string{"kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy"} {
		require.Equal(t, false, in.At("values."+managed+".enabled"), "AWS runs it")
	}
	for _, group := range []string{"etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting", "kubeSchedulerRecording"} {
		require.Equal(t, false, in.At("values.defaultRules.rules."+group), group)
	}
}

// An alert of the chart is off only where one of ours is there instead.
func TestOneTroubleIsToldOnce(t *testing.T) {
	off, _ := release(t, deploy(t, "prod", nil), "kube-prometheus-stack").Inputs.At("values.defaultRules.disabled").(map[string]any)
	ours := map[string]bool{}
	for _, a := range alerts.All() {
		ours[a.Name] = true
		if _, replaced := observability.Replacements()[a.Name]; !replaced {
			require.NotContains(t, off, a.Name, "it is ours alone")
		}
	}
	count := 0
	for name, theirs := range observability.Replacements() {
		require.True(t, ours[name], "%s is no alert of ours: %v would be off for nothing", name, theirs)
		for _, their := range theirs {
			require.Equal(t, true, off[their], their)
			count++
		}
	}
	require.Len(t, off, count)
}

func TestAlertmanagerReadsItsConfigurationFromASecret(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "kube-prometheus-stack").Inputs
	spec := "values.alertmanager.alertmanagerSpec."
	require.True(t, in.True(spec+"useExistingSecret"))
	require.Equal(t, "alertmanager-routing", in.Text(spec+"configSecret"))
	require.Equal(t, []string{"alertmanager-messengers"}, in.Texts(spec+"secrets"))
	require.Equal(t, "gp3", in.Text(spec+"storage.volumeClaimTemplate.spec.storageClassName"))
}

func TestGrafanaShowsAndKeepsNothing(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "kube-prometheus-stack").Inputs
	require.Equal(t, map[string]any{"existingSecret": "grafana-admin", "userKey": "username", "passwordKey": "password"}, in.At("values.grafana.admin"))
	require.Equal(t, false, in.At("values.grafana.persistence.enabled"))
	require.Nil(t, in.At("values.grafana.ingress"), "people come by a forwarded port")
	require.Equal(t, false, in.At("values.grafana.rbac.create"), "the chart's role reads secrets")
	require.Equal(t, "kps-grafana", in.Text("values.grafana.fullnameOverride"), "the role is bound to the account of this name")
	require.NotContains(t, in.Texts("values.kube-state-metrics.collectors"), "secrets")
	dashboards := "values.grafana.sidecar.dashboards."
	require.Equal(t, "grafana_folder", in.Text(dashboards+"folderAnnotation"))
	require.True(t, in.True(dashboards+"provider.foldersFromFilesStructure"))
	require.Equal(t, []string{"Loki", "Tempo"}, []string{in.Text("values.grafana.additionalDataSources.0.name"), in.Text("values.grafana.additionalDataSources.1.name")})
	require.Equal(t, "http://loki.monitoring.svc:3100", in.Text("values.grafana.additionalDataSources.0.url"))
	require.Equal(t, "http://tempo.monitoring.svc:3200", in.Text("values.grafana.additionalDataSources.1.url"))
	config, _ := in.At("values.grafana").(map[string]any)["grafana.ini"].(map[string]any)
	require.Equal(t, map[string]any{"enabled": true, "org_role": "Viewer"}, config["auth.anonymous"])
	require.Equal(t, map[string]any{"reporting_enabled": false, "check_for_updates": false, "check_for_plugin_updates": false}, config["analytics"])
}

func TestLogsLieInTheirBucket(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "loki").Inputs
	require.Equal(t, "Monolithic", in.Text("values.deploymentMode"))
	for _, part := range []string{"read", "write", "backend"} {
		require.Equal(t, 0.0, in.At("values."+part+".replicas"), part)
	}
	schema := "values.loki.schemaConfig.configs.0."
	require.Equal(t, []string{"tsdb", "s3", "v13", "24h"}, []string{in.Text(schema + "store"), in.Text(schema + "object_store"), in.Text(schema + "schema"), in.Text(schema + "index.period")})
	require.Equal(t, "s3", in.Text("values.loki.storage.type"))
	require.Equal(t, "us-east-2", in.Text("values.loki.storage.s3.region"))
	for _, use := range []string{"chunks", "ruler"} {
		require.Equal(t, "loki-bucket", in.Text("values.loki.storage.bucketNames."+use))
	}
	require.Equal(t, "720h", in.Text("values.loki.limits_config.retention_period"))
	require.True(t, in.True("values.loki.compactor.retention_enabled"))
	require.Equal(t, "s3", in.Text("values.loki.compactor.delete_request_store"))
	require.Equal(t, map[string]any{"name": "loki", "automountServiceAccountToken": false}, in.At("values.serviceAccount"))
	for _, off := range []string{"loki.auth_enabled", "gateway.enabled", "lokiCanary.enabled", "test.enabled", "chunksCache.enabled", "resultsCache.enabled", "sidecar.rules.enabled"} {
		require.Equal(t, false, in.At("values."+off), off)
	}
}

// The address names Loki's service and the label that the collectors give to
// the namespace of a line; Loki asks for no tenant.
func TestLogsCanBeReadAgain(t *testing.T) {
	graph := deploy(t, "prod", nil)
	address, err := url.Parse(observability.Logs("script-ohio"))
	require.NoError(t, err)
	require.Equal(t, "http://loki.monitoring.svc:3100", address.Scheme+"://"+address.Host+address.Path)
	require.Equal(t, url.Values{"query": {`{namespace="script-ohio"}`}}, address.Query())
	require.Regexp(t, `source_labels = \["__meta_kubernetes_namespace"\]\s+target_label  = "namespace"`,
		release(t, graph, "alloy").Inputs.Text("values.alloy.configMap.content"))
	require.Equal(t, false, release(t, graph, "loki").Inputs.At("values.loki.auth_enabled"))
	require.Equal(t, map[string]string{"app.kubernetes.io/name": release(t, graph, "loki").Inputs.Text("name")}, observability.LogKeeper())
}

func TestTracesLieInTheirBucket(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "tempo").Inputs
	require.Equal(t, map[string]any{
		"backend": "s3", "s3": map[string]any{"bucket": "tempo-bucket", "endpoint": "s3.us-east-2.amazonaws.com", "region": "us-east-2"},
	}, in.At("values.tempo.storage.trace"))
	require.Equal(t, "168h", in.Text("values.tempo.retention"))
	require.Equal(t, false, in.At("values.tempo.reportingEnabled"))
	require.Equal(t, map[string]any{"enabled": true, "size": "10Gi", "storageClassName": "gp3"}, in.At("values.persistence"))
	require.Equal(t, map[string]any{"name": "tempo", "automountServiceAccountToken": false}, in.At("values.serviceAccount"))
}

// The configuration names environment variables that the chart sets, and ports
// that it opens; the chart takes it for a template of its own.
func TestTheCollectorFindsItsWay(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "alloy").Inputs
	config := in.Text("values.alloy.configMap.content")
	require.NotContains(t, strings.ReplaceAll(config, "{{ `{{` }}", ""), "{{")
	env := map[string]bool{}
	list, _ := in.At("values.alloy.extraEnv").([]any)
	for _, v := range list {
		env[v.(map[string]any)["name"].(string)] = true
	}
	for _, used := range regexp.MustCompile(`sys\.env\("(\w+)"\)`).FindAllStringSubmatch(config, -1) {
		require.True(t, env[used[1]], used[1])
	}
	require.Len(t, env, 4)
	require.Equal(t, "daemonset", in.Text("values.controller.type"))
	require.Equal(t, "spec.nodeName", in.Text("values.alloy.extraEnv.0.valueFrom.fieldRef.fieldPath"))
	require.Contains(t, config, `endpoint = "0.0.0.0:4318"`)
	require.Equal(t, 4318.0, in.Number("values.alloy.extraPorts.0.port"))
	require.Equal(t, "http://alloy.monitoring.svc:4318", observability.Traces())
	require.Equal(t, false, in.At("values.alloy.enableReporting"))
}

func TestExportersLogInByASecret(t *testing.T) {
	graph := deploy(t, "prod", nil)
	postgres := release(t, graph, "prometheus-postgres-exporter").Inputs
	require.Equal(t, map[string]any{"name": "postgres-exporter", "key": "address"}, postgres.At("values.config.datasourceSecret"))
	require.Equal(t, []string{"--collector.stat_checkpointer", "--collector.long_running_transactions", "--collector.database_wraparound"}, postgres.Texts("values.config.extraArgs"))
	address := object(t, graph, secretType, "postgres-exporter").Inputs.Text("spec.target.template.data.address")
	require.Contains(t, address, "sslmode=require")

	redis := release(t, graph, "prometheus-redis-exporter").Inputs
	require.Equal(t, "-", redis.Text("values.extraArgs.config-command"), "ElastiCache has no CONFIG")
	require.Equal(t, map[string]any{"enabled": true, "isSecret": true, "source": map[string]any{"name": "redis-exporter", "key": "address"}}, redis.At("values.redisAddressConfig"))
	require.Equal(t, map[string]any{"enabled": true, "secret": map[string]any{"name": "redis-exporter", "key": "password"}}, redis.At("values.auth"))
	require.True(t, strings.HasPrefix(object(t, graph, secretType, "redis-exporter").Inputs.Text("spec.target.template.data.address"), "rediss://"))
}

func TestNothingFloatsAndNothingIsSecret(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for _, r := range graph.Resources {
		for _, leaf := range r.Inputs.Leaves() {
			require.False(t, leaf.Secret && !strings.HasPrefix(r.Type, "pulumi:providers"), "%s %s", r.Name, leaf.Path)
			text, is := leaf.Value.(string)
			if !is {
				continue
			}
			require.NotContains(t, text, plan.GeneratedSecret, "%s %s", r.Name, leaf.Path)
			if r.Type == helm.Type {
				require.NotContains(t, strings.ToLower(text), "latest", "%s %s", r.Name, leaf.Path)
			}
		}
	}
	require.Empty(t, graph.OfType("kubernetes:core/v1:Secret"))
}
