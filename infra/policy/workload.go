package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// workload: callers come by one door, and the loss of a node or a zone does
// not end the service.
func workload() []Rule {
	return []Rule{
		{
			Name:       "disruption-budget",
			Reason:     "an upgrade of nodes takes all replicas at once where nothing forbids it, and a zone takes all that stand in it",
			Reference:  "Kubernetes, Disruption budgets: https://kubernetes.io/docs/tasks/run-application/configure-pdb/; topology spread: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
			Production: true,
			check:      disruptions,
		},
		{
			Name:      "ingress-guarded",
			Reason:    "an ingress without its class gets a load balancer with neither TLS nor firewall, and so does a service with an address of its own",
			Reference: "AWS Load Balancer Controller, IngressClass: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/ (CIS EKS 5.4.5)",
			check:     guarded,
		},
	}
}

// disruptions wants replicas in different zones, of which few may go at once.
func disruptions(i *inspection) {
	const zone = "topology.kubernetes.io/zone"
	for _, p := range i.pods() {
		if replicas := i.replicas(p); replicas < 2 || !slices.Contains([]string{"Deployment", "StatefulSet"}, kind(p.Resource)) {
			continue
		}
		var budgets []*plan.Resource
		for _, r := range i.OfType(budgetType) {
			if namespace, _ := named(r); namespace == p.namespace() && selects(r, "spec.selector", p.labels()) {
				budgets = append(budgets, r)
			}
		}
		if len(budgets) != 1 {
			i.fault(p.Resource, "", "%d disruption budgets select its pods: add exactly one, for none protects them and with two none can go", len(budgets))
		}
		for _, r := range budgets {
			if !balanced(r, p.Inputs.Number("spec.replicas")) {
				i.fault(r, "spec", "it lets all replicas go, or none: keep some, but less than there are")
			}
		}
		spread := slices.ContainsFunc(expand(p.Inputs, p.at("topologySpreadConstraints.*")), func(path string) bool {
			return p.Inputs.Text(path+".topologyKey") == zone && selects(p.Resource, path+".labelSelector", p.labels())
		})
		if !spread {
			i.fault(p.Resource, p.at("topologySpreadConstraints"), "all replicas may stand in one zone: spread them by %s", zone)
		}
	}
}

// replicas is how many there may be, by themselves or by their autoscaler.
func (i *inspection) replicas(p pod) float64 {
	replicas := p.Inputs.Number("spec.replicas")
	at, name := named(p.Resource)
	for _, r := range i.OfType(scalerType) {
		namespace, _ := named(r)
		if namespace == at && r.Inputs.Text("spec.scaleTargetRef.kind") == kind(p.Resource) && r.Inputs.Text("spec.scaleTargetRef.name") == name {
			replicas = max(replicas, r.Inputs.Number("spec.maxReplicas"))
		}
	}
	return replicas
}

// balanced reports whether a budget keeps some of the replicas and lets others
// go.
func balanced(budget *plan.Resource, replicas float64) bool {
	keep, gone := budget.Inputs.At("spec.minAvailable"), budget.Inputs.At("spec.maxUnavailable")
	if n, is := keep.(float64); is && (n < 1 || n >= replicas && replicas > 0) {
		return false
	}
	if n, is := gone.(float64); is && (n < 1 || n >= replicas && replicas > 0) {
		return false
	}
	for _, share := range []any{keep, gone} {
		if slices.Contains([]any{"0", "0%", "100%"}, share) {
			return false
		}
	}
	return (keep == nil) != (gone == nil)
}

// guarded wants every way in to lead through the load balancer with the
// certificate and the firewall.
func guarded(i *inspection) {
	i.params()
	classes := map[string]bool{}
	for _, r := range i.OfType(ingressClassType) {
		_, name := named(r)
		classes[name] = true
		parameters := r.Inputs.Text("spec.parameters.name")
		known := slices.ContainsFunc(i.OfType(ingressParamsType), func(r *plan.Resource) bool {
			_, name := named(r)
			return name == parameters && name != ""
		})
		if r.Inputs.Text("spec.parameters.kind") != "IngressClassParams" || !known {
			i.fault(r, "spec.parameters", "ingresses of the class choose their own certificate and firewall, or none: point it at IngressClassParams of the program")
		}
	}
	for _, r := range i.OfType(ingressType) {
		if class := r.Inputs.Text("spec.ingressClassName"); !classes[class] || class == "" {
			i.fault(r, "spec.ingressClassName", "the class %q is not of the program: name the one with certificate and firewall", class)
		}
	}
	for _, r := range i.OfType(serviceType) {
		if typ := r.Inputs.Text("spec.type"); typ != "" && typ != "ClusterIP" {
			i.fault(r, "spec.type", "callers reach a service of type %s beside the firewall: make it ClusterIP and send them by the ingress", typ)
		}
		i.hold(r, must{"spec.externalIPs", none, "it takes the traffic of these addresses: leave out externalIPs"})
	}
}

func (i *inspection) params() {
	for _, r := range i.OfType(ingressParamsType) {
		i.hold(r,
			must{"spec.certificateArn.*", given, "callers speak in plain: give certificateArn"},
			must{"spec.wafv2AclArn", given, "nothing judges callers: give wafv2AclArn"},
			must{"spec.sslPolicy", modern, "old ciphers or versions of TLS are offered: set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or one with less"},
			must{"spec.sslRedirectPort", exactly("443"), "who comes without TLS is answered without: set sslRedirectPort to 443"},
		)
	}
}

// modern knows the policies of load balancers with TLS 1.3, at least 1.2, and
// forward secrecy throughout.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
func modern(v any) bool {
	name, _ := v.(string)
	name, is := strings.CutPrefix(name, "ELBSecurityPolicy-TLS13-1-")
	return is && (strings.HasPrefix(name, "2-") || strings.HasPrefix(name, "3-")) && !strings.Contains(name, "Ext")
}
