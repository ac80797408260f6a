package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

func nameOf(p networkingv1.NetworkPolicy) string { return p.Namespace + "/" + p.Name }

// check is every reason for which the API server would refuse the policy or
// could take it for something else than it says.
func check(p networkingv1.NetworkPolicy) error {
	var problems []error
	problem := func(path, format string, args ...any) {
		problems = append(problems, fmt.Errorf("policy %s: %s %w", nameOf(p), path, fmt.Errorf(format, args...)))
	}
	if p.Name == "" || p.Namespace == "" {
		problem("metadata", "lacks a name or a namespace")
	}
	if _, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector); err != nil {
		problem("spec.podSelector", "is no selector: %w", err)
	}
	for _, t := range p.Spec.PolicyTypes {
		if t != networkingv1.PolicyTypeIngress && t != networkingv1.PolicyTypeEgress {
			problem("spec.policyTypes", "knows no %q", t)
		}
	}
	rule := func(path, peersPath string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
		for n, peer := range peers {
			if err := checkPeer(peer); err != nil {
				problem(fmt.Sprintf("%s.%s[%d]", path, peersPath, n), "%w", err)
			}
		}
		for n, port := range ports {
			if err := checkPort(port); err != nil {
				problem(fmt.Sprintf("%s.ports[%d]", path, n), "%w", err)
			}
		}
	}
	for n, in := range p.Spec.Ingress {
		rule(fmt.Sprintf("spec.ingress[%d]", n), "from", in.From, in.Ports)
	}
	for n, out := range p.Spec.Egress {
		rule(fmt.Sprintf("spec.egress[%d]", n), "to", out.To, out.Ports)
	}
	return errors.Join(problems...)
}

func checkPeer(peer networkingv1.NetworkPolicyPeer) error {
	selectors := peer.PodSelector != nil || peer.NamespaceSelector != nil
	switch {
	case peer.IPBlock == nil && !selectors:
		return errors.New("names nobody")
	case peer.IPBlock != nil && selectors:
		return errors.New("has a block and a selector: they exclude each other")
	case peer.IPBlock != nil:
		return checkBlock(peer.IPBlock)
	}
	var problems []error
	for _, s := range []*metav1.LabelSelector{peer.PodSelector, peer.NamespaceSelector} {
		if s == nil {
			continue
		}
		if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func checkBlock(block *networkingv1.IPBlock) error {
	within, err := netip.ParsePrefix(block.CIDR)
	if err != nil {
		return err
	}
	problems := []error{checkPrefixes([]netip.Prefix{within})}
	for _, text := range block.Except {
		except, err := netip.ParsePrefix(text)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		problems = append(problems, checkPrefixes([]netip.Prefix{except}))
		if except.Bits() <= within.Bits() || !within.Contains(except.Addr()) {
			problems = append(problems, fmt.Errorf("excepts %s, which is no part of %s", except, within))
		}
	}
	return errors.Join(problems...)
}

func checkPort(port networkingv1.NetworkPolicyPort) error {
	p := Port{Number: lowest}
	if port.Protocol != nil {
		if *port.Protocol == "" {
			return errors.New("has an empty protocol")
		}
		p.Protocol = *port.Protocol
	}
	switch {
	case port.Port == nil && port.EndPort != nil:
		return errors.New("has an end without a start")
	case port.Port == nil:
		return checkPorts([]Port{p})
	case port.Port.Type == intstr.Int:
		p.Number = port.Port.IntVal
	case port.EndPort != nil:
		return errors.New("has an end after a name")
	default:
		if problems := validation.IsValidPortName(port.Port.StrVal); len(problems) > 0 {
			return fmt.Errorf("is no name of a port: %s", strings.Join(problems, ", "))
		}
	}
	if port.EndPort != nil {
		if p.End = *port.EndPort; p.End < p.Number {
			return fmt.Errorf("ends at %d before it starts at %d", p.End, p.Number)
		}
	}
	return checkPorts([]Port{p})
}

// Caveats are the rules that the AWS VPC CNI enforces in another way than the
// table shows, in words and sorted: it skips a port that is given by name where
// the peer is a block or everybody, as no pod tells it the number, and a block
// of IPv6 addresses in a cluster of IPv4.
func Caveats(policies []networkingv1.NetworkPolicy) []string {
	var caveats []string
	for _, p := range policies {
		rule := func(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
			blocks := len(peers) == 0
			for _, peer := range peers {
				if peer.IPBlock == nil {
					continue
				}
				blocks = true
				if strings.Contains(peer.IPBlock.CIDR, ":") {
					caveats = append(caveats, fmt.Sprintf("policy %s: block %s is ignored where pods have IPv4 addresses", nameOf(p), peer.IPBlock.CIDR))
				}
			}
			for _, port := range ports {
				if blocks && port.Port != nil && port.Port.Type == intstr.String {
					caveats = append(caveats, fmt.Sprintf("policy %s: port %q is skipped for addresses: write its number", nameOf(p), port.Port.StrVal))
				}
			}
		}
		for _, in := range p.Spec.Ingress {
			rule(in.From, in.Ports)
		}
		for _, out := range p.Spec.Egress {
			rule(out.To, out.Ports)
		}
	}
	slices.Sort(caveats)
	return slices.Compact(caveats)
}
