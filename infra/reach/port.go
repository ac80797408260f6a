package reach

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Port is a port, or a range of them, of one protocol.
type Port struct {
	Number   int32
	End      int32           // the last one of a range; 0 is Number
	Protocol corev1.Protocol // empty is TCP, as in policies
}

const lowest, highest = 1, 65535

// TCP is one TCP port.
func TCP(number int32) Port { return Port{Number: number, Protocol: corev1.ProtocolTCP} }

// UDP is one UDP port.
func UDP(number int32) Port { return Port{Number: number, Protocol: corev1.ProtocolUDP} }

// EveryPort is all that a NetworkPolicy can tell apart.
func EveryPort() []Port {
	var all []Port
	for _, protocol := range protocols() {
		all = append(all, whole(protocol))
	}
	return all
}

// String is such as 443/TCP, 8000-8010/UDP or any/TCP.
func (p Port) String() string {
	number := fmt.Sprint(p.Number)
	switch {
	case p.Number == lowest && p.last() == highest:
		number = "any"
	case p.last() != p.Number:
		number += fmt.Sprint("-", p.last())
	}
	return number + "/" + string(p.protocol())
}

// MarshalText writes it as String does.
func (p Port) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func protocols() []corev1.Protocol {
	return []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
}

func whole(protocol corev1.Protocol) Port { return between(lowest, highest, protocol) }

func between(first, last int32, protocol corev1.Protocol) Port {
	p := Port{Number: first, Protocol: protocol}
	if last != first {
		p.End = last
	}
	return p
}

func (p Port) last() int32 { return max(p.Number, p.End) }

func (p Port) protocol() corev1.Protocol {
	if p.Protocol == "" {
		return corev1.ProtocolTCP
	}
	return p.Protocol
}

func (p Port) contains(q Port) bool {
	return p.protocol() == q.protocol() && p.Number <= q.Number && q.last() <= p.last()
}

// within cuts the port to those asked for, without those not asked for where
// not is set.
func (p Port) within(asked []Port, not bool) []Port {
	var parts []Port
	for _, part := range cut([]Port{p}, asked) {
		if slices.ContainsFunc(asked, func(a Port) bool { return a.contains(part) }) != not {
			parts = append(parts, part)
		}
	}
	return join(parts)
}

// cut divides the ports where one of the others begins or ends; the result is
// sorted and without overlap.
func cut(ports, others []Port) []Port {
	var parts []Port
	for _, protocol := range protocols() {
		var starts []int32
		for _, p := range slices.Concat(ports, others) {
			if p.protocol() == protocol {
				starts = append(starts, p.Number, p.last()+1)
			}
		}
		slices.Sort(starts)
		starts = slices.Compact(starts)
		for i := 1; i < len(starts); i++ {
			part := between(starts[i-1], starts[i]-1, protocol)
			if slices.ContainsFunc(ports, func(p Port) bool { return p.contains(part) }) {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// join makes one range of those that follow each other.
func join(ports []Port) []Port {
	var joined []Port
	for _, p := range ports {
		if n := len(joined) - 1; n >= 0 && joined[n].protocol() == p.protocol() && joined[n].last()+1 == p.Number {
			joined[n].End = p.last()
			continue
		}
		joined = append(joined, p)
	}
	return joined
}

// list is the ports in words.
func list(ports []Port) string {
	ports = join(cut(ports, nil))
	if slices.Equal(ports, EveryPort()) {
		return "any"
	}
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

func checkPorts(ports []Port) error {
	var problems []error
	for _, p := range ports {
		if p.Number < lowest || p.last() > highest || p.End != 0 && p.End < p.Number || !slices.Contains(protocols(), p.protocol()) {
			problems = append(problems, fmt.Errorf("port %s is none: numbers go from %d to %d, protocols are %v", p, lowest, highest, protocols()))
		}
	}
	return errors.Join(problems...)
}
