package workload

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
)

// tlsPolicy offers TLS 1.3 and 1.2 with forward secrecy.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// The parameters of the load balancer, as far as they are used.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/
type (
	classParams struct {
		Namespaces   labelSelector        `pulumi:"namespaceSelector"`
		Scheme       string               `pulumi:"scheme"`
		AddressType  string               `pulumi:"ipAddressType"`
		TargetType   string               `pulumi:"targetType"`
		Certificates []pulumi.StringInput `pulumi:"certificateArn"`
		TLSPolicy    string               `pulumi:"sslPolicy"`
		RedirectPort string               `pulumi:"sslRedirectPort"`
		Firewall     pulumi.StringInput   `pulumi:"wafv2AclArn"`
		Attributes   []pair               `pulumi:"loadBalancerAttributes"`
		Tags         []pair               `pulumi:"tags"`
	}
	labelSelector struct {
		Labels map[string]string `pulumi:"matchLabels"`
	}
	pair struct {
		Key   string `pulumi:"key"`
		Value string `pulumi:"value"`
	}
)

// ingress registers the way in: one load balancer for the domain, with the
// certificate and the firewall of the edge. The class holds them, so that no
// ingress can come without.
func (w *workload) ingress() error {
	params := classParams{
		Namespaces: labelSelector{map[string]string{"kubernetes.io/metadata.name": w.Namespace}},
		Scheme:     "internet-facing", AddressType: "ipv4", TargetType: "ip",
		Certificates: []pulumi.StringInput{w.Edge.Certificate}, TLSPolicy: tlsPolicy, RedirectPort: "443",
		Firewall: w.Edge.Firewall,
		Attributes: []pair{
			{"routing.http.drop_invalid_header_fields.enabled", "true"},
			{"deletion_protection.enabled", "false"}, // the ingress must be able to go
			{"idle_timeout.timeout_seconds", "60"},
		},
	}
	for _, key := range slices.Sorted(maps.Keys(w.Edge.Tags)) {
		params.Tags = append(params.Tags, pair{key, w.Edge.Tags[key]})
	}
	class, err := w.custom("ingress-class", "elbv2.k8s.aws/v1beta1", "IngressClassParams", w.className(), params)
	if err != nil {
		return err
	}
	named, err := networkingv1.NewIngressClass(w.ctx, w.Name("ingress"), &networkingv1.IngressClassArgs{
		Metadata: w.className(),
		Spec: networkingv1.IngressClassSpecArgs{
			Controller: pulumi.String("ingress.k8s.aws/alb"),
			Parameters: networkingv1.IngressClassParametersReferenceArgs{
				ApiGroup: pulumi.String("elbv2.k8s.aws"), Kind: pulumi.String("IngressClassParams"), Name: w.Edge.Class,
			},
		},
	}, w.child, pulumi.DependsOn([]pulumi.Resource{class}))
	if err != nil {
		return err
	}
	backend := networkingv1.IngressServiceBackendArgs{Name: w.services[0], Port: networkingv1.ServiceBackendPortArgs{Name: pulumi.String(portPublic)}}
	meta := w.meta("api", selector(componentServe))
	meta.Annotations = pulumi.StringMap{
		"alb.ingress.kubernetes.io/listen-ports":                 pulumi.String(`[{"HTTP":80},{"HTTPS":443}]`),
		"alb.ingress.kubernetes.io/healthcheck-path":             pulumi.String(contract.ReadyPath),
		"alb.ingress.kubernetes.io/healthcheck-interval-seconds": pulumi.String("10"),
		"alb.ingress.kubernetes.io/healthcheck-timeout-seconds":  pulumi.String("5"),
		"alb.ingress.kubernetes.io/success-codes":                pulumi.String("200"),
		"alb.ingress.kubernetes.io/target-group-attributes": pulumi.String(fmt.Sprintf(
			"deregistration_delay.timeout_seconds=%d,load_balancing.algorithm.type=least_outstanding_requests", int(contract.ShutdownGrace.Seconds()))),
	}
	if len(w.Releases) > 1 {
		const action = "release"
		meta.Annotations.(pulumi.StringMap)["alb.ingress.kubernetes.io/actions."+action] = w.weights()
		backend = networkingv1.IngressServiceBackendArgs{Name: pulumi.String(action), Port: networkingv1.ServiceBackendPortArgs{Name: pulumi.String("use-annotation")}}
	}
	_, err = networkingv1.NewIngress(w.ctx, w.Name("api"), &networkingv1.IngressArgs{
		Metadata: meta,
		Spec: networkingv1.IngressSpecArgs{
			IngressClassName: w.Edge.Class,
			Rules: networkingv1.IngressRuleArray{networkingv1.IngressRuleArgs{
				Host: pulumi.String(w.Edge.Domain),
				Http: networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{networkingv1.HTTPIngressPathArgs{
					Path: pulumi.String("/"), PathType: pulumi.String("Prefix"),
					Backend: networkingv1.IngressBackendArgs{Service: backend},
				}}},
			}},
		},
	}, w.child, w.after(named))
	return err
}

// The action that sends requests to releases by weight.
type (
	forward struct {
		Type   string        `json:"type"`
		Config forwardConfig `json:"forwardConfig"`
	}
	forwardConfig struct {
		Groups []targetGroup `json:"targetGroups"`
	}
	targetGroup struct {
		Service string `json:"serviceName"`
		Port    string `json:"servicePort"`
		Weight  int    `json:"weight"`
	}
)

// weights sends everything to the live release. The other one stays in the
// load balancer with no weight, healthy and ready to take over.
func (w *workload) weights() pulumi.StringOutput {
	names := make(pulumi.StringArray, len(w.services))
	for i, service := range w.services {
		names[i] = service
	}
	return names.ToStringArrayOutput().ApplyT(func(known []string) (string, error) {
		action := forward{Type: "forward"}
		for i, name := range known {
			weight := 0
			if w.Releases[i].Live {
				weight = 100
			}
			action.Config.Groups = append(action.Config.Groups, targetGroup{name, portPublic, weight})
		}
		text, err := json.Marshal(action)
		return string(text), err
	}).(pulumi.StringOutput)
}

// className names the class as its controller's output does, so that it comes
// after the controller and goes before it.
func (w *workload) className() *metav1.ObjectMetaArgs {
	m := w.global("", nil)
	m.Name = w.Edge.Class.ToStringOutput()
	return m
}
