package controllers_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/controllers"
	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
)

const (
	namespaceType = "kubernetes:core/v1:Namespace"
	policyType    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	// marker stands for what lies before and after the controllers.
	marker = "random:index/randomId:RandomId"
)

// account is the one that the role of the pods trusts.
func account(pod identity.Pod, role pulumi.StringInput) controllers.Account {
	a := pod.Account()
	return controllers.Account{Namespace: string(a.Namespace), Name: a.Name, Role: role}
}

func deploy(t *testing.T, stack string, change func(*controllers.Args)) *plan.Graph {
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
		role := func(name string, keepers pulumi.StringMap) (*random.RandomId, error) {
			return random.NewRandomId(ctx, name, &random.RandomIdArgs{ByteLength: pulumi.Int(4), Keepers: keepers}, pulumi.Provider(set.Random))
		}
		roles := map[identity.Pod]pulumi.StringInput{}
		for _, pod := range []identity.Pod{identity.LoadBalancer, identity.SecretReader, identity.DNS, identity.CertificateMaker} {
			made, err := role("role-"+string(pod), nil)
			if err != nil {
				return err
			}
			roles[pod] = made.Hex
		}
		args := controllers.Args{
			Name: c.Name, ClusterName: pulumi.String(c.Name("cluster")), Region: c.General.Region, VPC: pulumi.String("vpc-1"),
			Networks: controllers.Networks{VPC: netip.MustParsePrefix("10.0.0.0/16"), Services: netip.MustParsePrefix("172.20.0.0/16")},
			Accounts: controllers.Accounts{
				LoadBalancer: account(identity.LoadBalancer, roles[identity.LoadBalancer]),
				Secrets:      account(identity.SecretReader, roles[identity.SecretReader]),
				DNS:          account(identity.DNS, roles[identity.DNS]),
				Certificates: account(identity.CertificateMaker, roles[identity.CertificateMaker]),
			},
			Domain: c.Edge.Domain, HostedZoneID: c.Edge.HostedZoneID, Production: c.Production(), Tags: c.Tags(),
		}
		if change != nil {
			change(&args)
		}
		out, err := controllers.New(ctx, c.Name("controllers"), args, pulumi.Providers(cluster))
		if err != nil {
			return err
		}
		for name, output := range map[string]pulumi.StringOutput{
			"alb": out.IngressClass, "external-secrets": out.Secrets, "external-dns": out.DNS, "cert-manager": out.Certificates, "karpenter": out.Nodes,
		} {
			ctx.Export(name, output)
			if _, err := role("after-"+name, pulumi.StringMap{"ready": output}); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	return graph
}

// karpenter asks for nodes as well.
func karpenter(a *controllers.Args) {
	a.Karpenter = &controllers.Karpenter{
		Account: controllers.Account{Namespace: "kube-system", Name: "karpenter", Role: pulumi.String("arn:aws:iam::111122223333:role/karpenter")},
		Queue:   pulumi.String("interruptions"),
	}
}

func release(t *testing.T, graph *plan.Graph, name string) *plan.Resource {
	t.Helper()
	r := graph.Find(helm.Type, graph.Stack.Project+"-"+graph.Stack.Name+"-"+name)
	require.NotNil(t, r, name)
	return r
}

func TestEveryChartIsPinned(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	want := map[string][4]string{
		"aws-load-balancer-controller": {"kube-system", "aws-load-balancer-controller", "https://aws.github.io/eks-charts", "3.5.0"},
		"external-secrets":             {"external-secrets", "external-secrets", "https://charts.external-secrets.io", "2.9.0"},
		"external-dns":                 {"external-dns", "external-dns", "https://kubernetes-sigs.github.io/external-dns/", "1.21.1"},
		"cert-manager":                 {"cert-manager", "oci://quay.io/jetstack/charts/cert-manager", "", "v1.21.1"},
		"karpenter":                    {"kube-system", "oci://public.ecr.aws/karpenter/karpenter", "", "1.14.1"},
		"karpenter-crd":                {"kube-system", "oci://public.ecr.aws/karpenter/karpenter-crd", "", "1.14.1"},
	}
	require.Len(t, graph.OfType(helm.Type), len(want))
	for name, w := range want {
		in := release(t, graph, name).Inputs
		require.Equal(t, w, [4]string{in.Text("namespace"), in.Text("chart"), in.Text("repositoryOpts.repo"), in.Text("version")}, name)
		require.Equal(t, name, in.Text("name"), "or Pulumi would make one up")
		require.True(t, in.True("atomic") && in.True("cleanupOnFail"), name)
		require.False(t, in.True("skipAwait") || in.True("createNamespace"), name)
		require.Greater(t, in.Number("timeout"), 300.0, name)
		require.Equal(t, name == "karpenter", in.True("skipCrds"), "%s: the definitions have a chart of their own", name)
	}
	require.True(t, graph.CreatedBefore(release(t, graph, "karpenter-crd"), release(t, graph, "karpenter")))
}

func TestKarpenterComesOnDemand(t *testing.T) {
	graph := deploy(t, "prod", nil)
	require.Len(t, graph.OfType(helm.Type), 4)
	require.Equal(t, "", graph.Outputs["karpenter"].Value)
}

func TestControllersActAsTheAccountsThatRolesTrust(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for name, pod := range map[string]identity.Pod{
		"aws-load-balancer-controller": identity.LoadBalancer, "external-secrets": identity.SecretReader,
		"external-dns": identity.DNS, "cert-manager": identity.CertificateMaker,
	} {
		r := release(t, graph, name)
		require.Equal(t, string(pod.Account().Namespace), r.Inputs.Text("namespace"))
		require.Equal(t, pod.Account().Name, r.Inputs.Text("values.serviceAccount.name"))
		require.Nil(t, r.Inputs.At("values.serviceAccount.annotations"), "the agent hands them the role")
		role := graph.Find(marker, "role-"+string(pod))
		require.True(t, graph.CreatedBefore(role, r), "pods that start before their role never get it")
		require.True(t, graph.DestroyedBefore(r, role))
	}
}

func TestWhoUsesAControllerComesAfterItAndLeavesBeforeIt(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	for output, name := range map[string]string{
		"alb": "aws-load-balancer-controller", "external-secrets": "external-secrets", "external-dns": "external-dns",
		"cert-manager": "cert-manager", "karpenter": "karpenter",
	} {
		r, user := release(t, graph, name), graph.Find(marker, "after-"+output)
		require.Equal(t, output, graph.Outputs[output].Value)
		require.True(t, graph.CreatedBefore(r, user), name)
		require.True(t, graph.DestroyedBefore(user, r), name)
	}
}

func TestNamespacesAreThereBeforeAndRestricted(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	var names []string
	for _, namespace := range graph.OfType(namespaceType) {
		name := namespace.Inputs.Text("metadata.name")
		names = append(names, name)
		require.Equal(t, map[string]any{
			"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/audit": "restricted", "pod-security.kubernetes.io/warn": "restricted",
			"app.kubernetes.io/part-of": "script-ohio", "app.kubernetes.io/managed-by": "pulumi",
		}, namespace.Inputs.At("metadata.labels"), name)
		for _, r := range graph.OfType(helm.Type) {
			if r.Inputs.Text("namespace") == name {
				require.True(t, graph.CreatedBefore(namespace, r), name)
			}
		}
	}
	require.ElementsMatch(t, []string{"external-secrets", "external-dns", "cert-manager"}, names)
}

func TestNothingFloatsAndNothingIsSecret(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	credential := regexp.MustCompile(`(?i)passw|token|accesskey|secretkey|credential|privatekey`)
	for _, r := range graph.OfType(helm.Type) {
		for _, leaf := range r.Inputs.Leaves() {
			require.False(t, leaf.Secret, "%s %s", r.Name, leaf.Path)
			require.False(t, credential.MatchString(leaf.Path), "%s %s", r.Name, leaf.Path)
			if text, is := leaf.Value.(string); is {
				require.NotContains(t, strings.ToLower(text), "latest", "%s %s", r.Name, leaf.Path)
				require.NotContains(t, text, plan.GeneratedSecret, "%s %s", r.Name, leaf.Path)
			}
		}
	}
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := controllers.New(nil, "controllers", controllers.Args{
		Tags: map[string]string{"Team": "a,b"}, Karpenter: &controllers.Karpenter{},
	})
	for _, what := range []string{
		"naming", "cluster's name, VPC or region", "addresses", "domain or its hosted zone", "role of service account", "queue", "Team=a,b",
	} {
		require.ErrorContains(t, err, what)
	}
}
