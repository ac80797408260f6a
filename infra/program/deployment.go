package program

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/cluster"
	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/edge"
	"github.com/script-ohio/platform/infra/guard"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/keys"
	"github.com/script-ohio/platform/infra/network"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/secrets"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/storage"
	"github.com/script-ohio/platform/infra/workload"
)

// deployment hands each component what it needs of the configuration and of
// those before it.
type deployment struct {
	stack.Config
	ctx       *pulumi.Context
	providers provider.Set
}

// recoveryName names what stands in the recovery region.
func (d deployment) recoveryName(parts ...string) string {
	return d.Name(slices.Concat([]string{"recovery"}, parts)...)
}

// backupTag marks what the backup plan takes.
func (d deployment) backupTag() map[string]string { return map[string]string{"Backup": "daily"} }

// keys also makes those of the recovery region; without one they are nil.
func (d deployment) keys() (*keys.Keys, *keys.RecoveryKeys, error) {
	args := keys.Args{Account: d.General.Account, Region: d.General.Region, Name: d.Name, Protect: &d.General.Protect}
	main, err := keys.New(d.ctx, d.Name("keys"), args, d.providers.Main())
	if err != nil || !d.General.CrossRegion {
		return main, nil, err
	}
	args.Region, args.Name = d.General.RecoveryRegion, d.recoveryName
	recovery, err := keys.NewRecovery(d.ctx, d.recoveryName("keys"), args, d.providers.InRecovery())
	return main, recovery, err
}

func (d deployment) network(k *keys.Keys) (*network.Network, error) {
	zones, err := d.Zones()
	if err != nil {
		return nil, err
	}
	return network.New(d.ctx, d.Name("network"), network.Args{
		Account: d.General.Account, Region: d.General.Region, Name: d.Name, Protect: &d.General.Protect,
		CIDR: d.Network.VPC, Zones: zones, ClusterName: d.Name("cluster"),
		NATPerZone: d.Network.NATPerZone, VPNGateway: d.Network.VPNGateway, Endpoints: d.Network.Endpoints,
		DatabasePort: database.Port, CachePort: cache.Port,
		LogDays: d.Network.LogDays, LogsKey: k.Logs,
	}, d.providers.Main())
}

func (d deployment) database(n *network.Network, k *keys.Keys, recovery *keys.RecoveryKeys) (*database.Outputs, error) {
	args := database.Args{
		Name: d.Name, Account: d.General.Account, Zones: d.General.Zones, Protect: &d.General.Protect,
		Config: d.Database, LogDays: d.Network.LogDays, Tags: d.backupTag(),
		Network: database.Network{Subnets: n.DatabaseSubnets, SecurityGroup: n.Database},
		Keys:    database.Keys{Data: k.Database, Secrets: k.Secrets, Logs: k.Logs},
	}
	if recovery != nil {
		args.Recovery = &database.Recovery{Key: recovery.Database, Provider: d.providers.InRecovery()}
	}
	return database.New(d.ctx, d.Name("database"), args, d.providers.Main())
}

func (d deployment) cache(n *network.Network, k *keys.Keys) (*cache.Outputs, error) {
	return cache.New(d.ctx, d.Name("cache"), cache.Args{
		Name: d.Name, Config: d.Cache, LogDays: d.Network.LogDays, Protect: &d.General.Protect,
		Network: cache.Network{Subnets: n.DatabaseSubnets, SecurityGroup: n.Cache},
		Keys:    cache.Keys{Data: k.Cache, Secrets: k.Secrets, Logs: k.Logs},
	}, d.providers.Main())
}

func (d deployment) storage(k *keys.Keys, recovery *keys.RecoveryKeys) (*storage.Outputs, error) {
	args := storage.Args{
		Name: d.Name, Bucket: d.Bucket, Account: d.General.Account, Region: d.General.Region, Protect: &d.General.Protect,
		Config: d.Storage, Key: k.Storage, Trail: guard.TrailARN(d.Config),
	}
	if o := d.Observability; o.On {
		args.Telemetry = &storage.Telemetry{LogDays: o.PodLogDays, TraceDays: o.TraceDays}
	}
	if recovery != nil {
		args.Recovery = &storage.Recovery{Region: d.General.RecoveryRegion, Key: recovery.Storage, Provider: d.providers.InRecovery()}
	}
	return storage.New(d.ctx, d.Name("storage"), args, d.providers.Main())
}

func (d deployment) cluster(n *network.Network, k *keys.Keys) (*cluster.Cluster, error) {
	return cluster.New(d.ctx, d.Name("cluster"), cluster.Args{
		Name: d.Name, Account: d.General.Account, Region: d.General.Region, Protect: &d.General.Protect,
		Version: d.Cluster.Version, PublicAccess: d.Cluster.PublicAccess, VPNAccess: d.Cluster.VPNAccess, Services: d.Network.Services,
		LogDays: d.Network.LogDays, Admins: d.Cluster.Admins, Group: workload.Group, MailPort: d.mailPort(),
		Nodes:   cluster.Nodes{Types: d.Cluster.NodeTypes, Min: d.Cluster.NodeMin, Max: d.Cluster.NodeMax, DiskGB: d.Cluster.NodeDiskGB},
		Tags:    d.Tags(),
		Network: cluster.Network{VPC: n.VPC, PrivateSubnets: n.PrivateSubnets, DataClients: n.Nodes},
		Keys:    cluster.Keys{Cluster: k.Cluster, Logs: k.Logs}, Providers: d.providers.Cluster(),
	}, d.providers.Main())
}

// mailPort is what is open to mail servers; 0 where there is no mail.
func (d deployment) mailPort() int {
	if d.Mail.On() {
		return stack.MailPort
	}
	return 0
}

func (d deployment) edge(k *keys.Keys) (*edge.Outputs, error) {
	return edge.New(d.ctx, d.Name("edge"), edge.Args{
		Name: d.Name, Account: d.General.Account, Region: d.General.Region, Protect: &d.General.Protect,
		Config: d.Edge, LogDays: d.Network.LogDays, LogsKey: k.Logs,
	}, d.providers.Main())
}

func (d deployment) identity(p parts) (*identity.Identity, error) {
	github := identity.GitHub{Repository: d.General.Repository, Environment: d.Stack, Provider: d.Guard.Account, Readers: workload.Group(contract.ReadOnly)}
	if d.General.StateBucket != "" {
		github.State = iamdoc.ARN{Service: "s3", Resource: d.General.StateBucket}.String()
		github.StateKey = d.General.StateKey
	}
	data := identity.Data{
		Backups: p.storage.Backups.ARN, Models: p.storage.Models.ARN, Storage: p.keys.Storage,
		Secrets: []pulumi.StringInput{p.database.Secret, p.cache.Secret, p.app}, SecretsKey: p.keys.Secrets,
		BlockList: p.edge.BlockList,
	}
	if d.Observability.On {
		data.Loki, data.Tempo = p.storage.Loki.ARN, p.storage.Tempo.ARN
	}
	return identity.New(d.ctx, d.Name("identity"), identity.Args{
		Name: d.Name, Account: d.General.Account, Region: d.General.Region,
		Cluster: identity.Cluster{Name: p.cluster.Name, ARN: p.cluster.ARN, Ready: p.cluster.Ready},
		Data:    data,
		VPC:     p.network.VPC, Zone: d.Edge.HostedZoneID, GitHub: github,
	}, d.providers.Main())
}

func (d deployment) secrets(k *keys.Keys) (pulumi.StringOutput, error) {
	return secrets.New(d.ctx, d.Name("secrets"), secrets.Args{Name: d.Name, Key: k.Secrets, Protect: &d.General.Protect}, d.providers.Main())
}

func (d deployment) guard(k *keys.Keys, recovery *keys.RecoveryKeys, s *storage.Outputs) (*guard.Outputs, error) {
	// Backups are of what carries the tag in this stack, not of all in the
	// account.
	selected := d.backupTag()
	selected["Stack"] = d.Stack
	args := guard.Args{
		Name: d.Name, Account: d.General.Account, Region: d.General.Region, Protect: &d.General.Protect,
		Config: d.Guard, Selected: selected, Immutable: d.Production() && d.General.Protect,
		Logs: guard.Logs{Bucket: s.Logs.Name, ARN: s.Logs.ARN, TrailPrefix: storage.PrefixTrail, ConfigPrefix: storage.PrefixConfig},
		Keys: guard.Keys{Vault: k.Storage, Logs: k.Logs},
	}
	if recovery != nil {
		args.Recovery = &guard.Recovery{Vault: recovery.Storage, Provider: d.providers.InRecovery()}
	}
	return guard.New(d.ctx, d.Name("guard"), args, d.providers.Main())
}
