// Package edge is where callers arrive: the name of the API with its
// certificate, and the firewall in front of the load balancer. The load
// balancer itself, and the address record that points at it, come with the
// ingress of the workload.
package edge

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/stack"
)

// Type is the type of the component.
const Type = "script-ohio:edge:Edge"

// Args say what to build and where.
type Args struct {
	Name    func(parts ...string) string // names a resource of the stack
	Account string                       // 12 digits
	Region  string

	Config  stack.Edge
	LogDays int                // how long CloudWatch keeps the firewall's log
	LogsKey pulumi.StringInput // ARN of the KMS key for logs
	// Protect refuses to destroy the firewall's log and keeps it when the
	// stack lets go of it; nil means true.
	Protect *bool
}

// Outputs are what the ingress and the pods need.
type Outputs struct {
	URL         string              // of the API
	Certificate pulumi.StringOutput // ARN; known once the certificate is issued
	Firewall    pulumi.StringOutput // ARN of the web ACL
	BlockList   pulumi.StringOutput // ARN of the IP set that the app bans addresses with
}

type edge struct {
	pulumi.ResourceState
	Args
	ctx     *pulumi.Context
	protect bool
}

// New registers the edge.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	e := &edge{Args: given, ctx: ctx, protect: args.On(given.Protect)}
	if err := ctx.RegisterComponentResource(Type, name, e, opts...); err != nil {
		return nil, err
	}
	certificate, err1 := e.certificate()
	firewall, blocked, err2 := e.firewall()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := &Outputs{URL: "https://" + given.Config.Domain, Certificate: certificate, Firewall: firewall, BlockList: blocked}
	return out, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"url": pulumi.String(out.URL), "certificate": out.Certificate, "firewall": out.Firewall, "blockList": out.BlockList,
	})
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "the naming of resources")
	p.Missing(a.Account == "" || a.Region == "", "the account or region")
	p.Missing(a.Config.Domain == "" || a.Config.HostedZoneID == "", "the domain or its hosted zone")
	p.Missing(a.LogsKey == nil, "the KMS key of the logs")
	return p.Of("edge")
}
