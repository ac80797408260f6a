package workload_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/workload"
)

func args(t *testing.T) workload.Args {
	c := plantest.Config(t, "prod")
	return workload.Args{
		Name: c.Name, Namespace: "script-ohio", Region: "us-east-2",
		Releases: []workload.Release{{Image: "ghcr.io/script-ohio/platform:v0.1.0", Live: true}}, Registries: []string{"ghcr.io/script-ohio"}, Serve: workload.Scale{Min: 3, Max: 20},
		Workers: []workload.Worker{{Queue: contract.QueueBackup, Account: "backup-worker", Image: "ghcr.io/script-ohio/platform-work:v1"}},
		Edge: workload.Edge{
			Domain: c.Edge.Domain, Account: "app", Class: pulumi.String("alb"), Certificate: pulumi.String("arn:aws:acm:x"), Firewall: pulumi.String("arn:aws:wafv2:x"),
			Tags: c.Tags(),
		},
		Data: workload.Data{
			Database: pulumi.String("database-arn"), Cache: pulumi.String("cache-arn"), App: pulumi.String("app-arn"),
			Models: pulumi.String("models-bucket"), Backups: pulumi.String("backups-bucket"), Secrets: pulumi.String("ready"),
		},
		Networks: workload.Networks{
			LoadBalancers: []netip.Prefix{netip.MustParsePrefix("10.0.128.0/22")}, Databases: []netip.Prefix{netip.MustParsePrefix("10.0.144.0/24")},
			Private:      []netip.Prefix{netip.MustParsePrefix("10.0.0.0/19")},
			DatabasePort: 5432, CachePort: 6379,
		},
	}
}

func deploy(t *testing.T, change func(*workload.Args)) *plan.Graph {
	t.Helper()
	graph, err := plantest.Record(t, plantest.Config(t, "prod"), func(ctx *pulumi.Context) error {
		cluster, err := kubernetes.NewProvider(ctx, "script-ohio-prod-kubernetes", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		a := args(t)
		if change != nil {
			change(&a)
		}
		_, err = workload.New(ctx, "script-ohio-prod-workload", a, pulumi.Providers(cluster))
		return err
	})
	require.NoError(t, err)
	return graph
}

func object(t *testing.T, graph *plan.Graph, kind, name string) *plan.Resource {
	t.Helper()
	for _, r := range graph.Resources {
		if strings.HasSuffix(r.Type, ":"+kind) && r.Inputs.Text("metadata.name") == name {
			return r
		}
	}
	require.Fail(t, "there is no "+kind+" "+name)
	return nil
}

func TestTheServiceRunsHardened(t *testing.T) {
	serve := object(t, deploy(t, nil), "Deployment", "serve").Inputs
	pod := func(path string) any { return serve.At("spec.template.spec." + path) }
	require.Equal(t, 3.0, serve.At("spec.replicas"))
	require.Equal(t, map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0}, serve.At("spec.strategy.rollingUpdate"))
	require.Equal(t, "ghcr.io/script-ohio/platform:v0.1.0", pod("containers.0.image"))
	require.Equal(t, map[string]any{"cpu": "500m", "memory": "1Gi", "ephemeral-storage": "1Gi"}, pod("containers.0.resources.requests"))
	require.Equal(t, map[string]any{"cpu": "1", "memory": "2Gi", "ephemeral-storage": "1Gi"}, pod("containers.0.resources.limits"))
	require.Equal(t, map[string]any{
		"allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true, "runAsUser": 65532.0, "runAsGroup": 65532.0,
		"capabilities": map[string]any{"drop": []any{"ALL"}}, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}, pod("containers.0.securityContext"))
	require.Equal(t, false, pod("automountServiceAccountToken"))
	require.Equal(t, float64(contract.PublicPort), pod("containers.0.ports.0.containerPort"))
	require.Equal(t, contract.HealthPath, pod("containers.0.livenessProbe.httpGet.path"))
	require.Equal(t, contract.ReadyPath, pod("containers.0.readinessProbe.httpGet.path"))
	require.Equal(t, contract.HealthPath, pod("containers.0.startupProbe.httpGet.path"))
	grace, sleep := pod("terminationGracePeriodSeconds").(float64), pod("containers.0.lifecycle.preStop.sleep.seconds").(float64)
	require.GreaterOrEqual(t, grace-sleep, contract.ShutdownGrace.Seconds(), "the app must be able to drain")
}

func TestScaling(t *testing.T) {
	hpa := object(t, deploy(t, nil), "HorizontalPodAutoscaler", "serve").Inputs
	require.Equal(t, []any{3.0, 20.0}, []any{hpa.At("spec.minReplicas"), hpa.At("spec.maxReplicas")})
	require.Equal(t, map[string]any{"stabilizationWindowSeconds": 60.0, "policies": []any{map[string]any{"type": "Percent", "value": 50.0, "periodSeconds": 60.0}}}, hpa.At("spec.behavior.scaleUp"))
	require.Equal(t, map[string]any{"stabilizationWindowSeconds": 300.0, "policies": []any{map[string]any{"type": "Percent", "value": 10.0, "periodSeconds": 60.0}}}, hpa.At("spec.behavior.scaleDown"))
	require.Equal(t, 70.0, hpa.At("spec.metrics.0.resource.target.averageUtilization"))
	require.Equal(t, 80.0, hpa.At("spec.metrics.1.resource.target.averageUtilization"))
}

// Everything that the app can be told is told, or has its default: a variable
// of the contract that is renamed turns this red.
func TestConfigurationFollowsTheContract(t *testing.T) {
	graph := deploy(t, nil)
	plain, _ := object(t, graph, "ConfigMap", "app-config").Inputs.At("data").(map[string]any)
	in := func(name string) map[string]any {
		data, _ := object(t, graph, "ExternalSecret", name).Inputs.At("spec.target.template.data").(map[string]any)
		return data
	}
	known := map[string]contract.Variable{}
	for _, v := range contract.Variables() {
		known[v.Name] = v
		if !v.Secret {
			continue
		}
		require.NotContains(t, plain, v.Name, "a secret in plain sight")
		holder, others := "app-secrets", "app-secrets-backup"
		if v.Queue == contract.QueueBackup {
			holder, others = others, holder
		}
		require.Contains(t, in(holder), v.Name)
		require.NotContains(t, in(others), v.Name)
	}
	for name := range plain {
		require.Contains(t, known, name)
	}
	for _, secret := range []string{"app-secrets", "app-secrets-backup"} {
		for name := range in(secret) {
			require.True(t, known[name].Secret, name)
		}
	}
	for deployment, last := range map[string]string{"serve": "app-secrets", "worker-backup": "app-secrets-backup"} {
		from, _ := object(t, graph, "Deployment", deployment).Inputs.At("spec.template.spec.containers.0.envFrom").([]any)
		require.Equal(t, map[string]any{"secretRef": map[string]any{"name": last}}, from[len(from)-1], deployment)
	}
	require.Equal(t, "s3://models-bucket?region=us-east-2", plain["MODELS_BUCKET"])
	require.Equal(t, "10.0.128.0/22", plain["TRUSTED_PROXIES"])
	require.Equal(t, args(t).Edge.Domain, plain["TLS_HOSTS"], "the security audit looks at the certificate of callers")
}

// variables are those that the pods of a deployment have beside the shared
// configuration.
func variables(t *testing.T, graph *plan.Graph, deployment string) map[string]string {
	t.Helper()
	env, _ := object(t, graph, "Deployment", deployment).Inputs.At("spec.template.spec.containers.0.env").([]any)
	all := map[string]string{}
	for _, v := range env {
		all[v.(map[string]any)["name"].(string)] = v.(map[string]any)["value"].(string)
	}
	for _, v := range contract.Variables() {
		require.False(t, v.Secret && all[v.Name] != "", "a secret in plain sight")
	}
	return all
}

func TestBackupsAloneReadLogsAgain(t *testing.T) {
	const store = "http://logs?query=%7B%7D"
	graph := deploy(t, func(a *workload.Args) {
		a.Workers = append(a.Workers, workload.Worker{Queue: contract.QueueDefault, Account: "worker", Image: a.Workers[0].Image})
		a.Logs = &workload.Watcher{Endpoint: store, Port: 3100, Pods: map[string]string{"app.kubernetes.io/name": "loki"}}
	})
	require.Equal(t, map[string]string{"SHUTDOWN_DRAIN": "90", "LOG_STORE": store}, variables(t, graph, "worker-backup"))
	require.Equal(t, map[string]string{"SHUTDOWN_DRAIN": "90"}, variables(t, graph, "worker-default"))
	require.Empty(t, variables(t, graph, "serve"))
	require.NotContains(t, object(t, graph, "ConfigMap", "app-config").Inputs.At("data"), "LOG_STORE", "every pod reads it")
	for name := range variables(t, graph, "worker-backup") {
		require.True(t, slices.ContainsFunc(contract.Variables(), func(v contract.Variable) bool { return v.Name == name }), name)
	}
	policy := object(t, graph, "NetworkPolicy", "logs").Inputs
	require.Equal(t, []string{"worker-backup"}, policy.Texts("spec.podSelector.matchExpressions.0.values"))
	require.Equal(t, 3100.0, policy.Number("spec.egress.0.ports.0.port"))
}

func TestBackupsAloneKnowWhomTheyAreFor(t *testing.T) {
	graph := deploy(t, func(a *workload.Args) {
		a.Workers = append(a.Workers, workload.Worker{Queue: contract.QueueDefault, Account: "worker", Image: a.Workers[0].Image})
		a.Data.Recipients = []string{"age1one", "age1two"}
	})
	require.Equal(t, "age1one,age1two", variables(t, graph, "worker-backup")["BACKUP_RECIPIENT"])
	require.NotContains(t, variables(t, graph, "worker-default"), "BACKUP_RECIPIENT")
	require.NotContains(t, object(t, graph, "ConfigMap", "app-config").Inputs.At("data"), "BACKUP_RECIPIENT")
	require.NotContains(t, variables(t, deploy(t, nil), "worker-backup"), "BACKUP_RECIPIENT")
}

// Every process makes the sender, and the worker of the default queue alone
// sends.
func TestOnePodMails(t *testing.T) {
	graph := deploy(t, func(a *workload.Args) {
		a.Workers = append(a.Workers, workload.Worker{Queue: contract.QueueDefault, Account: "worker", Image: a.Workers[0].Image})
		a.Mail = &workload.Mail{From: "ohio@example.com", To: []string{"a@example.com", "b@example.com"}, Port: 587}
	})
	data, _ := object(t, graph, "ConfigMap", "app-config").Inputs.At("data").(map[string]any)
	require.Equal(t, []any{"ohio@example.com", "a@example.com,b@example.com"}, []any{data["MAIL_FROM"], data["MAIL_TO"]})
	policy := object(t, graph, "NetworkPolicy", "mail").Inputs
	require.Equal(t, []string{"worker-default"}, policy.Texts("spec.podSelector.matchExpressions.0.values"))
	require.Equal(t, "0.0.0.0/0", policy.Text("spec.egress.0.to.0.ipBlock.cidr"))
	require.Equal(t, []any{map[string]any{"port": 587.0, "protocol": "TCP"}}, policy.At("spec.egress.0.ports"))
	none, _ := object(t, deploy(t, nil), "ConfigMap", "app-config").Inputs.At("data").(map[string]any)
	require.NotContains(t, none, "MAIL_FROM")
	require.Equal(t, contract.RoutesWithoutMail, none["NOTIFY_ROUTES"])
	require.NotContains(t, data, "NOTIFY_ROUTES")
}

func TestTheOrder(t *testing.T) {
	graph := deploy(t, nil)
	serve, job := object(t, graph, "Deployment", "serve"), graph.OfType("kubernetes:batch/v1:Job")[0]
	require.True(t, graph.CreatedBefore(job, serve), "the schema before the code")
	for _, policy := range graph.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		require.True(t, graph.CreatedBefore(policy, job), policy.Name)
	}
	require.True(t, graph.CreatedBefore(object(t, graph, "ValidatingAdmissionPolicyBinding", "script-ohio-registries"), job))
	require.True(t, graph.CreatedBefore(object(t, graph, "ResourceQuota", "quota"), job))
}

func TestAnotherImageIsAnotherMigrationAndAnotherConfigurationARollout(t *testing.T) {
	name := func(change func(*workload.Args)) (job, config string) {
		graph := deploy(t, change)
		return graph.OfType("kubernetes:batch/v1:Job")[0].Inputs.Text("metadata.name"),
			object(t, graph, "Deployment", "serve").Inputs.At("spec.template.metadata.annotations").(map[string]any)["script-ohio/config"].(string)
	}
	job, config := name(nil)
	otherJob, same := name(func(a *workload.Args) { a.Releases[0].Image = "ghcr.io/script-ohio/platform:v0.2.0" })
	require.NotEqual(t, job, otherJob)
	require.Equal(t, config, same)
	_, other := name(func(a *workload.Args) { a.Data.Models = pulumi.String("other") })
	require.NotEqual(t, config, other)
}

func TestTwoReleasesAreSwitchedAtTheLoadBalancer(t *testing.T) {
	image := "ghcr.io/script-ohio/platform:v0."
	weights := func(live string) string {
		graph := deploy(t, func(a *workload.Args) {
			a.Releases = []workload.Release{{Colour: "blue", Image: image + "1.0", Live: live == "blue"}, {Colour: "green", Image: image + "2.0", Live: live == "green"}}
		})
		for _, colour := range []string{"blue", "green"} {
			pods, _ := object(t, graph, "Deployment", "serve-"+colour).Inputs.At("spec.selector.matchLabels").(map[string]any)
			require.Equal(t, colour, pods["script-ohio/colour"])
			require.Equal(t, pods, object(t, graph, "Service", "serve-"+colour).Inputs.At("spec.selector"), "each is in a target group of its own")
			object(t, graph, "HorizontalPodAutoscaler", "serve-"+colour)
			object(t, graph, "PodDisruptionBudget", "serve-"+colour)
		}
		require.Len(t, graph.OfType("kubernetes:batch/v1:Job"), 2)
		ingress := object(t, graph, "Ingress", "api").Inputs
		require.Equal(t, "release", ingress.Text("spec.rules.0.http.paths.0.backend.service.name"))
		annotations, _ := ingress.At("metadata.annotations").(map[string]any)
		return annotations["alb.ingress.kubernetes.io/actions.release"].(string)
	}
	require.JSONEq(t, `{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"serve-blue","servicePort":"public","weight":100},{"serviceName":"serve-green","servicePort":"public","weight":0}]}}`, weights("blue"))
	require.JSONEq(t, `{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"serve-blue","servicePort":"public","weight":0},{"serviceName":"serve-green","servicePort":"public","weight":100}]}}`, weights("green"))
}

func TestRolesGrowAndReadNoSecrets(t *testing.T) {
	graph := deploy(t, nil)
	var before int
	for _, role := range contract.KeyRoles() {
		rules, _ := object(t, graph, "Role", role.String()).Inputs.At("rules").([]any)
		require.Greater(t, len(rules), before)
		before = len(rules)
		for _, r := range rules {
			rule := r.(map[string]any)
			require.NotContains(t, rule["resources"], "secrets")
			require.NotContains(t, rule["resources"], "*")
			require.NotContains(t, rule["verbs"], "*")
			require.NotEqual(t, []any{"rbac.authorization.k8s.io"}, rule["apiGroups"])
		}
		require.Equal(t, workload.Group(role), object(t, graph, "RoleBinding", role.String()).Inputs.Text("subjects.0.name"))
	}
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := workload.New(nil, "workload", workload.Args{})
	for _, what := range []string{"naming", "live release", "registries", "replicas", "edge", "source of data", "subnets", "port"} {
		require.ErrorContains(t, err, what)
	}
}
