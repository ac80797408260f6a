package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/controllers"
	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/storage"
	"github.com/script-ohio/platform/infra/workload"
	"github.com/script-ohio/platform/monitoring/source"
)

// observability deploys what watches over the app and the controllers.
func (d deployment) observability(p parts, id *identity.Identity, c *controllers.Outputs, w *workload.Outputs, kubernetes pulumi.ResourceOption) error {
	zones, err := d.Zones()
	if err != nil {
		return err
	}
	n := observability.Networks{VPC: d.Network.VPC, Services: d.Network.Services, DatabasePort: database.Port, CachePort: cache.Port}
	for _, zone := range zones {
		n.Nodes, n.Databases = append(n.Nodes, zone.Private), append(n.Databases, zone.Database)
	}
	app := observability.App{Namespace: string(identity.Application), Serve: workload.Pods(), Domain: d.Edge.Domain}
	for _, worker := range d.workers() {
		app.Workers = append(app.Workers, worker.Pods())
		if worker.Queue == contract.QueueBackup {
			app.Readers = append(app.Readers, worker.Pods())
		}
	}
	for _, release := range d.releases() {
		if release.Live {
			app.Service = release.Service()
		}
	}
	keeper := func(pod identity.Pod, bucket *storage.Bucket) observability.Keeper {
		return observability.Keeper{Account: pod.Account().Name, Role: id.Pods[pod], Bucket: bucket.Name}
	}
	o := d.Observability
	_, err = observability.New(d.ctx, d.Name("observability"), observability.Args{
		Name: d.Name, Region: d.General.Region, Cluster: p.cluster.Name,
		Sizing: observability.SizingFor(d.Production()), Nodes: d.Cluster.NodeMax,
		Days:     observability.Days{Metrics: o.MetricDays, Logs: o.PodLogDays, Traces: o.TraceDays},
		Networks: n,
		Loki:     keeper(identity.LogKeeper, p.storage.Loki), Tempo: keeper(identity.TraceKeeper, p.storage.Tempo),
		Secrets:      observability.Secrets{Database: p.database.Secret, Cache: p.cache.Secret, App: p.app, Ready: c.Secrets},
		StorageClass: w.StorageClass, Certificates: c.Certificates,
		App: app, Targets: targets(), Tell: d.tell(), Group: workload.Group,
	}, kubernetes)
	return err
}

// tell is who hears of alerts, beside the app.
func (d deployment) tell() observability.Tell {
	tell := observability.Tell{Slack: d.Observability.Slack, PagerDuty: d.Observability.PagerDuty}
	if d.Mail.On() {
		tell.Mail = &observability.Mail{From: d.Mail.From, To: d.Mail.To, Port: stack.MailPort}
	}
	return tell
}

// traces is where the app sends them; nil for nowhere.
func (d deployment) traces() *workload.Watcher {
	if !d.Observability.On {
		return nil
	}
	return &workload.Watcher{Endpoint: observability.Traces(), Port: observability.TracesPort, Pods: observability.Collector()}
}

// logs is where backups read them; nil for nowhere.
func (d deployment) logs() *workload.Watcher {
	if !d.Observability.On {
		return nil
	}
	return &workload.Watcher{Endpoint: observability.Logs(string(identity.Application)), Port: observability.LogsPort, Pods: observability.LogKeeper()}
}

// targets are the controllers, at the ports that their network policies open
// to Prometheus; a test holds them to those.
func targets() []observability.Target {
	var all []observability.Target
	for _, t := range []struct {
		job, namespace, release, pods string
		port                          int
	}{
		{"aws-load-balancer-controller", string(identity.System), "aws-load-balancer-controller", "aws-load-balancer-controller", 8080},
		{"external-secrets", string(identity.ExternalSecrets), "external-secrets", "external-secrets", 8080},
		{"external-secrets-webhook", string(identity.ExternalSecrets), "external-secrets", "external-secrets-webhook", 8080},
		{"external-secrets-cert-controller", string(identity.ExternalSecrets), "external-secrets", "external-secrets-cert-controller", 8080},
		{"external-dns", string(identity.ExternalDNS), "external-dns", "external-dns", 7979},
		{source.JobCertManager, string(identity.CertManager), "cert-manager", "cert-manager", 9402},
		{"cert-manager-webhook", string(identity.CertManager), "cert-manager", "webhook", 9402},
		{"cert-manager-cainjector", string(identity.CertManager), "cert-manager", "cainjector", 9402},
	} {
		all = append(all, observability.Target{Job: t.job, Namespace: t.namespace, Port: t.port, Labels: map[string]string{
			"app.kubernetes.io/name": t.pods, "app.kubernetes.io/instance": t.release,
		}})
	}
	return all
}
