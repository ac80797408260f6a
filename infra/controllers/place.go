package controllers

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/helm"
)

// system is the namespace that every cluster has, with the cluster's own parts
// in it: nothing here closes it.
const system = "kube-system"

// place is where a release goes.
type place struct {
	namespace pulumi.StringInput
	ready     []pulumi.Resource // what its pods need: the rules of the namespace
}

// place makes the namespace of the account, closes it and opens it for the
// pods. What is in it keeps to the restricted standard, and says so where it
// is refused. In kube-system it only opens and closes the pods themselves.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func (c *controllers) place(account Account, all ...pods) (place, error) {
	in := place{namespace: pulumi.String(account.Namespace)}
	if account.Namespace != system {
		labels := pulumi.StringMap{
			"app.kubernetes.io/part-of":    pulumi.String(contract.ServiceName),
			"app.kubernetes.io/managed-by": pulumi.String("pulumi"),
		}
		for _, mode := range []string{"enforce", "audit", "warn"} {
			labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
		}
		made, err := corev1.NewNamespace(c.ctx, c.Name(account.Namespace), &corev1.NamespaceArgs{
			Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(account.Namespace), Labels: labels},
		}, c.child)
		if err != nil {
			return in, err
		}
		in.namespace = made.Metadata.Name().Elem()
		closed, err := c.deny(in.namespace, account.Namespace)
		if err != nil {
			return in, err
		}
		limits, err := c.limits(in.namespace, account.Namespace)
		if err != nil {
			return in, err
		}
		in.ready = append(in.ready, closed)
		in.ready = append(in.ready, limits...)
	}
	for _, p := range all {
		opened, err := c.allow(in.namespace, p)
		if err != nil {
			return in, err
		}
		in.ready = append(in.ready, opened)
	}
	return in, nil
}

// limits keep a namespace from taking the cluster, and a container that forgot
// its own limits from taking a node. An installation and its successor fit in.
func (c *controllers) limits(namespace pulumi.StringInput, part string) ([]pulumi.Resource, error) {
	meta := func(name string) metav1.ObjectMetaArgs {
		return metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace.ToStringOutput()}
	}
	quota, err := corev1.NewResourceQuota(c.ctx, c.Name(part, "quota"), &corev1.ResourceQuotaArgs{
		Metadata: meta("quota"),
		Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
			"pods": pulumi.String("20"), "requests.cpu": pulumi.String("4"), "requests.memory": pulumi.String("8Gi"),
			"limits.memory": pulumi.String("16Gi"), "services.loadbalancers": pulumi.String("0"), "services.nodeports": pulumi.String("0"),
			"persistentvolumeclaims": pulumi.String("0"),
		}},
	}, c.child)
	if err != nil {
		return nil, err
	}
	ranges, err := corev1.NewLimitRange(c.ctx, c.Name(part, "limits"), &corev1.LimitRangeArgs{
		Metadata: meta("limits"),
		Spec: corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
			Type:           pulumi.String("Container"),
			DefaultRequest: pulumi.StringMap{"cpu": pulumi.String("50m"), "memory": pulumi.String("64Mi")},
			Default:        pulumi.StringMap{"memory": pulumi.String("256Mi")},
			Max:            pulumi.StringMap{"memory": pulumi.String("2Gi")},
		}}},
	}, c.child)
	return []pulumi.Resource{quota, ranges}, err
}

// install registers the release of a chart in its place.
func install[V any](c *controllers, chart helm.Chart, in place, values V) (*helm.Resource, error) {
	return helm.New(c.ctx, c.Name(chart.Name), helm.Install(chart, in.namespace, values), c.child, pulumi.DependsOn(in.ready))
}

// account is the service account that a chart makes.
type account struct {
	Name pulumi.StringInput `pulumi:"name"`
}

// values name the account once new pods of it get its role: pods that start
// before have no credentials for all their lives.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
func (a Account) values() account {
	return account{a.Role.ToStringOutput().ApplyT(func(string) string { return a.Name }).(pulumi.StringOutput)}
}
