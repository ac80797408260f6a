// Package stack is the typed configuration of one deployment: what may be
// set, what it means, what is wrong with it, and how things are named.
package stack

import (
	"net/netip"

	"github.com/script-ohio/platform/app/contract"
)

// Project is the Pulumi project; its keys are written script-ohio:key.
const Project = contract.ServiceName

// Config is everything that differs, or may differ, between stacks. The tags
// name key, default and meaning; a key without a default is required, with an
// example, unless optional says that it may stay empty. The loaders go by them and the
// documentation is generated from them. There are no secrets here: secrets
// are made or kept in AWS Secrets Manager and cross as references.
type Config struct {
	// Stack is the name that `pulumi stack select` takes; not a key.
	Stack string

	General  General
	Network  Network
	Cluster  Cluster
	Database Database
	Cache    Cache
	Storage  Storage
	Edge     Edge
	Guard    Guard
	Release  Release
	Mail     Mail

	Observability Observability
}

// General says where and under which rules.
type General struct {
	Environment    Environment `key:"environment" example:"staging" doc:"staging or prod: which rules the configuration must meet."`
	Account        string      `key:"account" example:"111122223333" doc:"AWS account, 12 digits. The providers refuse every other account."`
	Region         string      `key:"region" default:"us-east-2" doc:"AWS region."`
	Zones          []string    `key:"zones" default:"us-east-2a,us-east-2b,us-east-2c" doc:"Availability zones, letters a to d. Adding one moves no subnet."`
	RecoveryRegion string      `key:"recoveryRegion" default:"us-west-2" doc:"Region that receives the copies to recover from."`
	CrossRegion    bool        `key:"crossRegion" default:"true" doc:"Copy backups, models, the backup vault and the database's backups to the recovery region."`
	Protect        bool        `key:"protect" default:"true" doc:"Refuse to destroy what holds data. The stack named prod must keep it on."`
	Owner          string      `key:"owner" default:"platform" doc:"Team in the Owner tag."`
	Repository     string      `key:"repository" default:"script-ohio/platform" doc:"GitHub repository whose workflows may deploy: owner/name, or owner@ID/name@ID for one that was made, renamed or moved since 2026-07-15."`
	StateBucket    string      `key:"stateBucket" optional:"true" doc:"Bucket that holds the state of Pulumi, which the workflows of pull requests read for a preview. Empty: they may not."`
	StateKey       string      `key:"stateKey" optional:"true" doc:"ARN of the KMS key of that state and its secrets."`
}

// Network is the address space and its ways out.
type Network struct {
	VPC        netip.Prefix   `key:"vpcCidr" default:"10.0.0.0/16" doc:"Addresses of the VPC, /16 to /20."`
	Services   netip.Prefix   `key:"serviceCidr" default:"172.20.0.0/16" doc:"Addresses of Kubernetes services."`
	Reserved   []netip.Prefix `key:"reservedCidrs" optional:"true" doc:"Networks reached over VPN or peering; nothing may overlap them."`
	NATPerZone bool           `key:"natPerZone" default:"true" doc:"A NAT gateway in every zone, or a single one."`
	VPNGateway bool           `key:"vpnGateway" default:"true" doc:"Attach a VPN gateway."`
	LogDays    int            `key:"logDays" default:"90" doc:"Days that CloudWatch keeps logs: flow logs, control plane, databases, WAF."`
	Endpoints  bool           `key:"endpoints" default:"true" doc:"Interface endpoints for AWS services, so that calls to them stay in the VPC."`
}

// Cluster is EKS and its nodes.
type Cluster struct {
	Version      string         `key:"clusterVersion" default:"1.36" doc:"Kubernetes minor version."`
	PublicAccess []netip.Prefix `key:"publicAccessCidrs" optional:"true" doc:"Networks that may reach the API server from outside. Empty: none, the private endpoint only."`
	VPNAccess    []netip.Prefix `key:"vpnAccessCidrs" optional:"true" doc:"Networks, reached over VPN or peering, that may reach the API server at its private endpoint; within reservedCidrs."`
	Admins       []string       `key:"clusterAdmins" optional:"true" doc:"IAM role ARNs with cluster administration."`
	NodeTypes    []string       `key:"nodeTypes" default:"m7g.large" doc:"Instance types of the nodes, arm64."`
	NodeMin      int            `key:"nodeMin" default:"3" doc:"Fewest nodes, and how many there are at first. Before raising it above the running ones scale the group up: docs/deploy.md."`
	NodeMax      int            `key:"nodeMax" default:"20" doc:"Most nodes."`
	NodeDiskGB   int            `key:"nodeDiskGb" default:"100" doc:"GB of each node's encrypted gp3 volume."`
}

// Database is RDS for PostgreSQL.
type Database struct {
	Version      string `key:"databaseVersion" default:"17" doc:"PostgreSQL major version."`
	Class        string `key:"databaseClass" default:"db.m7g.large" doc:"Instance class of primary and replicas."`
	StorageGB    int    `key:"databaseStorageGb" default:"500" doc:"GB of gp3 storage at first."`
	MaxStorageGB int    `key:"databaseMaxStorageGb" default:"1000" doc:"GB that storage may grow to by itself."`
	MultiAZ      bool   `key:"databaseMultiAz" default:"true" doc:"Keep a standby in a second zone."`
	Replicas     int    `key:"databaseReplicas" default:"2" doc:"Read replicas."`
	BackupDays   int    `key:"databaseBackupDays" default:"30" doc:"Days of point-in-time recovery, 1 to 35."`
	Backup       Daily  `key:"databaseBackupWindow" default:"03:00-04:00" doc:"When to back up, UTC."`
	Maintenance  Weekly `key:"databaseMaintenanceWindow" default:"sun:04:00-05:00" doc:"When AWS may restart it, UTC."`
}

// Cache is ElastiCache.
type Cache struct {
	Engine       string `key:"cacheEngine" default:"valkey" doc:"valkey or redis."`
	Version      string `key:"cacheVersion" default:"8.2" doc:"Engine version: valkey 8.2, redis 7.1."`
	NodeType     string `key:"cacheNodeType" default:"cache.r7g.large" doc:"Node type."`
	Nodes        int    `key:"cacheNodes" default:"3" doc:"Nodes: one primary, the others replicas. Failover needs two."`
	SnapshotDays int    `key:"cacheSnapshotDays" default:"7" doc:"Days that daily snapshots are kept, 1 to 35."`
	Snapshot     Daily  `key:"cacheSnapshotWindow" default:"05:00-06:00" doc:"When to snapshot, UTC."`
	Maintenance  Weekly `key:"cacheMaintenanceWindow" default:"sun:06:00-07:00" doc:"When AWS may restart it, UTC."`
}

// Storage is the life of objects in buckets, in days from their creation.
type Storage struct {
	InfrequentDays int `key:"infrequentAccessDays" default:"30" doc:"Age in days at which objects move to Infrequent Access."`
	GlacierDays    int `key:"glacierDays" default:"90" doc:"Age in days at which objects move to Glacier."`
	ExpireDays     int `key:"expireDays" default:"365" doc:"Age in days at which logs and backups expire."`
	LockDays       int `key:"backupLockDays" default:"30" doc:"Days that Object Lock keeps a backup from being deleted by anybody."`

	Recipients []string `key:"backupRecipient" optional:"true" doc:"Public keys of age (age1...) that backups are encrypted for; one of their private parts is BACKUP_IDENTITY of the app's secret. Empty: the encryption of the bucket only."`
}

// Edge is where callers arrive.
type Edge struct {
	Domain       string `key:"domain" example:"api.example.com" doc:"Host name of the API."`
	HostedZoneID string `key:"hostedZoneId" example:"Z0123456789ABCDEFGHIJ" doc:"Route 53 hosted zone that the domain lies in; delegated before the first deployment."`
	RateLimit    int    `key:"wafRateLimit" default:"2000" doc:"Requests of one address in 5 minutes before WAF blocks it."`
}

// Guard is what watches the account.
type Guard struct {
	AlertEmail string `key:"alertEmail" example:"alerts@example.com" doc:"Receives budget and security alerts."`
	BudgetUSD  int    `key:"monthlyBudget" example:"1000" doc:"US dollars a month; alerts at 80 % and 100 %."`
	VaultDays  int    `key:"vaultDays" default:"35" doc:"Days that the locked backup vault keeps recovery points."`
	Account    bool   `key:"accountGuards" default:"true" doc:"Own what exists once in an account: GuardDuty, Config recorder, CloudTrail, Access Analyzer, account-wide defaults, GitHub identity provider. Off for a second stack in one account."`
}

// Release is what runs.
type Release struct {
	Inside      bool     `key:"inside" default:"true" doc:"Deploy what stands inside the cluster: controllers, app and what watches over them. Off for a first deployment from where its API server cannot be reached: docs/deploy.md."`
	Image       string   `key:"image" example:"ghcr.io/script-ohio/platform:v0.1.0" doc:"Container image by tag or digest, never latest."`
	Blue        string   `key:"blueImage" optional:"true" doc:"Image of the blue release. With greenImage and live, two releases stand beside each other instead of image."`
	Green       string   `key:"greenImage" optional:"true" doc:"Image of the green release."`
	Live        string   `key:"live" optional:"true" doc:"blue or green: the release that gets the requests. Empty: one release, updated pod by pod."`
	WorkerImage string   `key:"workerImage" optional:"true" doc:"Image of the workers, which holds the PostgreSQL client. Empty: the live image's name with -work behind it, and its tag."`
	ReplicasMin int      `key:"replicasMin" default:"3" doc:"Fewest replicas of the API."`
	ReplicasMax int      `key:"replicasMax" default:"20" doc:"Most replicas of the API, up to 50."`
	Registries  []string `key:"registries" default:"ghcr.io/script-ohio,docker.io/library,registry.k8s.io,ghcr.io/external-secrets,quay.io/jetstack,quay.io/prometheus,quay.io/prometheus-operator,quay.io/prometheuscommunity,quay.io/oliver006,quay.io/kiwigrid,docker.io/grafana" doc:"Where images may come from, but in kube-system: a registry, or a registry and a path."`
	Workers     bool     `key:"workers" default:"true" doc:"Run a worker for each queue of jobs."`
}

// Mail is who writes to whom: the app its notifications, Alertmanager its
// tickets.
type Mail struct {
	From string   `key:"mailFrom" optional:"true" doc:"Address that notifications, reports and tickets are sent from, by SMTP_URL of the app's secret: smtp://user:password@host:587. Empty: no mail, and no way out to mail servers."`
	To   []string `key:"mailTo" optional:"true" doc:"Addresses that they go to. Set together with mailFrom."`
}

// MailPort is that of mail servers which take mail from those who log in, and
// begin with STARTTLS. No other is open.
const MailPort = 587

// On reports whether there is mail.
func (m Mail) On() bool { return m.From != "" && len(m.To) > 0 }

// Observability is what watches over what stands inside the cluster.
type Observability struct {
	On         bool `key:"observability" default:"true" doc:"Keep metrics, logs and traces, and tell of alerts. Their buckets and roles stand outside the cluster; the rest comes with inside."`
	MetricDays int  `key:"metricDays" default:"40" doc:"Days that Prometheus keeps metrics, 1 to 90."`
	PodLogDays int  `key:"podLogDays" default:"30" doc:"Days that Loki keeps the logs of pods, 1 to 365."`
	TraceDays  int  `key:"traceDays" default:"7" doc:"Days that Tempo keeps traces, 1 to 90."`
	Slack      bool `key:"alertSlack" default:"true" doc:"Tell Slack of alerts, by SLACK_WEBHOOK_URL of the app's secret."`
	PagerDuty  bool `key:"alertPagerDuty" default:"true" doc:"Wake somebody by PagerDuty, by PAGERDUTY_ROUTING_KEY of the app's secret. In production one of the two is on."`
}

// Production reports whether the rules of production hold.
func (c Config) Production() bool { return c.General.Environment == Prod }
