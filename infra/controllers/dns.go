package controllers

import "github.com/script-ohio/platform/infra/helm"

const dnsName = "external-dns"

// dnsValues are the values of the chart that we set.
// https://github.com/kubernetes-sigs/external-dns/blob/external-dns-helm-chart-1.21.1/charts/external-dns/values.yaml
type dnsValues struct {
	Provider provider   `pulumi:"provider"`
	Account  account    `pulumi:"serviceAccount"`
	Env      []variable `pulumi:"env"`

	Sources   []string `pulumi:"sources"`
	Domains   []string `pulumi:"domainFilters"`
	Policy    string   `pulumi:"policy"`
	Registry  string   `pulumi:"registry"`
	Owner     string   `pulumi:"txtOwnerId"`
	TXTPrefix string   `pulumi:"txtPrefix"`
	Interval  string   `pulumi:"interval"`
	ExtraArgs []string `pulumi:"extraArgs"`

	// Not in the notes on 1.21.1; of the chart since 1.11.
	PodSecurity helm.PodSecurity       `pulumi:"podSecurityContext"`
	Security    helm.ContainerSecurity `pulumi:"securityContext"`
	Resources   helm.Resources         `pulumi:"resources"`
}

type provider struct {
	Name string `pulumi:"name"`
}

// dns installs external-dns, which points the domain at the load balancer of
// the ingress. The chart runs one of it: it elects no leader, and names resolve
// without it.
//
// It changes one name in one zone, only records that say they are this
// stack's, and deletes none: an ingress that is away for a moment would take
// the API off the net for as long as resolvers remember. A record that is left
// over points at nothing; the next deployment of the stack takes it up again.
func (c *controllers) dns() (*helm.Resource, error) {
	chart := helm.Chart{Repository: "https://kubernetes-sigs.github.io/external-dns/", Name: dnsName, Version: "1.21.1"}
	in, err := c.place(c.Accounts.DNS, pods{release: chart.Name, name: chart.Name, outside: true, metrics: 7979})
	if err != nil {
		return nil, err
	}
	group := 65534 // as the chart has it
	return install(c, chart, in, dnsValues{
		Provider: provider{"aws"}, Account: c.Accounts.DNS.values(), Env: c.region(),
		Sources: []string{"ingress"}, Domains: []string{c.Domain},
		Policy: "upsert-only", Registry: "txt", Owner: c.Name("dns"),
		// The record that says whose it is lies below the domain: beside it,
		// a domain that is a zone would have it in the zone above.
		TXTPrefix: "%{record_type}-owner.",
		Interval:  "1m",
		ExtraArgs: []string{
			"--zone-id-filter", c.HostedZoneID,
			"--aws-zone-match-parent", // the domain lies in the zone and is not its name
			"--ingress-class=" + ingressClass,
		},
		PodSecurity: restrictedPod(&group), Security: helm.Restricted(), Resources: helm.Takes("25m", "64Mi", "250m", "192Mi"),
	})
}
