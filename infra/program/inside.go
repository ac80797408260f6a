package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/controllers"
	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/workload"
)

// inside deploys what stands in the cluster: controllers, then the app and what
// watches over both.
func (d deployment) inside(p parts, id *identity.Identity) error {
	kubernetes, err := provider.Kubernetes(d.ctx, d.Config, p.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	controllers, err := d.controllers(p, id, kubernetes)
	if err != nil {
		return err
	}
	workload, err := d.workload(p, controllers, kubernetes)
	if err != nil || !d.Observability.On {
		return err
	}
	return d.observability(p, id, controllers, workload, kubernetes)
}

func (d deployment) controllers(p parts, id *identity.Identity, kubernetes pulumi.ResourceOption) (*controllers.Outputs, error) {
	account := func(pod identity.Pod) controllers.Account {
		a := pod.Account()
		return controllers.Account{Namespace: string(a.Namespace), Name: a.Name, Role: id.Pods[pod]}
	}
	return controllers.New(d.ctx, d.Name("controllers"), controllers.Args{
		Name: d.Name, ClusterName: p.cluster.Ready, Region: d.General.Region, VPC: p.network.VPC,
		Networks: controllers.Networks{VPC: d.Network.VPC, Services: d.Network.Services},
		Accounts: controllers.Accounts{
			LoadBalancer: account(identity.LoadBalancer), Secrets: account(identity.SecretReader),
			DNS: account(identity.DNS), Certificates: account(identity.CertificateMaker),
		},
		Domain: d.Edge.Domain, HostedZoneID: d.Edge.HostedZoneID, Production: d.Production(), Tags: d.Tags(),
	}, kubernetes)
}

func (d deployment) workload(p parts, c *controllers.Outputs, kubernetes pulumi.ResourceOption) (*workload.Outputs, error) {
	zones, err := d.Zones()
	if err != nil {
		return nil, err
	}
	n := workload.Networks{DatabasePort: database.Port, CachePort: cache.Port}
	for _, zone := range zones {
		n.LoadBalancers, n.Databases, n.Private = append(n.LoadBalancers, zone.Public), append(n.Databases, zone.Database), append(n.Private, zone.Private)
	}
	return workload.New(d.ctx, d.Name("workload"), workload.Args{
		Name: d.Name, Namespace: string(identity.Application), Region: d.General.Region,
		Releases: d.releases(), Registries: d.Release.Registries, Workers: d.workers(),
		Serve: workload.Scale{Min: d.Release.ReplicasMin, Max: d.Release.ReplicasMax},
		Edge: workload.Edge{
			Domain: d.Edge.Domain, Account: identity.App.Account().Name, Class: c.IngressClass,
			Certificate: p.edge.Certificate, Firewall: p.edge.Firewall, Tags: d.Tags(),
		},
		Data: workload.Data{
			Database: p.database.Secret, Cache: p.cache.Secret, App: p.app, Models: p.storage.Models.Name, Backups: p.storage.Backups.Name, Secrets: c.Secrets,
			Recipients: d.Storage.Recipients,
		},
		Networks: n, Traces: d.traces(), Logs: d.logs(), Mail: d.mail(),
	}, kubernetes)
}

// mail is that of notifications; nil for none.
func (d deployment) mail() *workload.Mail {
	if !d.Mail.On() {
		return nil
	}
	return &workload.Mail{From: d.Mail.From, To: d.Mail.To, Port: stack.MailPort}
}

// releases are one, or two of which the configuration names the live one.
func (d deployment) releases() []workload.Release {
	if d.Release.Live == "" {
		return []workload.Release{{Image: d.Release.Image, Live: true}}
	}
	return []workload.Release{
		{Colour: stack.Blue, Image: d.Release.Blue, Live: d.Release.Live == stack.Blue},
		{Colour: stack.Green, Image: d.Release.Green, Live: d.Release.Live == stack.Green},
	}
}

// workers run the queues of the contract, each as whom it may be: backups are
// written by a worker whose role alone may.
func (d deployment) workers() []workload.Worker {
	if !d.Release.Workers {
		return nil
	}
	var all []workload.Worker
	for _, queue := range contract.Queues() {
		pod := identity.Worker
		switch queue {
		case contract.QueueBackup:
			pod = identity.BackupWorker
		case contract.QueueSecurity:
			pod = identity.SecurityWorker
		}
		all = append(all, workload.Worker{Queue: queue, Account: pod.Account().Name, Image: d.Release.ForWorkers()})
	}
	return all
}
