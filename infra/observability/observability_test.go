package observability_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
)

const (
	namespaceType = "kubernetes:core/v1:Namespace"
	policyType    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	secretType    = "kubernetes:external-secrets.io/v1:ExternalSecret"
	monitorType   = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
	rulesType     = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
	// marker stands for what lies before and after it.
	marker = "random:index/randomId:RandomId"
)

func component(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": "script-ohio", "app.kubernetes.io/component": name}
}

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// given are args whose unknown parts are markers, named by what they are.
func given(name func(...string) string, production bool, known func(string) pulumi.StringInput) observability.Args {
	keeper := func(pod identity.Pod) observability.Keeper {
		return observability.Keeper{Account: pod.Account().Name, Role: known("role-" + string(pod)), Bucket: pulumi.String(string(pod) + "-bucket")}
	}
	return observability.Args{
		Name: name, Region: "us-east-2", Cluster: "script-ohio-prod-cluster",
		Sizing: observability.SizingFor(production), Days: observability.Days{Metrics: 15, Logs: 30, Traces: 7}, Nodes: 20,
		Networks: observability.Networks{
			VPC: prefix("10.0.0.0/16"), Services: prefix("172.20.0.0/16"), Nodes: []netip.Prefix{prefix("10.0.0.0/19")},
			Databases: []netip.Prefix{prefix("10.0.144.0/24")}, DatabasePort: 5432, CachePort: 6379,
		},
		Loki: keeper(identity.LogKeeper), Tempo: keeper(identity.TraceKeeper),
		Secrets: observability.Secrets{
			Database: pulumi.String("database-arn"), Cache: pulumi.String("cache-arn"), App: pulumi.String("app-arn"), Ready: known("external-secrets"),
		},
		StorageClass: known("gp3"), Certificates: known("cert-manager"),
		App: observability.App{
			Namespace: "script-ohio", Serve: component("serve"), Workers: []map[string]string{component("worker-default"), component("worker-backup")},
			Readers: []map[string]string{component("worker-backup")},
			Service: "serve", Domain: "api.script-ohio.example.com",
		},
		Targets: []observability.Target{
			{Job: "external-dns", Namespace: "external-dns", Labels: map[string]string{"app.kubernetes.io/name": "external-dns"}, Port: 7979},
		},
		Tell:  observability.Tell{Slack: true, PagerDuty: true},
		Group: func(role contract.Role) string { return "script-ohio:" + role.String() },
	}
}

func deploy(t *testing.T, stack string, change func(*observability.Args)) *plan.Graph {
	t.Helper()
	c := plantest.Config(t, stack)
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		cluster, err := kubernetes.NewProvider(ctx, c.Name("kubernetes"), &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		mark := func(name string, keepers pulumi.StringMap) (*random.RandomId, error) {
			return random.NewRandomId(ctx, name, &random.RandomIdArgs{ByteLength: pulumi.Int(4), Keepers: keepers}, pulumi.Provider(set.Random))
		}
		var failed error
		args := given(c.Name, c.Production(), func(name string) pulumi.StringInput {
			made, err := mark(name, nil)
			if err != nil {
				failed = err
				return pulumi.String("")
			}
			return pulumi.Sprintf("%s%.0s", name, made.Hex)
		})
		if failed != nil {
			return failed
		}
		if change != nil {
			change(&args)
		}
		out, err := observability.New(ctx, c.Name("observability"), args, pulumi.Providers(cluster))
		if err != nil {
			return err
		}
		_, err = mark("after", pulumi.StringMap{"ready": out.Prometheus})
		return err
	})
	require.NoError(t, err)
	return graph
}

func release(t *testing.T, graph *plan.Graph, name string) *plan.Resource {
	t.Helper()
	r := graph.Find(helm.Type, graph.Stack.Project+"-"+graph.Stack.Name+"-"+name)
	require.NotNil(t, r, name)
	return r
}

func object(t *testing.T, graph *plan.Graph, typ, name string) *plan.Resource {
	t.Helper()
	for _, r := range graph.OfType(typ) {
		if r.Inputs.Text("metadata.name") == name {
			return r
		}
	}
	require.Fail(t, "there is no "+typ+" "+name)
	return nil
}

func TestEveryChartIsPinned(t *testing.T) {
	graph := deploy(t, "prod", nil)
	const community, grafana = "oci://ghcr.io/prometheus-community/charts/", "oci://ghcr.io/grafana-community/helm-charts/"
	want := map[string][3]string{
		"kube-prometheus-stack":        {community + "kube-prometheus-stack", "", "88.5.3"},
		"prometheus-postgres-exporter": {community + "prometheus-postgres-exporter", "", "8.2.0"},
		"prometheus-redis-exporter":    {community + "prometheus-redis-exporter", "", "6.29.0"},
		"loki":                         {grafana + "loki", "", "18.11.0"},
		"tempo":                        {grafana + "tempo", "", "2.2.4"},
		"alloy":                        {"alloy", "https://grafana.github.io/helm-charts", "1.11.1"},
	}
	require.Len(t, graph.OfType(helm.Type), len(want))
	for name, w := range want {
		in := release(t, graph, name).Inputs
		require.Equal(t, w, [3]string{in.Text("chart"), in.Text("repositoryOpts.repo"), in.Text("version")}, name)
		require.Equal(t, name, in.Text("name"), "or Pulumi would make one up")
		require.Equal(t, "monitoring", in.Text("namespace"))
		require.True(t, in.True("atomic") && in.True("cleanupOnFail"), name)
		require.False(t, in.True("skipAwait") || in.True("createNamespace"), name)
		require.Equal(t, 900.0, in.Number("timeout"), name)
	}
}

// What comes after what: a pod that starts too early has no role, no rules or
// no kind of object to be.
func TestTheOrder(t *testing.T) {
	graph := deploy(t, "prod", nil)
	mark := func(name string) *plan.Resource { return graph.Find(marker, name) }
	stack := release(t, graph, "kube-prometheus-stack")
	for first, second := range map[string]string{
		"role-loki": "loki", "role-tempo": "tempo", "cert-manager": "kube-prometheus-stack", "gp3": "kube-prometheus-stack",
	} {
		require.True(t, graph.CreatedBefore(mark(first), release(t, graph, second)), "%s before %s", first, second)
		require.True(t, graph.DestroyedBefore(release(t, graph, second), mark(first)), "%s before %s", first, second)
	}
	for _, name := range []string{"loki", "tempo"} {
		require.True(t, graph.CreatedBefore(mark("gp3"), release(t, graph, name)))
	}
	for _, typ := range []string{policyType, namespaceType, secretType} {
		for _, r := range graph.OfType(typ) {
			for _, chart := range graph.OfType(helm.Type) {
				require.True(t, graph.CreatedBefore(r, chart), "%s before %s", r.Name, chart.Name)
			}
		}
	}
	for _, r := range graph.OfType(secretType) {
		require.True(t, graph.CreatedBefore(mark("external-secrets"), r), r.Name)
	}
	for _, r := range append(graph.OfType(monitorType), graph.OfType(rulesType)...) {
		require.True(t, graph.CreatedBefore(stack, r), "%s is of a kind that comes with the chart", r.Name)
		require.True(t, graph.DestroyedBefore(r, stack), r.Name)
	}
	require.True(t, graph.CreatedBefore(stack, mark("after")))
}

func TestNamespacesHoldTheirPodsToAStandard(t *testing.T) {
	graph := deploy(t, "prod", nil)
	require.Len(t, graph.OfType(namespaceType), 2)
	for name, standard := range map[string]string{"monitoring": "restricted", "node-monitoring": "privileged"} {
		labels, _ := object(t, graph, namespaceType, name).Inputs.At("metadata.labels").(map[string]any)
		for _, mode := range []string{"enforce", "audit", "warn"} {
			require.Equal(t, standard, labels["pod-security.kubernetes.io/"+mode], name)
		}
	}
	require.Equal(t, "node-monitoring", release(t, graph, "kube-prometheus-stack").Inputs.Text("values.prometheus-node-exporter.namespaceOverride"),
		"nothing but the node exporter leaves the restricted one")
}

// The quota takes what the charts ask for, with room for a rollout; a node more
// is a collector more.
func TestQuotasHoldWhatIsThere(t *testing.T) {
	for _, stack := range []string{"staging", "prod"} {
		graph := deploy(t, stack, nil)
		quota := graph.Find("kubernetes:core/v1:ResourceQuota", "script-ohio-"+stack+"-monitoring-quota").Inputs
		stackIn, loki, tempo := release(t, graph, "kube-prometheus-stack").Inputs, release(t, graph, "loki").Inputs, release(t, graph, "tempo").Inputs
		claims, gb := 0.0, 0
		for _, c := range []struct {
			replicas float64
			size     string
		}{
			{stackIn.Number("values.prometheus.prometheusSpec.replicas"), stackIn.Text("values.prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage")},
			{stackIn.Number("values.alertmanager.alertmanagerSpec.replicas"), stackIn.Text("values.alertmanager.alertmanagerSpec.storage.volumeClaimTemplate.spec.resources.requests.storage")},
			{loki.Number("values.singleBinary.replicas"), loki.Text("values.singleBinary.persistence.size")},
			{tempo.Number("values.replicas"), tempo.Text("values.persistence.size")},
		} {
			claims += c.replicas
			gb += int(c.replicas) * number(t, strings.TrimSuffix(c.size, "Gi"))
		}
		hard := func(what string) int {
			all, _ := quota.At("spec.hard").(map[string]any)
			text, _ := all[what].(string)
			return number(t, strings.TrimSuffix(text, "Gi"))
		}
		require.Equal(t, int(claims), hard("persistentvolumeclaims"), stack)
		require.Equal(t, gb, hard("requests.storage"), stack)
		require.GreaterOrEqual(t, hard("pods"), int(claims)+6+20, stack)
	}
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := observability.New(nil, "observability", observability.Args{Sizing: observability.Sizing{Loki: 2}, Targets: []observability.Target{{Job: "x"}}})
	for _, what := range []string{
		"naming", "region or the cluster", "most nodes", "how long", "replicas", "disk", "two replicas of Loki", "addresses", "port of database",
		"bucket of Loki", "bucket of Tempo", "a secret", "storage class", "service or domain of the app", "groups", `target "x"`,
	} {
		require.ErrorContains(t, err, what)
	}
}

// quantity is an amount of Kubernetes in thousandths of a CPU, or in MiB.
func quantity(t *testing.T, text string) int {
	for suffix, factor := range map[string]int{"m": 1, "Mi": 1, "Gi": 1024} {
		if n, has := strings.CutSuffix(text, suffix); has && strings.Trim(n, "0123456789") == "" {
			return factor * number(t, n)
		}
	}
	return 1000 * number(t, text)
}

// All pods of the charts fit into the quota at once, at their least and at
// their most.
func TestQuotasAreLargeEnough(t *testing.T) {
	graph := deploy(t, "prod", nil)
	replicas := map[string]int{
		"values.prometheus.prometheusSpec.resources": 2, "values.alertmanager.alertmanagerSpec.resources": 3,
		"values.prometheusOperator.prometheusConfigReloader.resources": 5, "values.singleBinary.resources": 3,
		"values.grafana.sidecar.resources": 3, "values.alloy.resources": 20, "values.configReloader.resources": 20,
	}
	for _, side := range []string{"requests", "limits"} {
		for _, what := range []string{"cpu", "memory"} {
			sum, nodes := 0, 0
			for _, c := range containers {
				each := quantity(t, release(t, graph, c.release).Inputs.Text(c.resources+"."+side+"."+what))
				if c.resources == "values.prometheus-node-exporter.resources" {
					nodes = 20 * each
					continue
				}
				sum += max(1, replicas[c.resources]) * each
			}
			for namespace, need := range map[string]int{"monitoring": sum, "node-monitoring": nodes} {
				hard, _ := graph.Find("kubernetes:core/v1:ResourceQuota", "script-ohio-prod-"+namespace+"-quota").Inputs.At("spec.hard").(map[string]any)
				have := quantity(t, hard[side+"."+what].(string))
				require.GreaterOrEqual(t, have, need+need/10, "%s %s.%s", namespace, side, what)
				require.Less(t, have, 12*need, "%s %s.%s bounds nothing", namespace, side, what)
			}
		}
	}
}
