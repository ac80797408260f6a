// Package provider makes the providers that every resource must name: default
// ones are disabled by pulumi:disable-default-providers in the stack files.
package provider

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/stack"
)

// Set is the providers of one stack. The AWS ones are bound to its account,
// so that the wrong credentials change nothing, and put its tags on
// everything.
type Set struct {
	AWS      *aws.Provider // the stack's region
	Recovery *aws.Provider // the recovery region
	EKS      *eks.Provider // constructs the cluster component
	Random   *random.Provider
}

// New registers the providers.
func New(ctx *pulumi.Context, c stack.Config) (Set, error) {
	var s Set
	var errs [4]error
	s.AWS, errs[0] = newAWS(ctx, c, c.Name("aws"), c.General.Region)
	s.Recovery, errs[1] = newAWS(ctx, c, c.Name("aws", "recovery"), c.General.RecoveryRegion)
	s.EKS, errs[2] = eks.NewProvider(ctx, c.Name("eks"), nil)
	s.Random, errs[3] = random.NewProvider(ctx, c.Name("random"), nil)
	return s, errors.Join(errs[:]...)
}

func newAWS(ctx *pulumi.Context, c stack.Config, name, region string) (*aws.Provider, error) {
	return aws.NewProvider(ctx, name, &aws.ProviderArgs{
		Region:            pulumi.String(region),
		AllowedAccountIds: pulumi.ToStringArray([]string{c.General.Account}),
		DefaultTags:       aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(c.Tags())},
	})
}

// Kubernetes makes the provider of what stands inside the cluster, whose
// components and their children use it. Objects are applied by the server, so
// that two who set the same field meet at once. A cluster that cannot be
// reached is an error and never taken for an empty one.
func Kubernetes(ctx *pulumi.Context, c stack.Config, kubeconfig pulumi.StringInput) (pulumi.ResourceOption, error) {
	p, err := kubernetes.NewProvider(ctx, c.Name("kubernetes"), &kubernetes.ProviderArgs{
		Kubeconfig: kubeconfig.ToStringOutput(), EnableServerSideApply: pulumi.Bool(true), DeleteUnreachable: pulumi.Bool(false),
	})
	return pulumi.Providers(p), err
}

// Main lets a component and its children use the stack's region and random.
func (s Set) Main() pulumi.ResourceOption { return pulumi.Providers(s.AWS, s.Random) }

// Cluster lets the EKS component and its children use their providers.
func (s Set) Cluster() pulumi.ResourceOption { return pulumi.Providers(s.AWS, s.EKS) }

// InRecovery places a single resource, or a component and its children, into
// the recovery region.
func (s Set) InRecovery() pulumi.ResourceOption { return pulumi.Provider(s.Recovery) }
