package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

// migrator is the component and service account of the migration; it has no
// role in AWS.
const migrator = "migrate"

// migration brings the schema up to date before a rollout: a Job for each
// image, which the deployments wait for. A migration works with the release
// before it too, so that a rollout can be taken back.
func (w *workload) migration(r Release, s *settings) (pulumi.Resource, error) {
	c := w.container(migrator, r.Image, []string{"migrate"}, [2]string{"100m", "500m"}, [2]string{"128Mi", "512Mi"})
	spec := w.pod(migrator, priorityServe, c)
	spec.RestartPolicy = pulumi.String("Never")
	sum := sha256.Sum256([]byte(r.Image))
	name := migrator + "-" + hex.EncodeToString(sum[:4])
	return batchv1.NewJob(w.ctx, w.Name(r.part(migrator)), &batchv1.JobArgs{
		Metadata: w.meta(name, selector(migrator)),
		Spec: batchv1.JobSpecArgs{
			BackoffLimit: pulumi.Int(3), ActiveDeadlineSeconds: pulumi.Int(600),
			Template: podTemplate(selector(migrator), s, spec),
		},
	}, w.child, w.after(s.objects...))
}

// component is what the worker is called in the cluster.
func (k Worker) component() string { return "worker-" + string(k.Queue) }

// worker runs the jobs of a queue. There is one, which takes turns with its
// successor: jobs are durable and hand over.
func (w *workload) worker(k Worker, s *settings, migrated pulumi.Resource) error {
	component := k.component()
	c := w.container("worker", k.Image, []string{"work", "--queues", string(k.Queue)}, [2]string{"250m", "1"}, [2]string{"512Mi", "2Gi"})
	if len(held(k.Queue)) > 0 {
		c.EnvFrom = append(c.EnvFrom.(corev1.EnvFromSourceArray), corev1.EnvFromSourceArgs{SecretRef: corev1.SecretEnvSourceArgs{Name: pulumi.String(secretOf(k.Queue))}})
	}
	only, env := w.only(k.Queue), corev1.EnvVarArray{}
	for _, name := range slices.Sorted(maps.Keys(only)) {
		env = append(env, corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(only[name])})
	}
	c.Env = env
	c.Ports = corev1.ContainerPortArray{
		corev1.ContainerPortArgs{Name: pulumi.String(portInternal), ContainerPort: pulumi.Int(contract.InternalPort)},
	}
	c.StartupProbe = probe(contract.HealthPath, portInternal, 2, 60, 2)
	c.LivenessProbe = probe(contract.HealthPath, portInternal, 10, 6, 3)
	c.ReadinessProbe = probe(contract.ReadyPath, portInternal, 10, 3, 3)
	spec := w.pod(k.Account, priorityWorker, c)
	spec.TerminationGracePeriodSeconds = pulumi.Int(contract.WorkGrace.Seconds())
	spec.TopologySpreadConstraints = spread(selector(component))
	_, err := appsv1.NewDeployment(w.ctx, w.Name(component), &appsv1.DeploymentArgs{
		Metadata: w.meta(component, selector(component)),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1), Selector: metav1.LabelSelectorArgs{MatchLabels: selector(component)},
			Strategy: rolling(), Template: podTemplate(selector(component), s, spec),
			ProgressDeadlineSeconds: pulumi.Int(300), RevisionHistoryLimit: pulumi.Int(10),
		},
	}, w.child, w.after(append(s.objects, migrated)...))
	return err
}
