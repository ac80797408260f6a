package program_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
)

// counter is a monitor that counts what registers.
type counter struct{ registered int }

func (c *counter) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }
func (c *counter) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.registered++
	return "", nil, nil
}

func TestBadConfigurationRegistersNothing(t *testing.T) {
	c := plantest.Config(t, "prod")
	c.Network.Reserved = []netip.Prefix{netip.MustParsePrefix("10.0.64.0/18")}
	c.Cluster.PublicAccess = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	c.Cluster.Version = "1.28"
	c.Database.Replicas = 1
	c.Cluster.NodeMin = 2
	c.Edge.Domain = ""
	monitor := &counter{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error { return program.Deploy(ctx, c, plantest.Day()) },
		pulumi.WithMocks("script-ohio", "prod", monitor))
	for _, want := range []string{
		"the configuration of stack prod is refused",
		"reserved network 10.0.64.0/18 overlaps VPC 10.0.0.0/16",
		"0.0.0.0/0 opens the API server to everybody",
		`EKS "1.28" is not known: choose among 1.34, 1.35, 1.36`,
		"1 primary and 1 read replicas for 3 zones",
		"at least 2 nodes for 3 zones",
		`domain "" is not a host name`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.Zero(t, monitor.registered)
}

func TestAVersionThatLeftSupportIsRefusedByTheClock(t *testing.T) {
	c := plantest.Config(t, "prod")
	_, err := program.Record(t.Context(), c, time.Date(2027, time.August, 3, 0, 0, 0, 0, time.UTC))
	require.ErrorContains(t, err, "EKS 1.36 left standard support on 2027-08-02")
}

func TestOtherStacksRegisterToo(t *testing.T) {
	c := plantest.Config(t, "prod")
	c.Stack, c.General.Protect, c.General.CrossRegion, c.General.Environment = "copy", false, false, "staging"
	c.Guard.Account, c.Network.Endpoints = false, false
	c.Cache.Engine, c.Cache.Version = "redis", "7.1"
	c.General.Zones = c.General.Zones[:2]
	graph := record(t, c)
	for _, r := range graph.Resources {
		require.False(t, r.Protect || r.RetainOnDelete, "%s: an unprotected stack leaves nothing", r.URN)
	}
	require.Nil(t, graph.Outputs["backupsCopyBucket"].Value)
}
