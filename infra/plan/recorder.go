// Package plan runs the program without a cloud and without an engine and
// keeps what it registers: a graph that can be drawn, priced, compared and
// held to rules. It takes no credentials, no network and a fraction of a
// second.
package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Stack is the stack that a program is recorded for.
type Stack struct {
	Project string
	Name    string
	Account string // AWS account in made-up ARNs, 12 digits
	Region  string // AWS region in made-up ARNs and host names
}

// Run records the program. It fails where the engine would: on an error of
// the program, a URN that stands twice, and a resource or function without an
// explicit provider, for default providers are disabled.
func Run(ctx context.Context, stack Stack, deploy pulumi.RunFunc) (*Graph, error) {
	r := &recorder{stack: stack, resources: map[string]*Resource{}}
	program, err := pulumi.NewContext(ctx, pulumi.RunInfo{Project: stack.Project, Stack: stack.Name, Mocks: r})
	if err != nil {
		return nil, err
	}
	exports := &exports{values: map[string]any{}}
	err = pulumi.RunWithContext(program, func(c *pulumi.Context) error {
		if err := deploy(c); err != nil {
			return err
		}
		exports.read(c)
		return nil
	})
	if err = errors.Join(err, program.Close()); err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	outputs, err := exports.resolved()
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	return newGraph(stack, slices.Collect(maps.Values(r.resources)), outputs), nil
}

// recorder is the monitor that the SDK talks to; registrations arrive from
// many goroutines.
type recorder struct {
	stack     Stack
	mu        sync.Mutex
	resources map[string]*Resource // by URN
}

// NewResource keeps one registration and answers with made-up outputs.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.RegisterRPC == nil {
		return "", nil, fmt.Errorf("%s %s reads what exists in the cloud: a plan cannot know it, so pass it as configuration", args.TypeToken, args.Name)
	}
	res := record(r.stack, args.RegisterRPC, args.Inputs)
	if res.Provider == "" && (res.Custom || res.Remote) && !res.isProvider() {
		return "", nil, fmt.Errorf("%s %s has no provider: default providers are disabled, pass one by pulumi.Provider or by its parent", res.Type, res.Name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twice := r.resources[res.URN]; twice {
		return "", nil, fmt.Errorf("%s is registered twice: names are unique below one type of parent", res.URN)
	}
	r.resources[res.URN] = res
	if !res.Custom && !res.Remote {
		return "", resource.PropertyMap{}, nil
	}
	// What a second region holds, its provider names.
	stack := r.stack
	if p := r.resources[res.Provider]; p != nil {
		stack.Region = or(p.Inputs.Text("region"), stack.Region)
	}
	id, outputs := Answer(stack, res)
	res.ID = id
	if arn := outputs["arn"]; arn.IsString() {
		res.ARN = arn.StringValue()
	}
	return id, outputs, nil
}

// Call refuses functions: their answers come from the cloud.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("function %s asks the cloud: a plan cannot know the answer, so pass it as configuration", args.Token)
}

func record(stack Stack, in *pulumirpc.RegisterResourceRequest, inputs resource.PropertyMap) *Resource {
	res := &Resource{
		URN:             newURN(stack, in.GetParent(), in.GetType(), in.GetName()),
		Type:            in.GetType(),
		Name:            in.GetName(),
		Parent:          in.GetParent(),
		Provider:        providerURN(in.GetProvider()),
		Custom:          in.GetCustom(),
		Remote:          in.GetRemote(),
		Protect:         in.GetProtect(),
		RetainOnDelete:  in.GetRetainOnDelete(),
		Dependencies:    append([]string{}, in.GetDependencies()...),
		Inputs:          Values{inputs},
		IgnoreChanges:   in.GetIgnoreChanges(),
		ReplaceOn:       in.GetReplaceOnChanges(),
		DeletedWith:     in.GetDeletedWith(),
		SecretOutputs:   in.GetAdditionalSecretOutputs(),
		DeleteBefore:    in.GetDeleteBeforeReplace(),
		PropertyDepends: map[string][]string{},
		Providers:       map[string]string{},
	}
	slices.Sort(res.Dependencies)
	for property, on := range in.GetPropertyDependencies() {
		if urns := on.GetUrns(); len(urns) > 0 {
			res.PropertyDepends[property] = slices.Sorted(slices.Values(urns))
		}
	}
	for pkg, ref := range in.GetProviders() {
		res.Providers[pkg] = providerURN(ref)
	}
	if t := in.GetCustomTimeouts(); t != nil {
		res.Timeouts = Timeouts{Create: t.GetCreate(), Update: t.GetUpdate(), Delete: t.GetDelete()}
	}
	for _, a := range in.GetAliases() {
		if urn := a.GetUrn(); urn != "" {
			res.Aliases = append(res.Aliases, urn)
			continue
		}
		// What an alias leaves out is as it is now.
		spec := a.GetSpec()
		parent := in.GetParent()
		if spec.GetParentUrn() != "" || spec.GetNoParent() {
			parent = spec.GetParentUrn()
		}
		old := Stack{Project: or(spec.GetProject(), stack.Project), Name: or(spec.GetStack(), stack.Name)}
		res.Aliases = append(res.Aliases, newURN(old, parent, or(spec.GetType(), in.GetType()), or(spec.GetName(), in.GetName())))
	}
	return res
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// newURN names a resource as the engine does: by the types of its parents,
// but not by their names.
func newURN(stack Stack, parent, typ, name string) string {
	var parentType tokens.Type
	if p := resource.URN(parent); p != "" && p.QualifiedType() != resource.RootStackType {
		parentType = p.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(stack.Name), tokens.PackageName(stack.Project), parentType, tokens.Type(typ), name))
}

// providerURN cuts the id off a reference, which is urn::id.
func providerURN(ref string) string {
	if i := strings.LastIndex(ref, "::"); i >= 0 {
		return ref[:i]
	}
	return ref
}

// exports collects what the program hands to its callers.
type exports struct {
	outputs map[string]pulumi.Output
	mu      sync.Mutex
	values  map[string]any
}

// read asks for every value. A literal is an output that nobody waits for; one
// of the context beside it makes the run wait.
func (e *exports) read(c *pulumi.Context) {
	tracked, resolve, _ := c.NewOutput()
	resolve(nil)
	inputs := c.GetCurrentExportMap()
	e.outputs = make(map[string]pulumi.Output, len(inputs))
	for name, input := range inputs {
		output := pulumi.ToOutput(input)
		e.outputs[name] = output
		pulumi.All(output, tracked).ApplyT(func(v []any) any {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.values[name] = v[0]
			return nil
		})
	}
}

func (e *exports) resolved() (map[string]Output, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make(map[string]Output, len(e.outputs))
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(e.outputs)) {
		value, known := e.values[name]
		switch {
		case !known:
			problems = append(problems, fmt.Errorf("output %s has no value: the program knows it only during a deployment", name))
		case pulumi.IsSecret(e.outputs[name]):
			all[name] = Output{Value: Masked, Secret: true}
		default:
			all[name] = Output{Value: value}
		}
	}
	return all, errors.Join(problems...)
}
