package observability_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
	"github.com/script-ohio/platform/monitoring/source"
)

// decode reads an object strictly: a field that its kind does not know fails.
func decode[T any](t *testing.T, r *plan.Resource) T {
	t.Helper()
	var into T
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(whole(r.Inputs.Plain()), &into, true), r.Name)
	return into
}

// whole makes numbers of JSON whole ones, as the API server reads them.
func whole(in map[string]any) map[string]any {
	text, _ := json.Marshal(in)
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var out map[string]any
	_ = decoder.Decode(&out)
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for key, item := range v {
				v[key] = walk(item)
			}
		case []any:
			for i, item := range v {
				v[i] = walk(item)
			}
		case json.Number:
			n, _ := v.Int64()
			return n
		}
		return v
	}
	return walk(out).(map[string]any)
}

func TestObjectsAreWhatTheirKindsSay(t *testing.T) {
	graph := deploy(t, "prod", nil)
	kinds := map[string]func(*testing.T, *plan.Resource){
		namespaceType:                                         func(t *testing.T, r *plan.Resource) { decode[corev1.Namespace](t, r) },
		"kubernetes:core/v1:ConfigMap":                        func(t *testing.T, r *plan.Resource) { decode[corev1.ConfigMap](t, r) },
		"kubernetes:core/v1:ResourceQuota":                    func(t *testing.T, r *plan.Resource) { decode[corev1.ResourceQuota](t, r) },
		"kubernetes:core/v1:LimitRange":                       func(t *testing.T, r *plan.Resource) { decode[corev1.LimitRange](t, r) },
		"kubernetes:core/v1:Service":                          func(t *testing.T, r *plan.Resource) { decode[corev1.Service](t, r) },
		"kubernetes:core/v1:ServiceAccount":                   func(t *testing.T, r *plan.Resource) { decode[corev1.ServiceAccount](t, r) },
		"kubernetes:apps/v1:Deployment":                       func(t *testing.T, r *plan.Resource) { decode[appsv1.Deployment](t, r) },
		"kubernetes:rbac.authorization.k8s.io/v1:Role":        func(t *testing.T, r *plan.Resource) { decode[rbacv1.Role](t, r) },
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": func(t *testing.T, r *plan.Resource) { decode[rbacv1.RoleBinding](t, r) },
		monitorType: func(t *testing.T, r *plan.Resource) { decode[monitoringv1.PodMonitor](t, r) },
		rulesType:   func(t *testing.T, r *plan.Resource) { decode[monitoringv1.PrometheusRule](t, r) },
		"kubernetes:monitoring.coreos.com/v1:Probe": func(t *testing.T, r *plan.Resource) { decode[monitoringv1.Probe](t, r) },
	}
	for _, r := range graph.Resources {
		if read := kinds[r.Type]; read != nil {
			read(t, r)
		}
	}
	for kind := range kinds {
		require.NotEmpty(t, graph.OfType(kind), kind)
	}
}

// Every job that rules and dashboards look for has something that is scraped
// under its name; those of the chart it names itself.
func TestEveryJobIsScraped(t *testing.T) {
	graph := deploy(t, "prod", nil)
	scraped := map[string][]int32{}
	for _, r := range graph.OfType(monitorType) {
		m := decode[monitoringv1.PodMonitor](t, r)
		require.Equal(t, "monitoring", m.Namespace)
		end := m.Spec.PodMetricsEndpoints[0]
		require.Equal(t, "job", end.RelabelConfigs[0].TargetLabel)
		scraped[*end.RelabelConfigs[0].Replacement] = append(scraped[*end.RelabelConfigs[0].Replacement], *end.PortNumber)
		require.Equal(t, contract.MetricsPath, end.Path)
	}
	require.Equal(t, map[string][]int32{
		source.JobServe: {9000}, source.JobWork: {9000, 9000}, source.JobLoki: {3100}, source.JobTempo: {3200}, "alloy": {12345},
		source.JobPostgres: {9187}, source.JobRedis: {9121}, "external-dns": {7979},
	}, scraped)
	ofTheChart := []string{source.JobPrometheus, source.JobAlertmanager, source.JobKubeStateMetrics, source.JobNodeExporter, source.JobKubelet}
	handedIn := []string{source.JobCertManager, source.JobBlackbox}
	for _, e := range source.Exporters() {
		for _, job := range e.Jobs {
			require.True(t, scraped[job] != nil || slices.Contains(ofTheChart, job) || slices.Contains(handedIn, job), "nothing is scraped as %s", job)
		}
	}
	probe := decode[monitoringv1.Probe](t, object(t, graph, "kubernetes:monitoring.coreos.com/v1:Probe", "api"))
	require.Equal(t, source.JobBlackbox, probe.Spec.JobName)
	require.Equal(t, []string{"https://api.script-ohio.example.com/health"}, probe.Spec.Targets.StaticConfig.Targets)
}

// Prometheus takes the rules as they come out of the cluster, and they are all
// that the wing monitoring has.
func TestRulesAreThoseOfMonitoring(t *testing.T) {
	graph := deploy(t, "prod", nil)
	count := 0
	for _, r := range graph.OfType(rulesType) {
		m := decode[monitoringv1.PrometheusRule](t, r)
		text, err := json.Marshal(m.Spec)
		require.NoError(t, err)
		require.Less(t, len(text), 1<<20, "etcd takes no more")
		file := filepath.Join(t.TempDir(), "rules.yml") // JSON is YAML
		require.NoError(t, os.WriteFile(file, text, 0o600))
		out, err := exec.Command("promtool", "check", "rules", file).CombinedOutput()
		require.NoError(t, err, string(out))
		for _, g := range m.Spec.Groups {
			count += len(g.Rules)
		}
	}
	want := 0
	for _, g := range slices.Concat(rules.Groups(), slo.Groups(), alerts.Groups(alerts.Options{})) {
		want += len(g.Rules)
	}
	require.Equal(t, want, count)
	require.Greater(t, count, 50)
}

func TestDashboardsAreObjectsThatGrafanaFinds(t *testing.T) {
	graph := deploy(t, "prod", nil)
	maps := graph.OfType("kubernetes:core/v1:ConfigMap")
	require.Len(t, maps, len(dashboards.All()))
	for _, d := range dashboards.All() {
		m := decode[corev1.ConfigMap](t, object(t, graph, "kubernetes:core/v1:ConfigMap", "dashboard-"+string(d.UID)))
		require.Equal(t, "1", m.Labels["grafana_dashboard"])
		require.Equal(t, d.Folder, m.Annotations["grafana_folder"])
		want, err := d.JSON()
		require.NoError(t, err)
		require.Equal(t, map[string]string{string(d.UID) + ".json": string(want)}, m.Data)
		require.Less(t, len(want), 1<<20)
	}
}

// rendered is the Secret that External Secrets makes of an object, with made-up
// values but for those that are given.
func rendered(t *testing.T, r *plan.Resource, given ...map[string]string) map[string]string {
	t.Helper()
	values := map[string]string{"password": "made-up"}
	data, _ := r.Inputs.At("spec.data").([]any)
	for _, d := range data {
		key := d.(map[string]any)["secretKey"].(string)
		values[key] = "made-up-" + key
		for _, g := range given {
			values[key] = cmp.Or(g[key], values[key])
		}
	}
	files := map[string]string{}
	templates, _ := r.Inputs.At("spec.target.template.data").(map[string]any)
	for name, text := range templates {
		parsed, err := template.New(name).Funcs(functions()).Option("missingkey=error").Parse(text.(string))
		require.NoError(t, err, name)
		var out strings.Builder
		require.NoError(t, parsed.Execute(&out, values), name)
		files[name] = out.String()
	}
	return files
}

// Alertmanager takes what External Secrets writes, and finds each credential in
// a file that is mounted; none is in the program.
func TestAlertmanagerIsConfigured(t *testing.T) {
	mail := &observability.Mail{From: "ohio@example.com", To: []string{"a@example.com", "b@example.com"}, Port: 587}
	for name, tell := range map[string]observability.Tell{
		"all": {Slack: true, PagerDuty: true}, "nobody": {}, "all and mail": {Slack: true, PagerDuty: true, Mail: mail}, "mail": {Mail: mail},
	} {
		t.Run(name, func(t *testing.T) {
			graph := deploy(t, "prod", func(a *observability.Args) { a.Tell = tell })
			messengers := rendered(t, object(t, graph, secretType, "alertmanager-messengers"))
			want := []string{"ALERT_TOKEN"}
			if tell.Slack {
				want = append(want, "PAGERDUTY_ROUTING_KEY", "SLACK_WEBHOOK_URL")
			}
			if tell.Mail != nil {
				want = append(want, "SMTP_PASSWORD")
				slices.Sort(want)
			}
			require.Equal(t, want, slices.Sorted(maps.Keys(messengers)))

			dir := t.TempDir()
			for file, text := range rendered(t, object(t, graph, secretType, "alertmanager-routing")) {
				const mounted = "/etc/alertmanager/secrets/alertmanager-messengers/"
				for _, part := range strings.Split(text, mounted)[1:] {
					key := strings.FieldsFunc(part, func(r rune) bool { return r == '\n' || r == '"' })[0]
					require.Contains(t, messengers, key)
				}
				text = strings.ReplaceAll(text, "/etc/alertmanager/config", dir)
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			out, err := exec.Command("amtool", "check-config", filepath.Join(dir, "alertmanager.yaml")).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), "SUCCESS")
			config, err := os.ReadFile(filepath.Join(dir, "alertmanager.yaml"))
			require.NoError(t, err)
			require.Contains(t, string(config), "http://serve.script-ohio.svc/v1/ops/alerts")
		})
	}
}

func TestSecretsAreReadOnceTheyAreServed(t *testing.T) {
	graph := deploy(t, "prod", nil)
	require.Len(t, graph.OfType(secretType), 5)
	login := rendered(t, object(t, graph, secretType, "grafana-admin"))
	require.Equal(t, map[string]string{"username": "admin", "password": "made-up"}, login)
	require.Equal(t, map[string]string{"address": "postgresql://made-up-username:made-up-password@made-up-host:made-up-port/made-up-dbname?sslmode=require"},
		rendered(t, object(t, graph, secretType, "postgres-exporter")))
	require.Equal(t, map[string]string{"address": "rediss://made-up-host:made-up-port", "username": "made-up-username", "password": "made-up-password"},
		rendered(t, object(t, graph, secretType, "redis-exporter")))
	password := object(t, graph, "kubernetes:generators.external-secrets.io/v1alpha1:Password", "grafana-admin").Inputs
	require.GreaterOrEqual(t, password.Number("spec.length"), 32.0)
	known := map[string]bool{}
	for _, v := range contract.Variables() {
		known[v.Name] = v.Secret
	}
	for _, key := range []string{"ALERT_TOKEN", "SLACK_WEBHOOK_URL", "PAGERDUTY_ROUTING_KEY"} {
		require.True(t, known[key], "%s is no secret variable of the contract any more", key)
	}
}

func TestCollectorsReadLogsAndNothingElse(t *testing.T) {
	graph := deploy(t, "prod", nil)
	const name = "script-ohio-collector"
	role := decode[rbacv1.ClusterRole](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", name))
	require.Equal(t, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
	}, role.Rules)
	bound := decode[rbacv1.ClusterRoleBinding](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", name))
	require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "alloy", Namespace: "monitoring"}}, bound.Subjects)
}

func TestGrafanaReadsDashboardsAndNoSecrets(t *testing.T) {
	graph := deploy(t, "prod", nil)
	role := decode[rbacv1.Role](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:Role", "dashboards"))
	require.Equal(t, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "watch"}}}, role.Rules)
	bound := decode[rbacv1.RoleBinding](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "dashboards"))
	require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "kps-grafana", Namespace: "monitoring"}}, bound.Subjects)
}

// Every metric of objects in the cluster that a rule reads comes from a kind
// that is told of.
func TestWhatRulesReadOfObjectsIsTold(t *testing.T) {
	kinds := release(t, deploy(t, "prod", nil), "kube-prometheus-stack").Inputs.Texts("values.kube-state-metrics.collectors")
	short := map[string]string{"pod": "pods", "node": "nodes", "namespace": "namespaces", "deployment": "deployments", "statefulset": "statefulsets",
		"daemonset": "daemonsets", "horizontalpodautoscaler": "horizontalpodautoscalers", "poddisruptionbudget": "poddisruptionbudgets", "job": "jobs",
		"persistentvolumeclaim": "persistentvolumeclaims", "resourcequota": "resourcequotas", "cronjob": "cronjobs", "replicaset": "replicasets"}
	read := 0
	for _, m := range source.Metrics() {
		name, is := strings.CutPrefix(m.Name, "kube_")
		if !is {
			continue
		}
		kind, _, _ := strings.Cut(name, "_")
		require.NotEmpty(t, short[kind], m.Name)
		require.Contains(t, kinds, short[kind], m.Name)
		read++
	}
	require.Greater(t, read, 20)
}

func TestWhoMayForwardAPort(t *testing.T) {
	graph := deploy(t, "prod", nil)
	role := decode[rbacv1.Role](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:Role", "look"))
	for _, r := range role.Rules {
		require.NotContains(t, r.Resources, "secrets")
		require.NotContains(t, r.Resources, "pods/exec")
		require.NotContains(t, r.Verbs, "*")
	}
	bound := decode[rbacv1.RoleBinding](t, object(t, graph, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "look"))
	var groups []string
	for _, s := range bound.Subjects {
		groups = append(groups, s.Name)
	}
	require.Equal(t, []string{"script-ohio:developer", "script-ohio:operator"}, groups)
}
