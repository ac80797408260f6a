package controllers

import (
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/netpolicy"
)

// monitoring is the namespace whose Prometheus scrapes.
const monitoring = "monitoring"

// pods are the pods of one deployment of a chart and whom they meet. All of
// them resolve names and call the API server.
type pods struct {
	release string
	name    string // the label app.kubernetes.io/name
	outside bool   // call AWS, or others on the internet
	webhook int    // port that the API server calls; 0 for none
	metrics int    // port that Prometheus scrapes; 0 for none
}

// labels tell them from all others in the namespace.
func (p pods) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": p.name, "app.kubernetes.io/instance": p.release}
}

// parts name them among all of the stack.
func (p pods) parts() []string {
	if p.name == p.release {
		return []string{p.release}
	}
	return []string{p.release, strings.TrimPrefix(p.name, p.release+"-")}
}

// deny closes a namespace: what no other policy opens is shut.
func (c *controllers) deny(namespace pulumi.StringInput, part string) (pulumi.Resource, error) {
	return c.policy(c.Name(part, "default-deny"), namespace, "default-deny", netpolicy.Policy{})
}

// allow opens what the pods need, and nothing else.
func (c *controllers) allow(namespace pulumi.StringInput, p pods) (pulumi.Resource, error) {
	policy := netpolicy.Policy{
		Pods: netpolicy.Labelled(p.labels()),
		Out:  []netpolicy.Way{netpolicy.DNS(), netpolicy.APIServer(c.Networks.Services, c.Networks.VPC)},
	}
	if p.webhook != 0 {
		// The API server is no pod: it comes from its interfaces in the VPC.
		policy.In = append(policy.In, netpolicy.Way{Peers: netpolicy.Blocks(c.Networks.VPC), Ports: netpolicy.TCP(p.webhook)})
	}
	if p.metrics != 0 {
		prometheus := netpolicy.Pods(monitoring, map[string]string{"app.kubernetes.io/name": "prometheus"})
		policy.In = append(policy.In, netpolicy.Way{Peers: []netpolicy.Peer{prometheus}, Ports: netpolicy.TCP(p.metrics)})
	}
	if p.outside {
		// AWS answers inside the VPC where there is an endpoint, which is open
		// already, and outside where there is none.
		policy.Out = append(policy.Out, netpolicy.Way{Peers: []netpolicy.Peer{netpolicy.Internet()}, Ports: netpolicy.TCP(443)}, netpolicy.Credentials())
	}
	return c.policy(c.Name(p.parts()...), namespace, p.name, policy)
}

func (c *controllers) policy(resource string, namespace pulumi.StringInput, name string, p netpolicy.Policy) (pulumi.Resource, error) {
	return networkingv1.NewNetworkPolicy(c.ctx, resource, &networkingv1.NetworkPolicyArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace.ToStringOutput()}, Spec: p.Spec(),
	}, c.child)
}
