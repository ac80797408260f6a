// Package layout plans the addresses of a network. It is pure: prefixes in,
// prefixes out, every problem in words.
package layout

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Zone is what one availability zone receives of a network.
type Zone struct {
	Name     string
	Public   netip.Prefix // load balancers and NAT gateways
	Private  netip.Prefix // nodes and pods
	Database netip.Prefix // databases and caches, without a way out
}

// Every zone letter has a fixed place of its own, so that a zone that is added
// later, before, between or after the others, moves nobody: a moved subnet is
// a replaced one. Private subnets fill the lower half of the network; public
// and database ones stand at the start of the upper half and leave its rest
// free for growth. In a /16 that is:
//
//	private  /19  8190 addresses  10.0.0.0   10.0.32.0  10.0.64.0  10.0.96.0
//	public   /22  1022 addresses  10.0.128.0 10.0.132.0 10.0.136.0 10.0.140.0
//	database /24   254 addresses  10.0.144.0 10.0.145.0 10.0.146.0 10.0.147.0
const (
	letters      = "abcd"
	privateBits  = 3 // bits below the network's own length
	publicBits   = 6
	databaseBits = 8
	// publicStart and databaseStart count subnets of their own size.
	publicStart   = 1 << (publicBits - 1)
	databaseStart = (publicStart + len(letters)) << (databaseBits - publicBits)

	// AWS takes networks of /16 to /28 and subnets down to /28.
	largest  = 16
	smallest = 28 - databaseBits
)

// Plan divides the network among the zones, named like us-east-2a, and keeps
// their order. The subnets of a zone depend on the network and the letter of
// the zone alone. The network is IPv4, private (RFC 1918 or RFC 6598), /16 to
// /20; zones are of one region with letters a to d.
func Plan(network netip.Prefix, zones []string) ([]Zone, error) {
	problems := []error{checkNetwork(network)}
	if len(zones) == 0 {
		problems = append(problems, errors.New("no zones: name at least one, such as us-east-2a"))
	}
	for i, name := range zones {
		if slices.Contains(zones[:i], name) {
			problems = append(problems, fmt.Errorf("zone %s is named twice", name))
		}
		if _, err := place(name); err != nil {
			problems = append(problems, err)
		} else if region(name) != region(zones[0]) {
			problems = append(problems, fmt.Errorf("zone %s is not in the region of %s", name, zones[0]))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	planned := make([]Zone, len(zones))
	for i, name := range zones {
		at, err := place(name)
		if err != nil {
			return nil, err
		}
		planned[i] = Zone{
			Name:     name,
			Private:  subnet(network, privateBits, at),
			Public:   subnet(network, publicBits, publicStart+at),
			Database: subnet(network, databaseBits, databaseStart+at),
		}
	}
	return planned, nil
}

func checkNetwork(network netip.Prefix) error {
	if !network.IsValid() || !network.Addr().Is4() {
		return fmt.Errorf("network %s is not an IPv4 prefix such as 10.0.0.0/16", network)
	}
	if network != network.Masked() {
		return fmt.Errorf("network %s has bits set behind its length: write %s", network, network.Masked())
	}
	var problems []error
	if bits := network.Bits(); bits < largest || bits > smallest {
		problems = append(problems, fmt.Errorf("network %s is not between /%d and /%d", network, largest, smallest))
	}
	if !private(network) {
		problems = append(problems, fmt.Errorf("network %s is not private: take it from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10", network))
	}
	return errors.Join(problems...)
}

func private(p netip.Prefix) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	last := subnet(p, 32-p.Bits(), 1<<(32-p.Bits())-1).Addr()
	return p.Addr().IsPrivate() && last.IsPrivate() || shared.Contains(p.Addr()) && shared.Contains(last)
}

// place is the index of the zone's letter.
func place(zone string) (int, error) {
	reg := region(zone)
	if reg == "" || strings.Count(reg, "-") < 2 || reg[len(reg)-1] < '0' || reg[len(reg)-1] > '9' {
		return 0, fmt.Errorf("%q is not a zone: write a region and a letter, such as us-east-2a", zone)
	}
	at := strings.IndexByte(letters, zone[len(zone)-1])
	if at < 0 {
		return 0, fmt.Errorf("zone %s has no place: only the letters %s have", zone, strings.Join(strings.Split(letters, ""), ", "))
	}
	return at, nil
}

func region(zone string) string {
	if zone == "" {
		return ""
	}
	return zone[:len(zone)-1]
}

// subnet is the index-th part of the network that is `bits` bits longer.
func subnet(network netip.Prefix, bits, index int) netip.Prefix {
	length := network.Bits() + bits
	a := network.Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n += uint32(index) << (32 - length)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), length)
}

// Unrouted are the networks that the internet does not know: private ones, and
// those of links, the instance's metadata among them. What may call the
// internet is kept from these.
func Unrouted() []string {
	return []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
}
