package workload

import (
	"maps"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

const (
	// user is the numeric user of the image.
	user = 65532
	// Ports by the name that services and probes use.
	portPublic   = "public"
	portInternal = "internal"
	// deregister is how long a pod goes on serving before it is told to stop:
	// the load balancer hears of it no faster.
	deregister = 10 // seconds
)

func whole(n int) string { return strconv.Itoa(n) }

// container is the app with a command of its CLI, hardened: nothing to write
// to but /tmp, no user but its own, no rights beyond a plain process.
func (w *workload) container(name, image string, command []string, cpu, memory [2]string) corev1.ContainerArgs {
	return corev1.ContainerArgs{
		Name: pulumi.String(name), Image: pulumi.String(image), Args: pulumi.ToStringArray(command),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		EnvFrom: corev1.EnvFromSourceArray{
			corev1.EnvFromSourceArgs{ConfigMapRef: corev1.ConfigMapEnvSourceArgs{Name: pulumi.String(configName)}},
			corev1.EnvFromSourceArgs{SecretRef: corev1.SecretEnvSourceArgs{Name: pulumi.String(secretName)}},
		},
		Resources: corev1.ResourceRequirementsArgs{
			Requests: resources(cpu[0], memory[0]), Limits: resources(cpu[1], memory[1]),
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false), Privileged: pulumi.Bool(false), ReadOnlyRootFilesystem: pulumi.Bool(true),
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(user), RunAsGroup: pulumi.Int(user),
			Capabilities:   corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		VolumeMounts:             corev1.VolumeMountArray{corev1.VolumeMountArgs{Name: pulumi.String("tmp"), MountPath: pulumi.String("/tmp")}},
	}
}

// pod holds one container. AWS gives it its role by its service account; the
// Kubernetes API gives it nothing.
func (w *workload) pod(account, priority string, c corev1.ContainerArgs) corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName: pulumi.String(account), AutomountServiceAccountToken: pulumi.Bool(false), EnableServiceLinks: pulumi.Bool(false),
		PriorityClassName: pulumi.String(priority),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(user), RunAsGroup: pulumi.Int(user), FsGroup: pulumi.Int(user),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{c},
		Volumes: corev1.VolumeArray{corev1.VolumeArgs{
			Name: pulumi.String("tmp"), EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String("512Mi")},
		}},
	}
}

// podTemplate is the pods with the labels. Another hash of the configuration is
// another template, and so a rollout.
func podTemplate(labels pulumi.StringMap, s *settings, spec corev1.PodSpecArgs) corev1.PodTemplateSpecArgs {
	labels = maps.Clone(labels)
	labels[labelPartOf] = pulumi.String(contract.ServiceName)
	return corev1.PodTemplateSpecArgs{
		Metadata: metav1.ObjectMetaArgs{Labels: labels, Annotations: pulumi.StringMap{"script-ohio/config": s.hash}},
		Spec:     spec,
	}
}

// rolling replaces pods one by one, each only once its successor is ready.
func rolling() appsv1.DeploymentStrategyArgs {
	return appsv1.DeploymentStrategyArgs{
		Type:          pulumi.String("RollingUpdate"),
		RollingUpdate: appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
	}
}

// spread keeps the pods of one rollout apart: never more than one ahead in a
// zone, and on different nodes where that is possible.
func spread(labels pulumi.StringMap) corev1.TopologySpreadConstraintArray {
	var all corev1.TopologySpreadConstraintArray
	for _, k := range []struct{ key, otherwise string }{{"topology.kubernetes.io/zone", "DoNotSchedule"}, {"kubernetes.io/hostname", "ScheduleAnyway"}} {
		all = append(all, corev1.TopologySpreadConstraintArgs{
			MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(k.key), WhenUnsatisfiable: pulumi.String(k.otherwise),
			LabelSelector:  metav1.LabelSelectorArgs{MatchLabels: labels},
			MatchLabelKeys: pulumi.ToStringArray([]string{"pod-template-hash"}),
		})
	}
	return all
}

// probe asks a path of the app.
func probe(path, port string, period, failures, timeout int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:       corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port)},
		PeriodSeconds: pulumi.Int(period), FailureThreshold: pulumi.Int(failures), TimeoutSeconds: pulumi.Int(timeout),
	}
}
