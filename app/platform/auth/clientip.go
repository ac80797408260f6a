package auth

import (
	"net/netip"
	"strings"
)

// ClientIP finds the address that a request comes from. remoteAddr is the
// peer of the connection (host:port), xff the X-Forwarded-For values in the
// order they came. The header is read from the right, where each proxy appends
// the peer it saw, and only as far as the proxies are trusted: the result is
// the first address from the right that is not, or the last readable one. It
// is unmapped to IPv4 where possible and has no zone; it is invalid when
// remoteAddr is not an address.
func ClientIP(remoteAddr string, xff []string, trusted []netip.Prefix) netip.Addr {
	client, ok := parseAddr(remoteAddr)
	if !ok {
		return netip.Addr{}
	}
	for i := len(xff) - 1; i >= 0; i-- {
		rest, more := xff[i], true
		for more {
			if !contains(trusted, client) {
				return client
			}
			var hop string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				hop, more = rest, false
			}
			addr, ok := parseAddr(strings.Trim(hop, " \t"))
			if !ok {
				return client // whoever wrote this, the rest proves nothing
			}
			client = addr
		}
	}
	return client
}

// ClientKey names a client for rate limits: an IPv4 address, or the /64 of an
// IPv6 address, since one subscriber has a whole /64 to choose from.
func ClientKey(addr netip.Addr) string {
	addr = addr.Unmap()
	if !addr.Is6() {
		return addr.String() // "invalid IP" is a key too: such clients share a budget
	}
	prefix, _ := addr.WithZone("").Prefix(64) // fails beyond 128 bits only
	return prefix.String()
}

// parseAddr reads an address, alone, in brackets or with a port.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
