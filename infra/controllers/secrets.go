package controllers

import "github.com/script-ohio/platform/infra/helm"

const (
	secretsName = "external-secrets"
	// kubeletPort is shared by webhooks: the API server may call it on nodes,
	// and pods have addresses of their own.
	kubeletPort = 10250
)

// secretsValues are the values of the chart that we set. Those after
// processPushSecret, and the shapes of pods, were read at 2.0.0, for 2.9.0 was
// not at hand.
// https://github.com/external-secrets/external-secrets/blob/v2.9.0/deploy/charts/external-secrets/values.yaml
type secretsValues struct {
	CRDs    bool    `pulumi:"installCRDs"`
	Account account `pulumi:"serviceAccount"`

	Replicas   int                    `pulumi:"replicaCount"`
	Elect      bool                   `pulumi:"leaderElect"`
	Disruption *budget                `pulumi:"podDisruptionBudget"`
	Security   helm.ContainerSecurity `pulumi:"securityContext"`
	Resources  helm.Resources         `pulumi:"resources"`
	Spread     []helm.Spread          `pulumi:"topologySpreadConstraints"`

	Push           bool        `pulumi:"processPushSecret"`
	PushEverywhere bool        `pulumi:"processClusterPushSecret"`
	FillEverywhere bool        `pulumi:"processClusterExternalSecret"`
	RBAC           aggregation `pulumi:"rbac"`

	Webhook      secretsWebhook      `pulumi:"webhook"`
	Certificates secretsCertificates `pulumi:"certController"`
}

type (
	aggregation struct {
		Edit bool `pulumi:"aggregateToEdit"`
	}
	secretsWebhook struct {
		Port       int                    `pulumi:"port"`
		Replicas   int                    `pulumi:"replicaCount"`
		Disruption *budget                `pulumi:"podDisruptionBudget"`
		Security   helm.ContainerSecurity `pulumi:"securityContext"`
		Resources  helm.Resources         `pulumi:"resources"`
		Spread     []helm.Spread          `pulumi:"topologySpreadConstraints"`
	}
	secretsCertificates struct {
		Create    bool                   `pulumi:"create"`
		Replicas  int                    `pulumi:"replicaCount"`
		Security  helm.ContainerSecurity `pulumi:"securityContext"`
		Resources helm.Resources         `pulumi:"resources"`
	}
)

// secrets installs External Secrets, which copies secrets out of Secrets
// Manager into namespaces that ask for them.
//
// It reads with the role of its own account, so that whoever may write its
// objects reads every secret that the role does: those who may edit a
// namespace cannot. It writes none into Secrets Manager, and none into
// namespaces that did not ask.
func (c *controllers) secrets() (*helm.Resource, error) {
	chart := helm.Chart{Repository: "https://charts.external-secrets.io", Name: secretsName, Version: "2.9.0"}
	reader := pods{release: chart.Name, name: chart.Name, outside: true, metrics: 8080}
	webhook := pods{release: chart.Name, name: chart.Name + "-webhook", webhook: kubeletPort, metrics: 8080}
	certificates := pods{release: chart.Name, name: chart.Name + "-cert-controller", metrics: 8080}
	in, err := c.place(c.Accounts.Secrets, reader, webhook, certificates)
	if err != nil {
		return nil, err
	}
	return install(c, chart, in, secretsValues{
		CRDs: true, Account: c.Accounts.Secrets.values(),
		Replicas: c.replicas(), Elect: true, Disruption: c.budget(),
		Security: helm.Restricted(), Resources: helm.Takes("50m", "128Mi", "500m", "384Mi"), Spread: c.spread(reader),
		Push: false, PushEverywhere: false, FillEverywhere: false, RBAC: aggregation{Edit: false},
		Webhook: secretsWebhook{
			Port: kubeletPort, Replicas: c.replicas(), Disruption: c.budget(),
			Security: helm.Restricted(), Resources: helm.Takes("25m", "64Mi", "250m", "192Mi"), Spread: c.spread(webhook),
		},
		// One: it elects no leader, and the webhook runs without it.
		Certificates: secretsCertificates{
			Create: true, Replicas: 1, Security: helm.Restricted(), Resources: helm.Takes("25m", "64Mi", "250m", "256Mi"),
		},
	})
}
