package enginetest

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/script-ohio/platform/infra/schema"
)

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
