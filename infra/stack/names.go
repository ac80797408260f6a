package stack

import (
	"strings"

	"github.com/script-ohio/platform/infra/layout"
)

// Name is the one way to name a resource, in Pulumi and in AWS:
// script-ohio-<stack>-<parts>. Names are an interface: another name is
// another resource, and the old one is deleted.
func (c Config) Name(parts ...string) string {
	return strings.Join(append([]string{Project, c.Stack}, parts...), "-")
}

// Bucket names a bucket. Bucket names are shared by all customers of AWS and
// by all regions, so the name says whose and where.
func (c Config) Bucket(part, region string) string {
	return c.Name(part, c.General.Account, region)
}

// Tags are on every resource of the stack, through the provider.
func (c Config) Tags() map[string]string {
	return map[string]string{
		"Project":     Project,
		"Stack":       c.Stack,
		"Environment": string(c.General.Environment),
		"Owner":       c.General.Owner,
		"Repository":  c.General.Repository,
		"ManagedBy":   "pulumi",
	}
}

// Zones plans the subnets of the stack.
func (c Config) Zones() ([]layout.Zone, error) {
	return layout.Plan(c.Network.VPC, c.General.Zones)
}
