// Package helm registers Helm releases by their type token: the SDK's own
// package compiles 66 others along.
package helm

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/token"
)

// Type is the type token.
const Type = "kubernetes:helm.sh/v3:Release"

// Chart is one version of a chart.
type Chart struct {
	// Repository is where it is: https:// of an index, or oci:// of the
	// registry's folder.
	Repository string
	Name       string
	Version    string // exact, as the repository writes it
}

// Install is a release of the chart with what a release of ours must have: it
// counts as there once what it installs is ready, and takes back what it began
// where that does not come.
func Install[V any](chart Chart, namespace pulumi.StringInput, values V) Release[V] {
	r := Release[V]{
		Name: chart.Name, Namespace: namespace, Chart: chart.Name, Version: chart.Version, Values: values,
		Timeout: patience, Atomic: true, CleanupOnFail: true, MaxHistory: history,
	}
	if strings.HasPrefix(chart.Repository, "oci://") {
		r.Chart = chart.Repository + "/" + chart.Name
	} else {
		r.Repository = &Repository{URL: chart.Repository}
	}
	return r
}

const (
	// patience is how long an installation, an upgrade or a removal may take:
	// on a new cluster images come first, and hooks run after.
	patience = 600 // seconds
	// history is how many revisions can be gone back to. Each is a secret in
	// the namespace.
	history = 5
)

// Release installs a chart. V is a struct with the chart's values; what it
// leaves out is the chart's default.
// https://www.pulumi.com/registry/packages/kubernetes/api-docs/helm/v3/release/
type Release[V any] struct {
	// Name is the release's: objects are called after it. Without it Pulumi
	// makes one up.
	Name       string             `pulumi:"name"`
	Namespace  pulumi.StringInput `pulumi:"namespace"`
	Chart      string             `pulumi:"chart"`          // its name in the repository, or its oci:// address
	Version    string             `pulumi:"version"`        // exact
	Repository *Repository        `pulumi:"repositoryOpts"` // nil for an oci:// address
	Values     V                  `pulumi:"values"`

	Timeout         int  `pulumi:"timeout"`         // seconds
	Atomic          bool `pulumi:"atomic"`          // a failed installation is removed, a failed upgrade rolled back
	CleanupOnFail   bool `pulumi:"cleanupOnFail"`   // of what a failed upgrade added
	CreateNamespace bool `pulumi:"createNamespace"` // such a namespace has no labels and stays behind
	SkipAwait       bool `pulumi:"skipAwait"`       // of what it installs
	SkipCRDs        bool `pulumi:"skipCrds"`        // of the chart's crds folder, which is never upgraded
	MaxHistory      int  `pulumi:"maxHistory"`
}

// Repository is where a chart is looked up by its name.
type Repository struct {
	URL string `pulumi:"repo"`
}

// Resource is a release once registered.
type Resource struct {
	pulumi.CustomResourceState
	Name pulumi.StringOutput `pulumi:"name"`
}

// Ready is the text once the release runs: who takes it comes after the
// release and leaves before it.
func (r *Resource) Ready(text string) pulumi.StringOutput {
	return r.URN().ApplyT(func(pulumi.URN) string { return text }).(pulumi.StringOutput)
}

// Shapes are the structs by type token, for checks of inputs.
func Shapes() map[string]any { return map[string]any{Type: Release[any]{}} }

// New registers a release.
func New[V any](ctx *pulumi.Context, name string, release Release[V], opts ...pulumi.ResourceOption) (*Resource, error) {
	if err := release.check(); err != nil {
		return nil, err
	}
	r := &Resource{}
	return r, ctx.RegisterResource(Type, name, token.Inputs(release), r, opts...)
}

// check refuses what another day would install as something else.
func (r Release[V]) check() error {
	var p args.Problems
	p.Missing(r.Name == "", "the name of the release")
	p.Missing(r.Namespace == nil, "the namespace")
	p.Missing(r.Chart == "", "the chart")
	if !exact(r.Version) {
		p.Add(fmt.Errorf("the version %q is not exact: write it as 1.2.3 or v1.2.3", r.Version))
	}
	if oci := strings.HasPrefix(r.Chart, "oci://"); oci == (r.Repository != nil) {
		p.Add(fmt.Errorf("the chart %s must name its repository, or be an oci:// address without one", r.Chart))
	}
	if r.SkipAwait && r.Atomic {
		p.Add(fmt.Errorf("without waiting nobody sees that it failed, so it cannot be atomic"))
	}
	return p.Of("helm release " + r.Name)
}

// exact reports whether a version is one and not a range of them.
func exact(version string) bool {
	is, _ := regexp.MatchString(`^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`, version)
	return is
}
