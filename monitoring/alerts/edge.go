package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

const day = 24 * time.Hour

func edge() []Alert {
	left := func(expiry q.Value) q.Expr { return q.Min(expiry, q.By("instance")).Sub(q.Time()) }
	served := left(q.Of(source.ProbeCertExpiry))
	issued := q.Min(q.Of(source.CertExpiry).Gt(q.Num(0)), q.By("name")).Sub(q.Time()) // 0: not issued yet
	return []Alert{
		{
			Name: "EndpointUnreachable", Severity: contract.Critical, Component: API,
			When: q.Max(q.Of(source.ProbeSuccess), q.By("instance")).Eq(q.Num(0)), For: 2 * time.Minute,
			Summary:     "{{ $labels.instance }} does not answer from outside",
			Description: "The probe of {{ $labels.instance }} has failed for two minutes. If replicas answer inside, look at DNS, the load balancer, the firewall and the certificate.",
			Dashboard:   links.Overview,
		},
		{
			Name: "CertificateAlmostExpired", Severity: contract.Critical, Component: API,
			When: served.Lt(q.Seconds(3 * day)), For: 10 * time.Minute,
			Summary:     "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}",
			Description: "The first certificate in the chain of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}; then every caller is turned away. Renewal has failed for weeks.",
			Dashboard:   links.Security,
			Explains:    []string{"CertificateExpiring"}, Same: []string{"instance"},
		},
		{
			Name: "CertificateExpiring", Severity: contract.Warning, Component: API,
			When: served.Lt(q.Seconds(21 * day)), For: time.Hour,
			Summary:     "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}",
			Description: "The first certificate in the chain of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}. It should have been renewed by now; look at its validation.",
			Dashboard:   links.Security,
		},
		{
			Name: "CertificateNotRenewed", Severity: contract.Warning, Component: Cluster,
			When: issued.Lt(q.Seconds(7 * day)), For: time.Hour,
			Summary:     "The certificate {{ $labels.name }} in the cluster ends in {{ $value | humanizeDuration }}",
			Description: "cert-manager has not renewed {{ $labels.name }}, which ends in {{ $value | humanizeDuration }}. Webhooks that use it stop, and with them deployments.",
			Dashboard:   links.Security,
		},
	}
}
