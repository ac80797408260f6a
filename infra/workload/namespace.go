package workload

import (
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Priorities of pods: under pressure the API displaces workers, and workers
// displace whatever has none.
const (
	priorityServe  = "script-ohio-serve"
	priorityWorker = "script-ohio-worker"
)

// classes registers what belongs to the whole cluster.
func (w *workload) classes() error {
	for _, c := range []struct {
		name, description string
		value             int
	}{
		{priorityServe, "Answers callers", 100_000},
		{priorityWorker, "Runs jobs, which can wait", 10_000},
	} {
		class, err := schedulingv1.NewPriorityClass(w.ctx, w.Name(c.name), &schedulingv1.PriorityClassArgs{
			Metadata: w.global(c.name, nil), Value: pulumi.Int(c.value), GlobalDefault: pulumi.Bool(false), Description: pulumi.String(c.description),
		}, w.child)
		if err != nil {
			return err
		}
		w.ready = append(w.ready, class)
	}
	// EKS makes no gp3 class. Volumes are made where their pod runs and are
	// encrypted; the driver takes the account's key for volumes.
	storage := w.global("gp3", nil)
	storage.Annotations = pulumi.StringMap{"storageclass.kubernetes.io/is-default-class": pulumi.String("true")}
	class, err := storagev1.NewStorageClass(w.ctx, w.Name("gp3"), &storagev1.StorageClassArgs{
		Metadata: storage, Provisioner: pulumi.String("ebs.csi.aws.com"),
		Parameters:           pulumi.StringMap{"type": pulumi.String("gp3"), "encrypted": pulumi.String("true")},
		VolumeBindingMode:    pulumi.String("WaitForFirstConsumer"),
		AllowVolumeExpansion: pulumi.Bool(true), ReclaimPolicy: pulumi.String("Delete"),
	}, w.child)
	if err != nil {
		return err
	}
	w.volumes = class.Metadata.Name().Elem()
	return nil
}

// namespace registers the namespace and the service accounts in it. Pods in it
// keep to the restricted standard, and count as ready only once the load
// balancer sends them requests.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
func (w *workload) namespace() error {
	labels := pulumi.StringMap{"elbv2.k8s.aws/pod-readiness-gate-inject": pulumi.String("enabled")}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
	}
	made, err := corev1.NewNamespace(w.ctx, w.Name("namespace"), &corev1.NamespaceArgs{Metadata: w.global(w.Namespace, labels)}, w.child)
	if err != nil {
		return err
	}
	w.ready = append(w.ready, made)
	accounts := []string{w.Edge.Account, migrator}
	for _, worker := range w.Workers {
		if !slices.Contains(accounts, worker.Account) {
			accounts = append(accounts, worker.Account)
		}
	}
	for _, name := range accounts {
		account, err := corev1.NewServiceAccount(w.ctx, w.Name("account", name), &corev1.ServiceAccountArgs{
			Metadata: w.meta(name, nil), AutomountServiceAccountToken: pulumi.Bool(false),
		}, w.child, w.after())
		if err != nil {
			return err
		}
		w.ready = append(w.ready, account)
	}
	return nil
}

// after orders an object behind what every pod needs.
func (w *workload) after(more ...pulumi.Resource) pulumi.ResourceOption {
	return pulumi.DependsOn(append(w.ready[:len(w.ready):len(w.ready)], more...))
}

// limits keeps the namespace from taking the cluster, and a container that
// forgot its own limits from taking a node.
func (w *workload) limits() error {
	pods := len(w.Releases)*(w.Serve.Max+1) + 2*len(w.Workers) + 5 // one more each in a rollout, and jobs
	quota, err := corev1.NewResourceQuota(w.ctx, w.Name("quota"), &corev1.ResourceQuotaArgs{
		Metadata: w.meta("quota", nil),
		Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
			"pods":                       pulumi.String(whole(pods)),
			"requests.cpu":               pulumi.String(whole(pods)),
			"requests.memory":            pulumi.String(whole(2*pods) + "Gi"),
			"limits.cpu":                 pulumi.String(whole(2 * pods)),
			"limits.memory":              pulumi.String(whole(4*pods) + "Gi"),
			"services.loadbalancers":     pulumi.String("0"), // callers come by the ingress
			"services.nodeports":         pulumi.String("0"),
			"persistentvolumeclaims":     pulumi.String("5"),
			"count/secrets":              pulumi.String("20"),
			"count/configmaps":           pulumi.String("20"),
			"count/jobs.batch":           pulumi.String("20"),
			"count/deployments.apps":     pulumi.String("10"),
			"requests.storage":           pulumi.String("100Gi"),
			"count/statefulsets.apps":    pulumi.String("2"),
			"count/replicasets.apps":     pulumi.String("60"),
			"count/cronjobs.batch":       pulumi.String("5"),
			"services":                   pulumi.String("10"),
			"requests.ephemeral-storage": pulumi.String(whole(2*pods) + "Gi"),
		}},
	}, w.child, w.after())
	if err != nil {
		return err
	}
	ranges, err := corev1.NewLimitRange(w.ctx, w.Name("limits"), &corev1.LimitRangeArgs{
		Metadata: w.meta("limits", nil),
		Spec: corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
			Type:           pulumi.String("Container"),
			DefaultRequest: resources("100m", "128Mi"),
			Default:        resources("500m", "512Mi"),
			Max:            resources("2", "4Gi"),
		}}},
	}, w.child, w.after())
	if err != nil {
		return err
	}
	w.ready = append(w.ready, quota, ranges)
	return nil
}

// resources are CPU, memory and scratch space.
func resources(cpu, memory string) pulumi.StringMap {
	return pulumi.StringMap{"cpu": pulumi.String(cpu), "memory": pulumi.String(memory), "ephemeral-storage": pulumi.String("1Gi")}
}
