package auth

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestClientIP(t *testing.T) {
	for _, tc := range []struct {
		name, remote string
		xff          []string
		want         string
	}{
		{"no proxy", "203.0.113.9:5000", nil, "203.0.113.9"},
		{"an untrusted peer is not believed", "203.0.113.9:5000", []string{"1.2.3.4"}, "203.0.113.9"},
		{"a trusted peer is", "10.0.0.1:5000", []string{"1.2.3.4"}, "1.2.3.4"},
		{"what the client wrote itself is not", "10.0.0.1:5000", []string{"9.9.9.9, 1.2.3.4"}, "1.2.3.4"},
		{"two proxies", "10.0.0.1:5000", []string{"9.9.9.9, 1.2.3.4, 10.0.0.2"}, "1.2.3.4"},
		{"several headers count in order", "10.0.0.1:5000", []string{"9.9.9.9", "1.2.3.4", "10.0.0.2,10.0.0.3"}, "1.2.3.4"},
		{"all trusted: the first", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"garbage ends it", "10.0.0.1:5000", []string{"1.2.3.4, unknown"}, "10.0.0.1"},
		{"garbage further left does no harm", "10.0.0.1:5000", []string{"unknown, 1.2.3.4"}, "1.2.3.4"},
		{"an empty header ends it", "10.0.0.1:5000", []string{"1.2.3.4", ""}, "10.0.0.1"},
		{"ports", "10.0.0.1:5000", []string{"1.2.3.4:80"}, "1.2.3.4"},
		{"spaces and tabs", "10.0.0.1:5000", []string{"9.9.9.9,\t 1.2.3.4 "}, "1.2.3.4"},
		{"IPv6", "[fd00::1]:5000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 with a port", "[fd00::1]:5000", []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		{"IPv6 in brackets", "[fd00::1]:5000", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 with a zone", "[fe80::1%eth0]:5000", nil, "fe80::1"},
		{"a zone does not hide a trusted peer", "[fd00::1%eth0]:5000", []string{"1.2.3.4"}, "1.2.3.4"},
		{"IPv4-mapped peer", "[::ffff:10.0.0.1]:5000", []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
		{"no port", "203.0.113.9", nil, "203.0.113.9"},
		{"a unix socket", "@", []string{"1.2.3.4"}, "invalid IP"},
		{"nothing", "", nil, "invalid IP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, ClientIP(tc.remote, tc.xff, proxies).String())
		})
	}
	require.Equal(t, "10.0.0.1", ClientIP("10.0.0.1:1", []string{"1.2.3.4"}, nil).String(), "nobody is trusted by default")
}

func TestClientKey(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.9":         "203.0.113.9",
		"::ffff:203.0.113.9":  "203.0.113.9",
		"2001:db8:1:2:3::4":   "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::": "2001:db8:1:2::/64",
		"fe80::1%eth0":        "fe80::/64",
	} {
		require.Equal(t, want, ClientKey(netip.MustParseAddr(addr)))
	}
	require.Equal(t, "invalid IP", ClientKey(netip.Addr{}))
}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:5000", "9.9.9.9, 1.2.3.4", "10.0.0.2")
	f.Add("[fd00::1%eth0]:5000", "[2001:db8::7]:443,,", "\t")
	f.Add("10.0.0.1", "[[::1]]", "::ffff:1.2.3.4%0")
	f.Fuzz(func(t *testing.T, remote, first, second string) {
		direct := ClientIP(remote, nil, proxies)
		got := ClientIP(remote, []string{first, second}, proxies)
		require.Equal(t, direct.IsValid(), got.IsValid())
		require.False(t, got.Is4In6())
		require.Empty(t, got.Zone())
		if !contains(proxies, direct) {
			require.Equal(t, direct, got, "an untrusted peer cannot change its address")
		}
		require.NotEmpty(t, ClientKey(got))
	})
}
