package observability

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	blackboxName  = "blackbox-exporter"
	blackboxImage = "quay.io/prometheus/blackbox-exporter:v0.28.0"
	portBlackbox  = 9115
	nobody        = 65534
)

// probe is a Probe: an address that the exporter asks on behalf of Prometheus.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Probe
type probe struct {
	Job     string       `pulumi:"jobName"`
	Every   string       `pulumi:"interval"`
	Module  string       `pulumi:"module"`
	Prober  prober       `pulumi:"prober"`
	Targets probeTargets `pulumi:"targets"`
}

type (
	prober struct {
		URL string `pulumi:"url"`
	}
	probeTargets struct {
		Static probeStatic `pulumi:"staticConfig"`
	}
	probeStatic struct {
		Addresses []string `pulumi:"static"`
	}
)

// blackbox runs the exporter that asks the API as callers do: by its name, its
// certificate, its firewall and its load balancer. The module for HTTP is in
// the image's own configuration, so that it needs none.
func (o *observability) blackbox() error {
	labels := pulumi.ToStringMap(called(blackboxName))
	ask := func(period, failures int) corev1.ProbeArgs {
		return corev1.ProbeArgs{
			HttpGet:       corev1.HTTPGetActionArgs{Path: pulumi.String("/-/healthy"), Port: pulumi.String("http")},
			PeriodSeconds: pulumi.Int(period), FailureThreshold: pulumi.Int(failures), TimeoutSeconds: pulumi.Int(2),
		}
	}
	account, err := corev1.NewServiceAccount(o.ctx, o.Name("monitoring", blackboxName), &corev1.ServiceAccountArgs{
		Metadata: o.meta(blackboxName, called(blackboxName)), AutomountServiceAccountToken: pulumi.Bool(false),
	}, o.child, o.after())
	if err != nil {
		return err
	}
	_, err = appsv1.NewDeployment(o.ctx, o.Name("monitoring", blackboxName), &appsv1.DeploymentArgs{
		Metadata: o.meta(blackboxName, called(blackboxName)),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1), Selector: metav1.LabelSelectorArgs{MatchLabels: labels},
			ProgressDeadlineSeconds: pulumi.Int(300), RevisionHistoryLimit: pulumi.Int(5),
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: labels},
				Spec: corev1.PodSpecArgs{
					ServiceAccountName: pulumi.String(blackboxName), AutomountServiceAccountToken: pulumi.Bool(false), EnableServiceLinks: pulumi.Bool(false),
					SecurityContext: corev1.PodSecurityContextArgs{
						RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(nobody), RunAsGroup: pulumi.Int(nobody),
						SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
					},
					Containers: corev1.ContainerArray{corev1.ContainerArgs{
						Name: pulumi.String(blackboxName), Image: pulumi.String(blackboxImage),
						Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{Name: pulumi.String("http"), ContainerPort: pulumi.Int(portBlackbox)}},
						Resources: corev1.ResourceRequirementsArgs{
							Requests: amounts("10m", "32Mi"), Limits: amounts("100m", "64Mi"),
						},
						SecurityContext: corev1.SecurityContextArgs{
							AllowPrivilegeEscalation: pulumi.Bool(false), Privileged: pulumi.Bool(false), ReadOnlyRootFilesystem: pulumi.Bool(true),
							Capabilities: corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
						},
						StartupProbe: ask(2, 30), LivenessProbe: ask(10, 6), ReadinessProbe: ask(10, 3),
					}},
				},
			},
		},
	}, o.child, o.after(account))
	if err != nil {
		return err
	}
	_, err = corev1.NewService(o.ctx, o.Name("monitoring", blackboxName), &corev1.ServiceArgs{
		Metadata: o.meta(blackboxName, called(blackboxName)),
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: labels,
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String("http"), Port: pulumi.Int(portBlackbox), TargetPort: pulumi.String("http"), Protocol: pulumi.String("TCP"),
			}},
		},
	}, o.child, o.after())
	return err
}

// probe has Prometheus ask for the API's health every half minute.
func (o *observability) probe(prometheus pulumi.Resource) error {
	_, err := o.custom("probe-api", monitorsAPI, "Probe", o.meta("api", nil), probe{
		Job: source.JobBlackbox, Every: interval, Module: "http_2xx", Prober: prober{host(local(blackboxName, portBlackbox))},
		Targets: probeTargets{probeStatic{[]string{"https://" + o.App.Domain + contract.HealthPath}}},
	}, o.after(prometheus))
	return err
}
