package workload

import (
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

// Group is the Kubernetes group of a contract role: access entries of EKS put
// people into it.
func Group(role contract.Role) string { return contract.ServiceName + ":" + role.String() }

// grant is what verbs may be used on which resources of a group.
type grant struct {
	group     string
	resources []string
	verbs     []string
}

func look() []string   { return []string{"get", "list", "watch"} }
func change() []string { return []string{"create", "update", "patch", "delete"} }

// grants is what each role may do in the namespace beyond the weaker ones.
// Nobody reads secrets by the API or changes who may do what: that is an
// administrator's. Who changes what runs, or enters it, sees its environment.
func grants(role contract.Role) []grant {
	switch role {
	case contract.ReadOnly:
		return []grant{
			{"", []string{"pods", "pods/log", "services", "endpoints", "configmaps", "events", "serviceaccounts", "resourcequotas", "limitranges", "persistentvolumeclaims"}, look()},
			{"apps", []string{"deployments", "replicasets", "statefulsets"}, look()},
			{"batch", []string{"jobs", "cronjobs"}, look()},
			{"autoscaling", []string{"horizontalpodautoscalers"}, look()},
			{"policy", []string{"poddisruptionbudgets"}, look()},
			{"networking.k8s.io", []string{"ingresses", "networkpolicies"}, look()},
			{"discovery.k8s.io", []string{"endpointslices"}, look()},
			{"external-secrets.io", []string{"externalsecrets", "secretstores"}, look()},
			{"metrics.k8s.io", []string{"pods"}, look()},
		}
	case contract.Developer:
		return []grant{
			{"", []string{"pods/portforward"}, []string{"create"}},
			{"apps", []string{"deployments"}, []string{"patch"}}, // restart, image, rollback
		}
	case contract.Operator:
		return []grant{
			{"", []string{"pods"}, []string{"delete"}},
			{"", []string{"pods/exec", "pods/eviction"}, []string{"create"}},
			{"", []string{"pods/ephemeralcontainers"}, []string{"patch"}},
			{"", []string{"configmaps"}, change()},
			{"apps", []string{"deployments", "deployments/scale"}, []string{"update", "patch"}},
			{"batch", []string{"jobs"}, change()},
			{"autoscaling", []string{"horizontalpodautoscalers"}, []string{"update", "patch"}},
			{"external-secrets.io", []string{"externalsecrets"}, []string{"patch"}}, // refresh now
		}
	}
	return nil
}

// access registers a role for each role of the contract, which includes the
// weaker ones, and lets everybody see the nodes.
func (w *workload) access() error {
	var all []grant
	for _, role := range contract.KeyRoles() {
		all = append(all, grants(role)...)
		var rules rbacv1.PolicyRuleArray
		for _, g := range all {
			rules = append(rules, rbacv1.PolicyRuleArgs{
				ApiGroups: pulumi.ToStringArray([]string{g.group}), Resources: pulumi.ToStringArray(g.resources), Verbs: pulumi.ToStringArray(g.verbs),
			})
		}
		name, subjects := role.String(), rbacv1.SubjectArray{group(Group(role))}
		if _, err := rbacv1.NewRole(w.ctx, w.Name("role", name), &rbacv1.RoleArgs{Metadata: w.meta(name, nil), Rules: rules}, w.child, w.after()); err != nil {
			return err
		}
		if _, err := rbacv1.NewRoleBinding(w.ctx, w.Name("role", name), &rbacv1.RoleBindingArgs{
			Metadata: w.meta(name, nil), Subjects: subjects,
			RoleRef: rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: pulumi.String(name)},
		}, w.child, w.after()); err != nil {
			return err
		}
	}
	const nodes = "script-ohio-nodes"
	if _, err := rbacv1.NewClusterRole(w.ctx, w.Name("nodes"), &rbacv1.ClusterRoleArgs{
		Metadata: w.global(nodes, nil),
		Rules: rbacv1.PolicyRuleArray{
			rbacv1.PolicyRuleArgs{ApiGroups: pulumi.ToStringArray([]string{""}), Resources: pulumi.ToStringArray([]string{"nodes", "namespaces"}), Verbs: pulumi.ToStringArray(look())},
			rbacv1.PolicyRuleArgs{ApiGroups: pulumi.ToStringArray([]string{"metrics.k8s.io"}), Resources: pulumi.ToStringArray([]string{"nodes"}), Verbs: pulumi.ToStringArray(look())},
		},
	}, w.child); err != nil {
		return err
	}
	var everybody rbacv1.SubjectArray
	for _, role := range contract.KeyRoles() {
		everybody = append(everybody, group(Group(role)))
	}
	_, err := rbacv1.NewClusterRoleBinding(w.ctx, w.Name("nodes"), &rbacv1.ClusterRoleBindingArgs{
		Metadata: w.global(nodes, nil), Subjects: everybody,
		RoleRef: rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"), Name: pulumi.String(nodes)},
	}, w.child)
	return err
}

func group(name string) rbacv1.SubjectArgs {
	return rbacv1.SubjectArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Group"), Name: pulumi.String(name)}
}
