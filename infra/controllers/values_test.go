package controllers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// containers are the containers that the charts start, by release and path of
// their values: where resources, the container's security and the pod's are.
// Karpenter's chart has the security in its templates.
var containers = []struct{ release, resources, security, pod string }{
	{"aws-load-balancer-controller", "values.resources", "values.securityContext", "values.podSecurityContext"},
	{"external-secrets", "values.resources", "values.securityContext", ""},
	{"external-secrets", "values.webhook.resources", "values.webhook.securityContext", ""},
	{"external-secrets", "values.certController.resources", "values.certController.securityContext", ""},
	{"external-dns", "values.resources", "values.securityContext", "values.podSecurityContext"},
	{"cert-manager", "values.resources", "values.containerSecurityContext", "values.securityContext"},
	{"cert-manager", "values.webhook.resources", "values.webhook.containerSecurityContext", "values.webhook.securityContext"},
	{"cert-manager", "values.cainjector.resources", "values.cainjector.containerSecurityContext", "values.cainjector.securityContext"},
	{"cert-manager", "values.startupapicheck.resources", "values.startupapicheck.containerSecurityContext", "values.startupapicheck.securityContext"},
	{"karpenter", "values.controller.resources", "", ""},
}

func TestContainersKeepToTheRestrictedStandard(t *testing.T) {
	graph := deploy(t, "staging", karpenter)
	for _, c := range containers {
		in, where := release(t, graph, c.release).Inputs, c.release+" "+c.resources
		for _, path := range []string{".requests.cpu", ".requests.memory", ".limits.cpu", ".limits.memory"} {
			require.NotEmpty(t, in.Text(c.resources+path), where)
		}
		if c.security != "" {
			require.Equal(t, map[string]any{
				"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
				"capabilities": map[string]any{"drop": []any{"ALL"}}, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
			}, in.At(c.security), where)
		}
		if c.pod != "" {
			require.True(t, in.True(c.pod+".runAsNonRoot"), where)
			require.Equal(t, "RuntimeDefault", in.Text(c.pod+".seccompProfile.type"), where)
		}
	}
}

// pairs are what serves without a break in production, with the path of its
// budget; empty where the chart brings one.
var pairs = []struct{ release, replicas, budget, spread string }{
	{"aws-load-balancer-controller", "values.replicaCount", "values.podDisruptionBudget", ""},
	{"external-secrets", "values.replicaCount", "values.podDisruptionBudget", "values.topologySpreadConstraints"},
	{"external-secrets", "values.webhook.replicaCount", "values.webhook.podDisruptionBudget", "values.webhook.topologySpreadConstraints"},
	{"cert-manager", "values.replicaCount", "values.podDisruptionBudget", "values.topologySpreadConstraints"},
	{"cert-manager", "values.webhook.replicaCount", "values.webhook.podDisruptionBudget", "values.webhook.topologySpreadConstraints"},
	{"cert-manager", "values.cainjector.replicaCount", "values.cainjector.podDisruptionBudget", "values.cainjector.topologySpreadConstraints"},
	{"karpenter", "values.replicas", "", ""},
}

func TestProductionSurvivesANode(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	for _, p := range pairs {
		in, where := release(t, graph, p.release).Inputs, p.release+" "+p.replicas
		require.Equal(t, 2.0, in.Number(p.replicas), where)
		if p.budget != "" {
			require.Equal(t, 1.0, in.Number(p.budget+".minAvailable")+in.Number(p.budget+".maxUnavailable"), where)
		}
		if p.spread != "" {
			require.Equal(t, "kubernetes.io/hostname", in.Text(p.spread+".0.topologyKey"), where)
			require.Equal(t, "ScheduleAnyway", in.Text(p.spread+".0.whenUnsatisfiable"), where)
			require.Len(t, in.At(p.spread+".0.labelSelector.matchLabels"), 2, where)
		}
	}
	require.True(t, release(t, graph, "external-secrets").Inputs.True("values.leaderElect"))
	require.Equal(t, 1.0, release(t, graph, "external-secrets").Inputs.Number("values.certController.replicaCount"))
}

func TestOneReplicaHasNoBudget(t *testing.T) {
	graph := deploy(t, "staging", karpenter)
	for _, p := range pairs {
		in := release(t, graph, p.release).Inputs
		require.Equal(t, 1.0, in.Number(p.replicas), p.release)
		if p.budget != "" {
			require.Nil(t, in.At(p.budget), "%s: no node could be drained", p.release)
		}
		if p.spread != "" {
			require.Nil(t, in.At(p.spread), p.release)
		}
	}
}

func TestLoadBalancersComeFromClassesWithParameters(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "aws-load-balancer-controller").Inputs
	require.Equal(t, "script-ohio-prod-cluster", in.Text("values.clusterName"))
	require.Equal(t, "us-east-2", in.Text("values.region"), "pods cannot ask the instance")
	require.Equal(t, "vpc-1", in.Text("values.vpcId"))
	require.Equal(t, "alb", in.Text("values.ingressClass"))
	require.Equal(t, "ip", in.Text("values.defaultTargetType"))
	require.Equal(t, "prod", in.Text("values.defaultTags.Stack"))
	for path, want := range map[string]bool{
		"createIngressClassResource": false, "ingressClassParams.create": false,
		"disableIngressClassAnnotation": true, "disableIngressGroupNameAnnotation": true,
		"enableShield": false, "enableWaf": false, "enableWafv2": true, "enableServiceMutatorWebhook": false, "keepTLSSecret": true,
		"controllerConfig.featureGates.ALBGatewayAPI": false, "controllerConfig.featureGates.NLBGatewayAPI": false,
	} {
		require.Equal(t, want, in.At("values."+path), path)
	}
}

func TestSecretsAreReadOnlyWhereTheyAreAskedFor(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "external-secrets").Inputs
	require.True(t, in.True("values.installCRDs"))
	for _, off := range []string{"processPushSecret", "processClusterPushSecret", "processClusterExternalSecret", "rbac.aggregateToEdit"} {
		require.Equal(t, false, in.At("values."+off), off)
	}
	require.Nil(t, in.At("values.serviceMonitor"), "whoever installs Prometheus says what it scrapes")
}

func TestDNSChangesOneNameAndDeletesNone(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "external-dns").Inputs
	require.Equal(t, "aws", in.Text("values.provider.name"))
	require.Equal(t, []string{"ingress"}, in.Texts("values.sources"))
	require.Equal(t, []string{"api.script-ohio.example.com"}, in.Texts("values.domainFilters"))
	require.Equal(t, "upsert-only", in.Text("values.policy"))
	require.Equal(t, "txt", in.Text("values.registry"))
	require.Equal(t, "script-ohio-prod-dns", in.Text("values.txtOwnerId"), "each stack owns its own records")
	require.Equal(t, "%{record_type}-owner.", in.Text("values.txtPrefix"), "below the domain")
	require.Equal(t, []string{"--zone-id-filter", "Z0PRODEXAMPLE00000000", "--aws-zone-match-parent", "--ingress-class=alb"}, in.Texts("values.extraArgs"))
	require.Equal(t, "AWS_REGION", in.Text("values.env.0.name"))
}

func TestCertificatesOutliveTheirController(t *testing.T) {
	in := release(t, deploy(t, "prod", nil), "cert-manager").Inputs
	require.True(t, in.True("values.crds.enabled") && in.True("values.crds.keep"))
	require.Equal(t, "cert-manager", in.Text("values.global.leaderElection.namespace"))
	require.True(t, in.True("values.startupapicheck.enabled"), "the release ends with a webhook that answers")
	require.True(t, in.True("values.dns01RecursiveNameserversOnly"), "pods reach no other resolver")
	require.Equal(t, []string{"--cluster-issuer-ambient-credentials=true", "--issuer-ambient-credentials=false"}, in.Texts("values.extraArgs"))
}

func TestKarpenterHearsOfInterruptions(t *testing.T) {
	in := release(t, deploy(t, "prod", karpenter), "karpenter").Inputs
	require.Equal(t, "script-ohio-prod-cluster", in.Text("values.settings.clusterName"))
	require.Equal(t, "interruptions", in.Text("values.settings.interruptionQueue"))
	require.Equal(t, "karpenter", in.Text("values.serviceAccount.name"))
}
