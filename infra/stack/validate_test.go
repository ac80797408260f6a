package stack_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/stack"
)

// recipient is a public key of age.
const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

func TestEveryRuleSaysWhatIsWrong(t *testing.T) {
	prefixes := func(list ...string) (p []netip.Prefix) {
		for _, s := range list {
			p = append(p, netip.MustParsePrefix(s))
		}
		return p
	}
	for _, c := range []struct {
		name  string
		spoil func(*stack.Config)
		want  string
	}{
		{"stack name", func(c *stack.Config) { c.Stack = "Prod_2" }, `stack name "Prod_2"`},
		{"account", func(c *stack.Config) { c.General.Account = "1234" }, `account "1234" is not 12 digits`},
		{"region", func(c *stack.Config) { c.General.Region = "ohio" }, `region "ohio" is not a region`},
		{"recovery region", func(c *stack.Config) { c.General.RecoveryRegion = "far" }, `recovery region "far"`},
		{"same recovery region", func(c *stack.Config) { c.General.RecoveryRegion = "us-east-2" }, "us-east-2 is the region itself"},
		{"foreign zone", func(c *stack.Config) { c.General.Zones = []string{"us-west-2a", "us-west-2b", "us-west-2c"} }, "zone us-west-2a is not in region us-east-2"},
		{"repository", func(c *stack.Config) { c.General.Repository = "platform" }, `repository "platform" is neither owner/name nor owner@ID/name@ID`},
		{"state bucket", func(c *stack.Config) { c.General.StateBucket = "State" }, `state bucket "State" is not the name of a bucket`},
		{"state key alone", func(c *stack.Config) {
			c.General.StateKey = "arn:aws:kms:us-east-2:111122223333:key/00000000-0000-0000-0000-000000000000"
		}, "stateBucket and stateKey come together"},
		{"state key", func(c *stack.Config) { c.General.StateBucket, c.General.StateKey = "state", "alias/state" }, `state key "alias/state" is not the ARN`},
		{"owner", func(c *stack.Config) { c.General.Owner = "a<b" }, `owner "a<b"`},
		{"VPC size", func(c *stack.Config) { c.Network.VPC = netip.MustParsePrefix("10.0.0.0/24") }, "not between /16 and /20"},
		{"services overlap", func(c *stack.Config) { c.Network.Services = netip.MustParsePrefix("10.0.64.0/20") }, "service CIDR 10.0.64.0/20 overlaps VPC 10.0.0.0/16"},
		{"services public", func(c *stack.Config) { c.Network.Services = netip.MustParsePrefix("8.8.0.0/16") }, "service CIDR 8.8.0.0/16: EKS takes"},
		{"reserved overlap", func(c *stack.Config) { c.Network.Reserved = prefixes("10.9.0.0/16", "10.0.0.0/8") }, "reserved network 10.0.0.0/8 overlaps VPC 10.0.0.0/16"},
		{"log days", func(c *stack.Config) { c.Network.LogDays = 31 }, "log days 31"},
		{"EKS out of support", func(c *stack.Config) { c.Cluster.Version = "1.28" }, `EKS "1.28" is not known: choose among 1.34, 1.35, 1.36`},
		{"open to all", func(c *stack.Config) { c.Cluster.PublicAccess = prefixes("0.0.0.0/0") }, "0.0.0.0/0 opens the API server to everybody"},
		{"open to half", func(c *stack.Config) { c.Cluster.PublicAccess = prefixes("128.0.0.0/1") }, "wider than /16"},
		{"open to IPv6", func(c *stack.Config) { c.Cluster.PublicAccess = prefixes("::/0") }, "not an IPv4 network"},
		{"open to private", func(c *stack.Config) { c.Cluster.PublicAccess = prefixes("10.2.0.0/16") }, "is a private network"},
		{"admin", func(c *stack.Config) { c.Cluster.Admins = []string{"arn:aws:iam::999999999999:role/x"} }, "not the ARN of a role in account 111122223333"},
		{"half an id", func(c *stack.Config) { c.General.Repository = "owner@1/name" }, `repository "owner@1/name" is neither`},
		{"VPN access", func(c *stack.Config) { c.Cluster.VPNAccess = prefixes("10.9.0.0/16") }, "VPN access 10.9.0.0/16 is not within reservedCidrs"},
		{"no colour", func(c *stack.Config) { c.Release.Live = "red" }, `live "red" is neither blue nor green`},
		{"green alone", func(c *stack.Config) { c.Release.Green = "ghcr.io/script-ohio/platform:v2" }, "only with live"},
		{"foreign image", func(c *stack.Config) { c.Release.Image = "quay.io/other/platform:v1" }, "comes from none of the registries"},
		{"too many replicas", func(c *stack.Config) { c.Release.ReplicasMax = 51 }, "at most 51 replicas"},
		{"replica order", func(c *stack.Config) { c.Release.ReplicasMin = 21 }, "replicas: at least 21, at most 20"},
		{"everybody's registry", func(c *stack.Config) { c.Release.Registries = append(c.Release.Registries, "docker.io") }, "docker.io is everybody's"},
		{"one replica", func(c *stack.Config) { c.Release.ReplicasMin = 1 }, "in production: at least 1 replica"},
		{"registry", func(c *stack.Config) { c.Release.Registries = []string{"library/"} }, `registry "library/" is not a host`},
		{"no node types", func(c *stack.Config) { c.Cluster.NodeTypes = nil }, "no node types"},
		{"x86 nodes", func(c *stack.Config) { c.Cluster.NodeTypes = []string{"m5.large"} }, `node type "m5.large": choose t4g|m7g|c7g|r7g.<size>`},
		{"node order", func(c *stack.Config) { c.Cluster.NodeMin = 30 }, "nodes: at least 30, at most 20"},
		{"too many nodes", func(c *stack.Config) { c.Cluster.NodeMax = 500 }, "at most 500 nodes"},
		{"node disk", func(c *stack.Config) { c.Cluster.NodeDiskGB = 5 }, "node disk of 5 GB"},
		{"PostgreSQL", func(c *stack.Config) { c.Database.Version = "14" }, `RDS for PostgreSQL "14"`},
		{"database class", func(c *stack.Config) { c.Database.Class = "m7g.large" }, `database class "m7g.large": choose db.t4g`},
		{"database storage", func(c *stack.Config) { c.Database.StorageGB = 10 }, "database storage of 10 GB"},
		{"database growth", func(c *stack.Config) { c.Database.MaxStorageGB = 510 }, "may grow to 510 GB"},
		{"database end", func(c *stack.Config) { c.Database.MaxStorageGB = 70000 }, "RDS ends at 65536"},
		{"replicas", func(c *stack.Config) { c.Database.Replicas = 16 }, "16 read replicas"},
		{"backup days", func(c *stack.Config) { c.Database.BackupDays = 0 }, "kept for 0 days"},
		{"windows", func(c *stack.Config) { c.Database.Backup = stack.Daily{Start: 270, End: 330} }, "database backup window 04:30-05:30 overlaps its maintenance window sun:04:00-sun:05:00"},
		{"short window", func(c *stack.Config) { c.Cache.Snapshot = stack.Daily{Start: 0, End: 30} }, "cache backup window 00:00-00:30 is shorter than 1h0m0s"},
		{"cache engine", func(c *stack.Config) { c.Cache.Engine = "memcached" }, `cache engine "memcached"`},
		{"redis after 7.1", func(c *stack.Config) { c.Cache.Engine, c.Cache.Version = "redis", "8.2" }, `Redis OSS "8.2" is not known: choose among 7.1`},
		{"cache type", func(c *stack.Config) { c.Cache.NodeType = "cache.m5.large" }, `cache node type "cache.m5.large"`},
		{"cache nodes", func(c *stack.Config) { c.Cache.Nodes = 7 }, "7 cache nodes"},
		{"snapshots", func(c *stack.Config) { c.Cache.SnapshotDays = 36 }, "snapshots are kept for 36 days"},
		{"infrequent access", func(c *stack.Config) { c.Storage.InfrequentDays = 7 }, "after 7 days: S3 wants at least 30"},
		{"glacier", func(c *stack.Config) { c.Storage.GlacierDays = 40 }, "Glacier after 40 days"},
		{"expiry", func(c *stack.Config) { c.Storage.ExpireDays = 60 }, "expire after 60 days"},
		{"lock", func(c *stack.Config) { c.Storage.LockDays = 400 }, "locked for 400 days"},
		{"recipient", func(c *stack.Config) { c.Storage.Recipients = []string{recipient, recipient[:20]} }, "backupRecipient 2 is not a public key of age"},
		{"private recipient", func(c *stack.Config) { c.Storage.Recipients = []string{"AGE-SECRET-" + "KEY-1QQ"} }, "backupRecipient 1 is a private key"},
		{"domain", func(c *stack.Config) { c.Edge.Domain = "https://x" }, `domain "https://x"`},
		{"hosted zone", func(c *stack.Config) { c.Edge.HostedZoneID = "example.com" }, `hosted zone "example.com"`},
		{"rate limit", func(c *stack.Config) { c.Edge.RateLimit = 5 }, "WAF rate limit 5"},
		{"e-mail", func(c *stack.Config) { c.Guard.AlertEmail = "Me <a@b.c>" }, `alert e-mail "Me <a@b.c>"`},
		{"mail to nobody", func(c *stack.Config) { c.Mail.From = "ohio@example.com" }, "mailFrom and mailTo come together"},
		{"mail from nobody", func(c *stack.Config) { c.Mail.To = []string{"a@example.com"} }, "mailFrom and mailTo come together"},
		{"mail sender", func(c *stack.Config) { c.Mail.From, c.Mail.To = "Ohio <o@example.com>", []string{"a@example.com"} }, `mailFrom "Ohio <o@example.com>"`},
		{"mail recipient", func(c *stack.Config) {
			c.Mail.From, c.Mail.To = "o@example.com", []string{"a@example.com", "everybody"}
		}, `mailTo "everybody"`},
		{"budget", func(c *stack.Config) { c.Guard.BudgetUSD = 0 }, "monthly budget 0"},
		{"vault", func(c *stack.Config) { c.Guard.VaultDays = 0 }, "vault days 0"},
		{"metric days", func(c *stack.Config) { c.Observability.MetricDays = 400 }, "metrics are kept for 400 days"},
		{"log days of pods", func(c *stack.Config) { c.Observability.PodLogDays = 0 }, "logs of pods are kept for 0 days"},
		{"trace days", func(c *stack.Config) { c.Observability.TraceDays = 91 }, "traces are kept for 91 days"},
		{"image name", func(c *stack.Config) { c.Release.Image = "Platform" }, `image "Platform" is not registry/name`},
		{"image latest", func(c *stack.Config) { c.Release.Image = "ghcr.io/a/b:latest" }, "changes under the same name"},
		{"workers without a tag", func(c *stack.Config) {
			c.Release.Workers, c.Release.Image = true, "ghcr.io/script-ohio/platform@sha256:"+strings.Repeat("0", 64)
		}, "set workerImage"},
		{"foreign workers", func(c *stack.Config) { c.Release.Workers, c.Release.WorkerImage = true, "quay.io/other/work:v1" }, "comes from none of the registries"},
		{"image untagged", func(c *stack.Config) { c.Release.Image = "localhost:5000/a/b" }, "changes under the same name"},

		{"two zones", func(c *stack.Config) { c.General.Zones = c.General.Zones[:2] }, "in production: 2 zones"},
		{"no copies", func(c *stack.Config) { c.General.CrossRegion = false }, "in production: crossRegion is off"},
		{"unprotected", func(c *stack.Config) { c.General.Protect = false }, "in production: protect is off"},
		{"one NAT", func(c *stack.Config) { c.Network.NATPerZone = false }, "in production: natPerZone is off"},
		{"few nodes", func(c *stack.Config) { c.Cluster.NodeMin = 2 }, "in production: at least 2 nodes for 3 zones"},
		{"no standby", func(c *stack.Config) { c.Database.MultiAZ = false }, "in production: databaseMultiAz is off"},
		{"few replicas", func(c *stack.Config) { c.Database.Replicas = 1 }, "in production: 1 primary and 1 read replicas for 3 zones"},
		{"short backups", func(c *stack.Config) { c.Database.BackupDays = 7 }, "in production: database backups are kept for 7 days"},
		{"few cache nodes", func(c *stack.Config) { c.Cache.Nodes = 2 }, "in production: 2 cache nodes for 3 zones"},
		{"short vault", func(c *stack.Config) { c.Guard.VaultDays = 7 }, "in production: the vault keeps"},
		{"nobody watches", func(c *stack.Config) { c.Observability.On = false }, "in production: observability is off"},
		{"nobody hears", func(c *stack.Config) { c.Observability.Slack, c.Observability.PagerDuty = false, false }, "in production: neither alertPagerDuty nor alertSlack"},
		{"burstable nodes", func(c *stack.Config) { c.Cluster.NodeTypes = []string{"t4g.large"} }, "in production: t4g.large runs on credit"},
		{"burstable database", func(c *stack.Config) { c.Database.Class = "db.t4g.large" }, "in production: db.t4g.large runs on credit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := stack.ReadFile(file("prod"))
			require.NoError(t, err)
			c.spoil(&config)
			require.ErrorContains(t, config.Validate(today), c.want)
		})
	}
}

func TestABackupMayHaveSeveralRecipients(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	c.Storage.Recipients = []string{recipient, recipient}
	require.NoError(t, c.Validate(today))
}

// What was entered instead of a public key may be the private one.
func TestAWrongRecipientIsNotRepeated(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	for _, text := range []string{"AGE-SECRET-" + "KEY-1HIDDEN", "age-secret-" + "key-1hidden", "age1hidden", "hidden"} {
		c.Storage.Recipients = []string{text}
		err := c.Validate(today)
		require.Error(t, err)
		require.NotContains(t, strings.ToLower(err.Error()), "hidden")
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	c.Network.Services = c.Network.VPC
	c.Cluster.PublicAccess = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	c.Cluster.Version = "1.28"
	c.Database.Replicas = 0
	c.Edge.Domain = ""
	err = c.Validate(today)
	for _, want := range []string{"overlaps VPC", "opens the API server", `EKS "1.28"`, "read replicas for 3 zones", `domain ""`} {
		require.ErrorContains(t, err, want)
	}
}

func TestStagingMayDoWithout(t *testing.T) {
	c, err := stack.ReadFile(file("staging"))
	require.NoError(t, err)
	c.General.Protect = false
	c.Cluster.NodeTypes = []string{"t4g.large"}
	c.General.Zones = c.General.Zones[:2]
	require.NoError(t, c.Validate(today))
}

func TestACopyOfProductionMayBeUnprotected(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	c.Stack, c.General.Protect = "prod-copy", false
	require.NoError(t, c.Validate(today))
}

func TestVersionsLeaveSupportByTheClock(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	c.Cluster.Version = "1.35"
	require.Empty(t, c.Warnings(today))
	require.Equal(t, []string{"EKS 1.35 leaves standard support on 2027-03-27: plan the upgrade"},
		c.Warnings(time.Date(2027, time.January, 15, 0, 0, 0, 0, time.UTC)))
	require.ErrorContains(t, c.Validate(time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)), "EKS 1.35 left standard support on 2027-03-27")
}
