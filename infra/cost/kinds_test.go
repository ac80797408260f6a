package cost

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNothingIsBothPricedAndFree(t *testing.T) {
	token := regexp.MustCompile(`^(aws:[a-z0-9]+/([a-zA-Z0-9]+):([A-Z][a-zA-Z0-9]+)|eks:index:Cluster|kubernetes:helm\.sh/v3:Release)$`)
	for kind := range priced() {
		require.Regexp(t, token, kind)
		require.NotContains(t, free(), kind)
	}
	for kind, why := range free() {
		parts := token.FindStringSubmatch(kind)
		require.NotNil(t, parts, kind)
		require.True(t, strings.EqualFold(parts[2], parts[3]), kind)
		require.NotEmpty(t, why, kind)
	}
}

func TestEveryPriceSaysWhereItStands(t *testing.T) {
	all := classes()
	for rates, i := reflect.ValueOf(list()), 0; i < rates.NumField(); i++ {
		f := rates.Field(i)
		all = append(all, entry{f.FieldByName("Item").String(), f.FieldByName("USD").Float(), Unit(f.FieldByName("Unit").String()),
			f.FieldByName("Source").String(), Basis(f.FieldByName("Basis").String())})
	}
	items := map[string]bool{}
	for _, p := range all {
		require.NotEmpty(t, p.Item)
		require.False(t, items[p.Item], "%s is priced twice", p.Item)
		items[p.Item] = true
		require.Positive(t, p.USD, p.Item)
		require.Regexp(t, `^https://aws\.amazon\.com/[a-z0-9/-]+/pricing/(on-demand/)?$`, p.Source, p.Item)
		require.Contains(t, []Basis{Seen, SeenEast, Remembered}, p.Basis, p.Item)
		require.Contains(t, []Unit{Hour, Month, GB, GBMonth, Millions, Pieces}, p.Unit, p.Item)
	}
}

func TestSizesFollowFromTheLargeOne(t *testing.T) {
	for name, want := range map[string]float64{
		"m7g.medium": 0.0408, "m7g.large": 0.0816, "m7g.xlarge": 0.1632, "m7g.4xlarge": 0.6528, "m7g.8xlarge": 1.3056, // as listed
		"r7g.8xlarge": 1.7136, "t4g.small": 0.0168, "t4g.micro": 0.0084,
		"db.m7g.2xlarge": 0.672, "db.t4g.medium": 0.065, "cache.r7g.xlarge, valkey": 0.3504,
	} {
		p, known := class(name)
		require.True(t, known, name)
		require.InDelta(t, want, p.USD, 1e-9, name)
		require.Equal(t, name, p.Item)
		require.Equal(t, Hour, p.Unit)
	}
	for _, name := range []string{"", "m7g", "m7g.", "m7g.huge", "m5.large", "db.m7g", "m7g.largest", "cache.r7g.large", "cache.t4g.large, valkey", "x db.m7g.large"} {
		_, known := class(name)
		require.False(t, known, name)
	}
}

// A machine of twice the size costs twice as much, but for what AWS rounds by
// where the price is small.
func TestTwiceTheSizeCostsTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family := rapid.SampledFrom([]string{"m7g.", "c7g.", "r7g.", "t4g.", "db.m7g.", "db.r7g.", "db.t4g."}).Draw(t, "family")
		sizes := []string{"micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"}
		i := rapid.IntRange(0, len(sizes)-2).Draw(t, "size")
		small, known1 := class(family + sizes[i])
		large, known2 := class(family + sizes[i+1])
		require.True(t, known1 && known2)
		require.InEpsilon(t, 2*small.USD, large.USD, 0.02)
	})
}

func TestVirtualCPUs(t *testing.T) {
	for name, want := range map[string]float64{"db.t4g.micro": 2, "db.m7g.large": 2, "db.m7g.xlarge": 4, "db.r7g.4xlarge": 16, "odd": 0} {
		require.Equal(t, want, vCPUs(name), name)
	}
}
