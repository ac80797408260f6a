package enginetest

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/script-ohio/platform/infra/schema"
)

// compare decodes both sides of a request and answers what differs.
func compare(in *pulumirpc.DiffRequest) (old, new resource.PropertyMap, out *pulumirpc.DiffResponse, err error) {
	if old, err = decode(in.GetOldInputs()); err != nil {
		return nil, nil, nil, err
	}
	if new, err = decode(in.GetNews()); err != nil {
		return nil, nil, nil, err
	}
	out = &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, Diffs: differ(old, new)}
	if len(out.Diffs) > 0 {
		out.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	return old, new, out, nil
}

// differ lists the properties whose values differ, marks of secrets apart.
func differ(old, new resource.PropertyMap) []string {
	before, after := schema.Plain(old), schema.Plain(new)
	var names []string
	for _, in := range []schema.Object{before, after} {
		for name := range in {
			if !equal(before[name], after[name]) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
