package controllers

import "github.com/script-ohio/platform/infra/helm"

const certificatesName = "cert-manager"

// certificatesValues are the values of the chart that we set; another is
// refused by its schema.
// https://github.com/cert-manager/cert-manager/blob/v1.21.1/deploy/charts/cert-manager/values.yaml
type certificatesValues struct {
	CRDs    crds          `pulumi:"crds"`
	Global  globals       `pulumi:"global"`
	Account account       `pulumi:"serviceAccount"`
	Env     []variable    `pulumi:"extraEnv"`
	Args    []string      `pulumi:"extraArgs"`
	Resolve bool          `pulumi:"dns01RecursiveNameserversOnly"`
	Webhook certificating `pulumi:"webhook"`
	Inject  certificating `pulumi:"cainjector"`
	Check   startupCheck  `pulumi:"startupapicheck"`

	Replicas    int                    `pulumi:"replicaCount"`
	Disruption  *budget                `pulumi:"podDisruptionBudget"`
	PodSecurity helm.PodSecurity       `pulumi:"securityContext"`
	Security    helm.ContainerSecurity `pulumi:"containerSecurityContext"`
	Resources   helm.Resources         `pulumi:"resources"`
	Spread      []helm.Spread          `pulumi:"topologySpreadConstraints"`
}

type (
	crds struct {
		Enabled bool `pulumi:"enabled"`
		Keep    bool `pulumi:"keep"`
	}
	globals struct {
		Election election `pulumi:"leaderElection"`
	}
	election struct {
		Namespace string `pulumi:"namespace"`
	}
	// certificating is the webhook or the injector of authorities.
	certificating struct {
		Port        *int                   `pulumi:"securePort"` // of the webhook
		Replicas    int                    `pulumi:"replicaCount"`
		Disruption  *budget                `pulumi:"podDisruptionBudget"`
		PodSecurity helm.PodSecurity       `pulumi:"securityContext"`
		Security    helm.ContainerSecurity `pulumi:"containerSecurityContext"`
		Resources   helm.Resources         `pulumi:"resources"`
		Spread      []helm.Spread          `pulumi:"topologySpreadConstraints"`
	}
	// startupCheck is the job whose success ends the installation: the webhook
	// answers.
	startupCheck struct {
		Enabled     bool                   `pulumi:"enabled"`
		PodSecurity helm.PodSecurity       `pulumi:"securityContext"`
		Security    helm.ContainerSecurity `pulumi:"containerSecurityContext"`
		Resources   helm.Resources         `pulumi:"resources"`
	}
)

// certificates installs cert-manager. Its definitions stay where the release
// goes, for with them every certificate would.
//
// Issuers of the cluster prove a domain by Route 53 with the role of its
// account; those of a namespace cannot borrow that role. Whether a record has
// spread it asks the cluster's resolver: pods reach no other.
// https://cert-manager.io/docs/configuration/acme/dns01/route53/
func (c *controllers) certificates() (*helm.Resource, error) {
	chart := helm.Chart{Repository: "oci://quay.io/jetstack/charts", Name: certificatesName, Version: "v1.21.1"}
	const metrics = 9402
	issuer := pods{release: chart.Name, name: chart.Name, outside: true, metrics: metrics}
	webhook := pods{release: chart.Name, name: "webhook", webhook: kubeletPort, metrics: metrics}
	injector := pods{release: chart.Name, name: "cainjector", metrics: metrics}
	check := pods{release: chart.Name, name: "startupapicheck"}
	in, err := c.place(c.Accounts.Certificates, issuer, webhook, injector, check)
	if err != nil {
		return nil, err
	}
	port := kubeletPort
	return install(c, chart, in, certificatesValues{
		CRDs: crds{Enabled: true, Keep: true}, Global: globals{election{c.Accounts.Certificates.Namespace}},
		Account: c.Accounts.Certificates.values(), Env: c.region(),
		Args:    []string{"--cluster-issuer-ambient-credentials=true", "--issuer-ambient-credentials=false"},
		Resolve: true,

		Replicas: c.replicas(), Disruption: c.budget(), PodSecurity: helm.RestrictedPod(), Security: helm.Restricted(),
		Resources: helm.Takes("25m", "96Mi", "500m", "384Mi"), Spread: c.spread(issuer),

		Webhook: certificating{
			Port: &port, Replicas: c.replicas(), Disruption: c.budget(), PodSecurity: helm.RestrictedPod(), Security: helm.Restricted(),
			Resources: helm.Takes("25m", "64Mi", "250m", "192Mi"), Spread: c.spread(webhook),
		},
		Inject: certificating{
			Replicas: c.replicas(), Disruption: c.budget(), PodSecurity: helm.RestrictedPod(), Security: helm.Restricted(),
			Resources: helm.Takes("25m", "128Mi", "250m", "384Mi"), Spread: c.spread(injector),
		},
		Check: startupCheck{
			Enabled: true, PodSecurity: helm.RestrictedPod(), Security: helm.Restricted(), Resources: helm.Takes("10m", "32Mi", "250m", "128Mi"),
		},
	})
}
