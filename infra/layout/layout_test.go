package layout_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/layout"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func TestPlanOfTheUsualNetwork(t *testing.T) {
	zones, err := layout.Plan(prefix("10.0.0.0/16"), []string{"us-east-2a", "us-east-2b", "us-east-2c"})
	require.NoError(t, err)
	want := []layout.Zone{
		{Name: "us-east-2a", Private: prefix("10.0.0.0/19"), Public: prefix("10.0.128.0/22"), Database: prefix("10.0.144.0/24")},
		{Name: "us-east-2b", Private: prefix("10.0.32.0/19"), Public: prefix("10.0.132.0/22"), Database: prefix("10.0.145.0/24")},
		{Name: "us-east-2c", Private: prefix("10.0.64.0/19"), Public: prefix("10.0.136.0/22"), Database: prefix("10.0.146.0/24")},
	}
	require.Empty(t, cmp.Diff(want, zones, cmpopts.EquateComparable(netip.Prefix{})))
}

func TestPlanSaysEverythingThatIsWrong(t *testing.T) {
	good := []string{"us-east-2a"}
	for _, c := range []struct {
		name    string
		network netip.Prefix
		zones   []string
		want    []string
	}{
		{"no prefix", netip.Prefix{}, good, []string{"is not an IPv4 prefix"}},
		{"IPv6", prefix("fd00::/16"), good, []string{"fd00::/16 is not an IPv4 prefix"}},
		{"host bits", prefix("10.0.1.0/16"), good, []string{"write 10.0.0.0/16"}},
		{"too large and partly public", prefix("172.0.0.0/8"), good, []string{"not between /16 and /20", "is not private"}},
		{"private at its start only", prefix("192.168.0.0/15"), good, []string{"is not private"}},
		{"too small", prefix("10.0.0.0/21"), good, []string{"not between /16 and /20"}},
		{"public", prefix("8.8.0.0/16"), good, []string{"8.8.0.0/16 is not private"}},
		{"no zones", prefix("10.0.0.0/16"), nil, []string{"no zones"}},
		{"several", prefix("8.8.0.0/21"),
			[]string{"us-east-2a", "us-east-2a", "us-east-1b", "us-east-2f", "moon", "", "us-east-2"},
			[]string{"not between", "not private", "us-east-2a is named twice", "us-east-1b is not in the region of us-east-2a",
				"us-east-2f has no place", `"moon" is not a zone`, `"" is not a zone`, `"us-east-2" is not a zone`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			zones, err := layout.Plan(c.network, c.zones)
			require.Nil(t, zones)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestSharedAddressSpaceIsPrivate(t *testing.T) {
	_, err := layout.Plan(prefix("100.64.0.0/16"), []string{"us-east-2a"})
	require.NoError(t, err)
}

func drawNetwork(t *rapid.T) netip.Prefix {
	bits := rapid.IntRange(16, 20).Draw(t, "bits")
	third := rapid.IntRange(0, 255).Draw(t, "third")
	second := rapid.IntRange(0, 255).Draw(t, "second")
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(second), byte(third), 0}), bits).Masked()
}

func drawZones(t *rapid.T) []string {
	all := []string{"us-east-2a", "us-east-2b", "us-east-2c", "us-east-2d"}
	return rapid.Permutation(all).Draw(t, "zones")[:rapid.IntRange(1, 4).Draw(t, "count")]
}

func TestSubnetsLieInsideAndApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network, names := drawNetwork(t), drawZones(t)
		zones, err := layout.Plan(network, names)
		require.NoError(t, err)
		var all []layout.Named
		for i, z := range zones {
			require.Equal(t, names[i], z.Name)
			for kind, p := range map[string]netip.Prefix{"public": z.Public, "private": z.Private, "database": z.Database} {
				require.Equal(t, p, p.Masked())
				require.LessOrEqual(t, p.Bits(), 28)
				require.True(t, network.Contains(p.Addr()) && network.Bits() < p.Bits(), "%s outside %s", p, network)
				all = append(all, layout.Named{Name: fmt.Sprint(z.Name, kind), Prefix: p})
			}
		}
		require.NoError(t, layout.Disjoint(all...))
	})
}

func TestAddingZonesMovesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		network, names := drawNetwork(t), drawZones(t)
		before, err := layout.Plan(network, names[:rapid.IntRange(1, len(names)).Draw(t, "before")])
		require.NoError(t, err)
		after, err := layout.Plan(network, names)
		require.NoError(t, err)
		for _, z := range before {
			require.True(t, slices.Contains(after, z))
		}
	})
}

func TestDisjoint(t *testing.T) {
	require.NoError(t, layout.Disjoint())
	err := layout.Disjoint(
		layout.Named{Name: "network", Prefix: prefix("10.0.0.0/16")},
		layout.Named{Name: "services", Prefix: prefix("10.0.64.0/20")},
		layout.Named{Name: "office", Prefix: prefix("10.0.0.0/8")},
		layout.Named{Name: "elsewhere", Prefix: prefix("192.168.0.0/24")},
	)
	require.EqualError(t, err, "services 10.0.64.0/20 overlaps network 10.0.0.0/16\n"+
		"office 10.0.0.0/8 overlaps network 10.0.0.0/16\noffice 10.0.0.0/8 overlaps services 10.0.64.0/20")
}
