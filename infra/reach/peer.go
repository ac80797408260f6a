package reach

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Peer is one end of a connection: a group of pods that share their labels, or
// a network outside the cluster.
type Peer struct {
	Name string // as the table shows it, such as script-ohio/app

	// Namespace makes it a group of pods. Its labels go with it; the API server
	// adds kubernetes.io/metadata.name, and so does Evaluate.
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	Ports           []corev1.ContainerPort // what named ports resolve to

	// Foreign pods belong to somebody else: what they do among themselves and
	// with networks outside is left out of the table.
	Foreign bool

	// Networks without Except are its addresses. For pods they are all that
	// such a pod may get, the private subnets. Whether an ipBlock means pods too
	// is left to implementations; the one of the AWS VPC CNI turns selectors
	// into addresses of the VPC, puts these and blocks into one map of prefixes
	// and looks up the address in the packet. A block that covers addresses of
	// pods opens to pods there, and so it does here:
	// https://github.com/aws/amazon-network-policy-controller-k8s/blob/main/pkg/resolvers/endpoints.go
	Networks []netip.Prefix
	Except   []netip.Prefix

	rest []span // instead of Networks, of peers that are made of others
}

// Internet is every public IPv4 address: all that is routed and neither
// private nor link-local. A rule that opens a part of it is seen as that.
func Internet() Peer {
	return Peer{Name: "internet", Networks: prefixes("0.0.0.0/0"), Except: append(local(), unrouted()...)}
}

// Rest is every address, IPv6 too, that is in none of the networks outside:
// what a block that was widened reaches first. The addresses of pods are in it
// unless a network lists them, as nodes and endpoints of AWS have such too.
func Rest(name string, peers []Peer) Peer {
	rest := minus(spansOf(prefixes("0.0.0.0/0", "::/0")), spansOf(unrouted())...)
	for _, p := range peers {
		if p.outside() {
			rest = minus(rest, p.spans()...)
		}
	}
	return Peer{Name: name, rest: rest}
}

// Strangers are pods without labels, one group in every namespace of the peers
// and one in a namespace that nobody knows: whom a rule lets in that forgot its
// pod selector or opens to all namespaces, and what is left unbound where a
// default-deny selects too few.
func Strangers(peers []Peer) []Peer {
	var strangers []Peer
	nowhere := Peer{Name: "any other namespace", Namespace: "any-other", Foreign: true}
	at := map[string]int{}
	for _, p := range peers {
		if p.outside() {
			continue
		}
		nowhere.rest = append(nowhere.rest, minus(p.spans(), nowhere.rest...)...)
		i, known := at[p.Namespace]
		if !known {
			i = len(strangers)
			at[p.Namespace] = i
			strangers = append(strangers, Peer{
				Name: p.Namespace + "/any other", Namespace: p.Namespace, NamespaceLabels: p.NamespaceLabels, Foreign: true,
			})
		}
		own := &strangers[i]
		own.Foreign = own.Foreign && p.Foreign
		own.rest = append(own.rest, minus(p.spans(), own.rest...)...)
	}
	return append(strangers, nowhere)
}

func (p Peer) outside() bool { return p.Namespace == "" }

func (p Peer) spans() []span {
	if p.rest != nil {
		return p.rest
	}
	return minus(spansOf(p.Networks), spansOf(p.Except)...)
}

// namespaceLabels are the labels as the API server completes them.
func (p Peer) namespaceLabels() labels.Set {
	all := labels.Set{corev1.LabelMetadataName: p.Namespace}
	maps.Copy(all, p.NamespaceLabels)
	return all
}

func checkPeers(peers []Peer) error {
	var problems []error
	for i, p := range peers {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("peer %q "+format, append([]any{p.Name}, args...)...))
		}
		if p.Name == "" {
			problem("has no name")
		}
		before := peers[:i]
		if slices.ContainsFunc(before, func(o Peer) bool { return o.Name == p.Name }) {
			problem("is there twice")
		}
		if p.outside() && (len(p.Labels)+len(p.NamespaceLabels)+len(p.Ports) > 0 || p.Foreign) {
			problem("has no namespace, so it is a network: it has no labels and no container ports and is foreign anyway")
		}
		if own, has := p.NamespaceLabels[corev1.LabelMetadataName]; has && own != p.Namespace {
			problem("has a namespace whose %s is %q", corev1.LabelMetadataName, own)
		}
		if !p.outside() && slices.ContainsFunc(before, func(o Peer) bool {
			return o.Namespace == p.Namespace && !maps.Equal(o.namespaceLabels(), p.namespaceLabels())
		}) {
			problem("gives namespace %s other labels than a peer before it", p.Namespace)
		}
		if err := checkPrefixes(append(slices.Clone(p.Networks), p.Except...)); err != nil {
			problem("has networks that are none: %w", err)
		} else if len(p.spans()) == 0 {
			problem("has no addresses: blocks could not be judged")
		}
	}
	return errors.Join(problems...)
}

// local are the IPv4 addresses that the internet does not know.
func local() []netip.Prefix {
	return prefixes("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
}

// unrouted are the addresses that no packet to another machine can have.
func unrouted() []netip.Prefix {
	return prefixes("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}
