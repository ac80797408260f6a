package enginetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/schema"
)

// provider speaks the engine's protocol for every package of a stack but the
// EKS component, which is the real one.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	cloud *Cloud
}

// Check tells what is wrong with inputs before anything is asked of the cloud.
func (p *provider) Check(_ context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := decode(in.GetNews())
	if err != nil {
		return nil, err
	}
	out := &pulumirpc.CheckResponse{Inputs: in.GetNews()}
	if strings.HasPrefix(in.GetType(), "kubernetes:") {
		return out, nil // Kubernetes judges its objects itself
	}
	check := schema.CheckChange
	if in.GetOlds() == nil {
		check = schema.Check
	}
	for _, problem := range check(in.GetType(), inputs) {
		property, _, _ := strings.Cut(problem.Path, ".")
		out.Failures = append(out.Failures, &pulumirpc.CheckFailure{Property: property, Reason: problem.Error()})
	}
	return out, nil
}

// Diff compares inputs: what the engine has to do with a difference, the
// knowledge of the type says.
func (p *provider) Diff(ctx context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, new, out, err := compare(in)
	if err != nil {
		return nil, err
	}
	if len(out.Diffs) == 0 {
		if drift := p.cloud.drifted(ctx, in.GetType(), new); drift != nil {
			out.Changes, out.Diffs = pulumirpc.DiffResponse_DIFF_SOME, []string{drift.Error()}
		}
	}
	before, after := schema.Plain(old), schema.Plain(new)
	object := strings.HasPrefix(in.GetType(), "kubernetes:") && in.GetType() != helm.Type
	paths := schema.Replaces(in.GetType(), before, after)
	if object {
		paths = replaced(in.GetType(), before, after)
	}
	for _, path := range paths {
		property, _, _ := strings.Cut(path, ".")
		out.Replaces = append(out.Replaces, property)
	}
	out.Replaces = slices.Compact(out.Replaces)
	// A given name is taken as long as the old one lives.
	name, _ := schema.Name(in.GetType(), after)
	was, _ := schema.Name(in.GetType(), before)
	taken := name == was && schema.Given(in.GetType(), after)
	if object {
		taken = sameObject(before, after)
	}
	out.DeleteBeforeReplace = len(out.Replaces) > 0 && taken
	return out, nil
}

// Create makes a resource.
func (p *provider) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := decode(in.GetProperties())
	if err != nil {
		return nil, err
	}
	if in.GetPreview() {
		outputs, err := encode(p.cloud.expect(regionOf(ctx), in.GetType(), in.GetUrn(), in.GetName(), inputs))
		return &pulumirpc.CreateResponse{Properties: outputs}, err
	}
	if err := p.cloud.provision(ctx, in.GetType(), inputs); err != nil {
		return nil, fmt.Errorf("creating %s: %w", in.GetUrn(), err)
	}
	t, err := p.cloud.create(regionOf(ctx), in.GetType(), in.GetUrn(), in.GetName(), inputs)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", in.GetUrn(), err)
	}
	outputs, err := encode(t.Outputs)
	return &pulumirpc.CreateResponse{Id: t.ID, Properties: outputs}, err
}

// Read tells what a resource is now; of one that is gone there is no id.
func (p *provider) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	t := p.cloud.read(regionOf(ctx), in.GetType(), in.GetId())
	if t == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	if lost, err := p.cloud.lost(ctx, t); err != nil || lost {
		return &pulumirpc.ReadResponse{}, err
	}
	inputs, err := encode(t.Inputs)
	if err != nil {
		return nil, err
	}
	outputs, err := encode(t.Outputs)
	return &pulumirpc.ReadResponse{Id: t.ID, Inputs: inputs, Properties: outputs}, err
}

// Update changes a resource in place.
func (p *provider) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	inputs, err := decode(in.GetNews())
	if err != nil {
		return nil, err
	}
	if in.GetPreview() {
		expected, err := decode(in.GetOlds())
		if err != nil {
			return nil, err
		}
		for name, value := range inputs {
			expected[name] = value
		}
		for _, name := range volatile(in.GetType()) {
			expected[name] = resource.MakeComputed(resource.NewProperty(""))
		}
		outputs, err := encode(expected)
		return &pulumirpc.UpdateResponse{Properties: outputs}, err
	}
	if err := p.cloud.provision(ctx, in.GetType(), inputs); err != nil {
		return nil, fmt.Errorf("updating %s: %w", in.GetUrn(), err)
	}
	t, err := p.cloud.update(regionOf(ctx), in.GetType(), in.GetId(), inputs)
	if err != nil {
		return nil, fmt.Errorf("updating %s: %w", in.GetUrn(), err)
	}
	outputs, err := encode(t.Outputs)
	return &pulumirpc.UpdateResponse{Properties: outputs}, err
}

// Delete removes a resource.
func (p *provider) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if err := p.cloud.withdraw(ctx, p.cloud.read(regionOf(ctx), in.GetType(), in.GetId())); err != nil {
		return nil, fmt.Errorf("deleting %s: %w", in.GetUrn(), err)
	}
	if err := p.cloud.remove(regionOf(ctx), in.GetType(), in.GetId()); err != nil {
		return nil, fmt.Errorf("deleting %s: %w", in.GetUrn(), err)
	}
	return &emptypb.Empty{}, nil
}

// Invoke answers the functions that the EKS component asks.
func (p *provider) Invoke(_ context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	answers := map[string]map[string]any{
		"aws:index/getPartition:getPartition": {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"},
	}
	answer, known := answers[in.GetTok()]
	if !known {
		return nil, fmt.Errorf("nobody has told this cloud how to answer %s: add it to infra/enginetest/provider.go", in.GetTok())
	}
	result, err := encode(resource.NewPropertyMapFromMap(answer))
	return &pulumirpc.InvokeResponse{Return: result}, err
}

func decode(in *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(in, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

func encode(out resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(out, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}
