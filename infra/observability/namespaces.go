package observability

import (
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

// namespaces registers both, with bounds to what they take.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func (o *observability) namespaces() error {
	s := o.Sizing
	// One more of each in a rollout, and those that are single: Grafana, Tempo,
	// the operator, kube-state-metrics, three exporters.
	pods := 2*(s.Prometheus+s.Alertmanager+s.Loki+7) + o.Nodes
	disk := (s.Prometheus * s.MetricsGB) + (s.Alertmanager * mailboxGB) + (s.Loki * s.LogsGB) + s.TracesGB
	for _, n := range []struct {
		name, standard string
		pods, claims   int
		disk           int // GB
		share          share
		most           pulumi.StringMap // of a container
	}{
		{Namespace, "restricted", pods, s.Prometheus + s.Alertmanager + s.Loki + 1, disk, share{500, 512}, amounts("2", "4Gi")},
		{NodesNamespace, "privileged", 2 * o.Nodes, 0, 0, share{50, 64}, amounts("500m", "256Mi")},
	} {
		labels := map[string]string{}
		for _, mode := range []string{"enforce", "audit", "warn"} {
			labels["pod-security.kubernetes.io/"+mode] = n.standard
		}
		meta := o.meta(n.name, labels)
		meta.Namespace = nil
		made, err := corev1.NewNamespace(o.ctx, o.Name(n.name), &corev1.NamespaceArgs{Metadata: meta}, o.child)
		if err != nil {
			return err
		}
		in := func(name string) *metav1.ObjectMetaArgs {
			meta := o.meta(name, nil)
			meta.Namespace = made.Metadata.Name()
			return meta
		}
		quota, err := corev1.NewResourceQuota(o.ctx, o.Name(n.name, "quota"), &corev1.ResourceQuotaArgs{
			Metadata: in("quota"),
			Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
				"pods":                   pulumi.String(strconv.Itoa(n.pods)),
				"requests.cpu":           pulumi.String(n.share.cpus(n.pods)),
				"requests.memory":        pulumi.String(n.share.memory(n.pods)),
				"limits.cpu":             pulumi.String(n.share.cpus(4 * n.pods)),
				"limits.memory":          pulumi.String(n.share.memory(4 * n.pods)),
				"persistentvolumeclaims": pulumi.String(strconv.Itoa(n.claims)),
				"requests.storage":       pulumi.String(gigabytes(n.disk)),
				"services.loadbalancers": pulumi.String("0"), // people come by the API server
				"services.nodeports":     pulumi.String("0"),
			}},
		}, o.child)
		if err != nil {
			return err
		}
		ranges, err := corev1.NewLimitRange(o.ctx, o.Name(n.name, "limits"), &corev1.LimitRangeArgs{
			Metadata: in("limits"),
			Spec: corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
				Type: pulumi.String("Container"), DefaultRequest: amounts("10m", "32Mi"), Default: amounts("200m", "128Mi"), Max: n.most,
			}}},
		}, o.child)
		if err != nil {
			return err
		}
		o.ready = append(o.ready, made, quota, ranges)
	}
	return nil
}

// share is what pods are promised on average, in thousandths of a CPU and MiB;
// at most they may take four times as much.
type share struct{ cpu, mib int }

func (s share) cpus(pods int) string   { return strconv.Itoa((pods*s.cpu + 999) / 1000) }
func (s share) memory(pods int) string { return gigabytes((pods*s.mib + 1023) / 1024) }

func amounts(cpu, memory string) pulumi.StringMap {
	return pulumi.StringMap{"cpu": pulumi.String(cpu), "memory": pulumi.String(memory)}
}

// access lets developers and operators in by a port that the API server
// forwards: to Grafana, which shows everybody everything, and to the others.
// There is no other way in.
func (o *observability) access() error {
	const name = "look"
	if _, err := rbacv1.NewRole(o.ctx, o.Name("monitoring", name), &rbacv1.RoleArgs{
		Metadata: o.meta(name, nil),
		Rules: rbacv1.PolicyRuleArray{
			rule("", []string{"pods", "pods/log", "services", "persistentvolumeclaims", "events"}, "get", "list", "watch"),
			rule("", []string{"pods/portforward"}, "create"),
			rule("monitoring.coreos.com", []string{"prometheusrules", "podmonitors", "servicemonitors"}, "get", "list", "watch"),
		},
	}, o.child, o.after()); err != nil {
		return err
	}
	var groups rbacv1.SubjectArray
	for _, role := range []contract.Role{contract.Developer, contract.Operator} {
		groups = append(groups, rbacv1.SubjectArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Group"), Name: pulumi.String(o.Group(role)),
		})
	}
	_, err := rbacv1.NewRoleBinding(o.ctx, o.Name("monitoring", name), &rbacv1.RoleBindingArgs{
		Metadata: o.meta(name, nil), Subjects: groups,
		RoleRef: rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: pulumi.String(name)},
	}, o.child, o.after())
	return err
}

// readingDashboards lets Grafana's sidecar read what dashboards and data sources
// are in. The chart's own role reads the secrets of the namespace too.
func (o *observability) readingDashboards() error {
	const name = "dashboards"
	role, err := rbacv1.NewRole(o.ctx, o.Name("monitoring", name), &rbacv1.RoleArgs{
		Metadata: o.meta(name, nil), Rules: rbacv1.PolicyRuleArray{rule("", []string{"configmaps"}, "get", "list", "watch")},
	}, o.child, o.after())
	if err != nil {
		return err
	}
	bound, err := rbacv1.NewRoleBinding(o.ctx, o.Name("monitoring", name), &rbacv1.RoleBindingArgs{
		Metadata: o.meta(name, nil), Subjects: rbacv1.SubjectArray{account(grafanaName)},
		RoleRef: rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: pulumi.String(name)},
	}, o.child, o.after())
	o.ready = append(o.ready, role, bound)
	return err
}

// account is a service account of the namespace, as bindings name it.
func account(name string) rbacv1.SubjectArgs {
	return rbacv1.SubjectArgs{Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(name), Namespace: pulumi.String(Namespace)}
}

func rule(group string, resources []string, verbs ...string) rbacv1.PolicyRuleArgs {
	return rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{group}), Resources: pulumi.ToStringArray(resources), Verbs: pulumi.ToStringArray(verbs),
	}
}
