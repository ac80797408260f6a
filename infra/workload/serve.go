package workload

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

// componentServe is the API.
const componentServe = "serve"

// labelColour tells two releases apart.
const labelColour = "script-ohio/colour"

// part is a name with the colour of the release.
func (r Release) part(name string) string {
	if r.Colour == "" {
		return name
	}
	return name + "-" + r.Colour
}

// Service is the name of its Service.
func (r Release) Service() string { return r.part(componentServe) }

// Pods are the labels of the API's pods, of every release.
func Pods() map[string]string {
	return map[string]string{labelName: contract.ServiceName, labelComponent: componentServe}
}

// Pods are the labels of the worker's.
func (k Worker) Pods() map[string]string {
	return map[string]string{labelName: contract.ServiceName, labelComponent: k.component()}
}

// pods picks the pods of the release.
func (r Release) pods() pulumi.StringMap {
	labels := selector(componentServe)
	if r.Colour != "" {
		labels[labelColour] = pulumi.String(r.Colour)
	}
	return labels
}

// serve registers a release of the API and returns the name of its Service.
func (w *workload) serve(r Release, s *settings, migrated pulumi.Resource) (pulumi.StringOutput, error) {
	none, name, pods := pulumi.StringOutput{}, r.part(componentServe), r.pods()
	c := w.container(componentServe, r.Image, []string{"serve"}, [2]string{"500m", "1"}, [2]string{"1Gi", "2Gi"})
	c.Ports = corev1.ContainerPortArray{
		corev1.ContainerPortArgs{Name: pulumi.String(portPublic), ContainerPort: pulumi.Int(contract.PublicPort)},
		corev1.ContainerPortArgs{Name: pulumi.String(portInternal), ContainerPort: pulumi.Int(contract.InternalPort)},
	}
	// A start loads and tests the models. A process that lives and is not ready
	// is left alone: killing it mends neither database nor cache.
	c.StartupProbe = probe(contract.HealthPath, portPublic, 2, 60, 2)
	c.LivenessProbe = probe(contract.HealthPath, portPublic, 10, 6, 3)
	c.ReadinessProbe = probe(contract.ReadyPath, portPublic, 5, 3, 3)
	c.Lifecycle = corev1.LifecycleArgs{PreStop: corev1.LifecycleHandlerArgs{Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(deregister)}}}

	spec := w.pod(w.Edge.Account, priorityServe, c)
	spec.TerminationGracePeriodSeconds = pulumi.Int(deregister + int(contract.ShutdownGrace.Seconds()))
	spec.TopologySpreadConstraints = spread(pods)
	// The autoscaler counts the replicas after the first deployment.
	deployment, err := appsv1.NewDeployment(w.ctx, w.Name(name), &appsv1.DeploymentArgs{
		Metadata: w.meta(name, pods),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(w.Serve.Min), Selector: metav1.LabelSelectorArgs{MatchLabels: pods},
			Strategy: rolling(), Template: podTemplate(pods, s, spec),
			ProgressDeadlineSeconds: pulumi.Int(300), RevisionHistoryLimit: pulumi.Int(10), MinReadySeconds: pulumi.Int(5),
		},
	}, w.child, w.after(append(s.objects, migrated)...), pulumi.IgnoreChanges([]string{"spec.replicas"}))
	if err != nil {
		return none, err
	}
	service, err := corev1.NewService(w.ctx, w.Name(name), &corev1.ServiceArgs{
		Metadata: w.meta(name, pods),
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: pods,
			Ports: corev1.ServicePortArray{
				corev1.ServicePortArgs{Name: pulumi.String(portPublic), Port: pulumi.Int(80), TargetPort: pulumi.String(portPublic), Protocol: pulumi.String("TCP")},
				corev1.ServicePortArgs{Name: pulumi.String(portInternal), Port: pulumi.Int(contract.InternalPort), TargetPort: pulumi.String(portInternal), Protocol: pulumi.String("TCP")},
			},
		},
	}, w.child, w.after(), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "10m"}))
	if err != nil {
		return none, err
	}
	if err := w.scaling(name, pods, deployment); err != nil {
		return none, err
	}
	return service.Metadata.Name().Elem(), w.disruption(name, pods, w.Serve.Min-1)
}

// scaling adds replicas by half and takes them away by a tenth, for the load
// of a game day comes at once and goes slowly.
func (w *workload) scaling(name string, pods pulumi.StringMap, deployment *appsv1.Deployment) error {
	utilisation := func(resource string, percent int) autoscalingv2.MetricSpecArgs {
		return autoscalingv2.MetricSpecArgs{Type: pulumi.String("Resource"), Resource: autoscalingv2.ResourceMetricSourceArgs{
			Name: pulumi.String(resource), Target: autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(percent)},
		}}
	}
	rules := func(window, percent int) autoscalingv2.HPAScalingRulesArgs {
		return autoscalingv2.HPAScalingRulesArgs{
			StabilizationWindowSeconds: pulumi.Int(window),
			Policies: autoscalingv2.HPAScalingPolicyArray{autoscalingv2.HPAScalingPolicyArgs{
				Type: pulumi.String("Percent"), Value: pulumi.Int(percent), PeriodSeconds: pulumi.Int(60),
			}},
		}
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(w.ctx, w.Name(name), &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: w.meta(name, pods),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(name),
			},
			MinReplicas: pulumi.Int(w.Serve.Min), MaxReplicas: pulumi.Int(w.Serve.Max),
			Metrics: autoscalingv2.MetricSpecArray{utilisation("cpu", 70), utilisation("memory", 80)},
			Behavior: autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleUp: rules(60, 50), ScaleDown: rules(300, 10),
			},
		},
	}, w.child, pulumi.DependsOn([]pulumi.Resource{deployment}))
	return err
}

// disruption lets upgrades of nodes take pods away one by one.
func (w *workload) disruption(name string, pods pulumi.StringMap, keep int) error {
	_, err := policyv1.NewPodDisruptionBudget(w.ctx, w.Name(name), &policyv1.PodDisruptionBudgetArgs{
		Metadata: w.meta(name, pods),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MinAvailable: pulumi.Int(keep), Selector: metav1.LabelSelectorArgs{MatchLabels: pods},
			// A pod that is not ready serves nobody and may always go.
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, w.child, w.after())
	return err
}
