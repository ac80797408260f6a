// Package controllers installs the controllers that the cluster does not bring
// along: load balancers, secrets, DNS records and certificates, and on demand
// nodes. Each is a Helm release at an exact version, with a service account
// that AWS trusts, behind network policies of its own.
package controllers

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/helm"
)

// Type is the type of the component.
const Type = "script-ohio:controllers:Controllers"

// Args say what they serve and as whom.
type Args struct {
	Name func(parts ...string) string // names a resource of the stack, in Pulumi

	ClusterName pulumi.StringInput
	Region      string
	VPC         pulumi.StringInput // id
	Networks    Networks
	Accounts    Accounts

	Domain       string // host name that gets its address from the ingress
	HostedZoneID string // the zone that the domain lies in

	Production bool              // a second replica of each, on another node
	Tags       map[string]string // on load balancers, which the provider's default tags do not reach

	Karpenter *Karpenter // nil: the nodes are those of the node group
}

// Networks are the addresses by which pods and the API server meet.
type Networks struct {
	VPC      netip.Prefix // the API server calls webhooks from here and answers here
	Services netip.Prefix // of Kubernetes services, the API server's among them
}

// Account is the service account of a controller.
type Account struct {
	Namespace string
	Name      string
	Role      pulumi.StringInput // ARN, known once new pods of the account get it
}

// Accounts are those of the controllers.
type Accounts struct{ LoadBalancer, Secrets, DNS, Certificates Account }

// Karpenter adds nodes of the size that pods need.
type Karpenter struct {
	Account Account
	Queue   pulumi.StringInput // name of the SQS queue that tells of interruptions
}

// Outputs are known once the controller runs: who takes one comes after it and
// leaves before it.
type Outputs struct {
	IngressClass pulumi.StringOutput // name of the class whose ingresses get a load balancer
	Secrets      pulumi.StringOutput // name; secret stores and external secrets are served
	DNS          pulumi.StringOutput // name; hosts of ingresses of the class get records
	Certificates pulumi.StringOutput // name; issuers and certificates are served
	Nodes        pulumi.StringOutput // name; node pools are served; empty without Karpenter
}

type controllers struct {
	pulumi.ResourceState
	Args
	ctx   *pulumi.Context
	child pulumi.ResourceOption
}

// controller is one of them, and which output says that it runs.
type controller struct {
	install func() (*helm.Resource, error)
	ready   string
	into    *pulumi.StringOutput
}

// New installs them. They need a Kubernetes provider and do not need each
// other.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	c := &controllers{Args: given, ctx: ctx}
	if err := ctx.RegisterComponentResource(Type, name, c, opts...); err != nil {
		return nil, err
	}
	c.child = pulumi.Parent(c)
	out := &Outputs{Nodes: pulumi.String("").ToStringOutput()}
	all := []controller{
		{c.loadBalancers, ingressClass, &out.IngressClass},
		{c.secrets, secretsName, &out.Secrets},
		{c.dns, dnsName, &out.DNS},
		{c.certificates, certificatesName, &out.Certificates},
	}
	if given.Karpenter != nil {
		all = append(all, controller{c.nodes, nodesName, &out.Nodes})
	}
	for _, one := range all {
		release, err := one.install()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.ready, err)
		}
		*one.into = release.Ready(one.ready)
	}
	return out, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"ingressClass": out.IngressClass, "secrets": out.Secrets, "dns": out.DNS, "certificates": out.Certificates, "nodes": out.Nodes,
	})
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "the naming of resources")
	p.Missing(a.ClusterName == nil || a.VPC == nil || a.Region == "", "the cluster's name, VPC or region")
	p.Missing(!a.Networks.VPC.IsValid() || !a.Networks.Services.IsValid(), "the addresses of the VPC or of services")
	p.Missing(a.Domain == "" || a.HostedZoneID == "", "the domain or its hosted zone")
	accounts := []Account{a.Accounts.LoadBalancer, a.Accounts.Secrets, a.Accounts.DNS, a.Accounts.Certificates}
	if a.Karpenter != nil {
		accounts = append(accounts, a.Karpenter.Account)
		p.Missing(a.Karpenter.Queue == nil, "the queue of interruptions")
	}
	for _, account := range accounts {
		p.Missing(account.Namespace == "" || account.Name == "" || account.Role == nil,
			fmt.Sprintf("the namespace, name or role of service account %q", account.Name))
	}
	for key, value := range a.Tags {
		// The load balancer controller takes them as one text: k=v,k=v.
		if strings.ContainsAny(key, ",=") || strings.Contains(value, ",") {
			p.Add(fmt.Errorf("the tag %s=%s cannot be on load balancers: leave out commas and, in keys, equal signs", key, value))
		}
	}
	return p.Of("controllers")
}

// replicas are two in production, where a node may go without the controller.
func (a Args) replicas() int {
	if a.Production {
		return 2
	}
	return 1
}
