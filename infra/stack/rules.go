package stack

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/infra/support"
)

// widestAccess is the largest network that may reach the API server from
// outside: an office has no more addresses than a /16.
const widestAccess = 16

func (c Config) checkCluster(r *report, now time.Time) {
	k := c.Cluster
	r.add(support.Check(support.EKS, k.Version, now))
	for _, p := range k.PublicAccess {
		r.add(checkAccess(p))
	}
	for _, p := range k.VPNAccess {
		r.unless(slices.ContainsFunc(c.Network.Reserved, func(n netip.Prefix) bool { return n.Bits() <= p.Bits() && n.Contains(p.Addr()) }),
			"VPN access %s is not within reservedCidrs: name the network there, so that nothing else takes its addresses", p)
	}
	for _, admin := range k.Admins {
		r.unless(strings.HasPrefix(admin, "arn:aws:iam::"+c.General.Account+":role/"), "cluster admin %q is not the ARN of a role in account %s", admin, c.General.Account)
	}
	r.unless(len(k.NodeTypes) > 0, "no node types")
	for _, t := range k.NodeTypes {
		r.add(checkInstance("node type", "", t, nodeFamilies()))
	}
	r.unless(k.NodeMin >= 1 && k.NodeMin <= k.NodeMax, "nodes: at least %d, at most %d: the first is 1 or more and not above the second", k.NodeMin, k.NodeMax)
	r.unless(k.NodeMax <= 450, "at most %d nodes: a managed node group has no more than 450", k.NodeMax)
	r.unless(k.NodeDiskGB >= 20 && k.NodeDiskGB <= 16384, "node disk of %d GB: between 20 and 16384", k.NodeDiskGB)
}

// checkAccess refuses networks that are everybody, or nobody.
func checkAccess(p netip.Prefix) error {
	switch {
	case !p.IsValid() || !p.Addr().Is4():
		return fmt.Errorf("public access %s is not an IPv4 network", p)
	case p.Bits() == 0:
		return fmt.Errorf("public access %s opens the API server to everybody: list the networks that need it", p)
	case p.Bits() < widestAccess:
		return fmt.Errorf("public access %s is wider than /%d: list the networks that need it", p, widestAccess)
	case p.Addr().IsPrivate():
		return fmt.Errorf("public access %s is a private network: it reaches the private endpoint", p)
	}
	return nil
}

// Families whose prices, sizes and architecture (arm64) are settled. The t
// families run on credit and are for staging.
func nodeFamilies() []string     { return []string{"t4g", "m7g", "c7g", "r7g"} }
func databaseFamilies() []string { return []string{"t4g", "m7g", "r7g"} }
func cacheFamilies() []string    { return []string{"t4g", "m7g", "r7g"} }

var sizePattern = regexp.MustCompile(`^(micro|small|medium|large|\d*xlarge)$`)

// checkInstance takes <prefix><family>.<size>.
func checkInstance(what, prefix, instance string, families []string) error {
	family, size, _ := strings.Cut(strings.TrimPrefix(instance, prefix), ".")
	if !strings.HasPrefix(instance, prefix) || !slices.Contains(families, family) || !sizePattern.MatchString(size) {
		return fmt.Errorf("%s %q: choose %s%s.<size>", what, instance, prefix, strings.Join(families, "|"))
	}
	return nil
}

func burstable(instance string) bool {
	return slices.ContainsFunc(strings.Split(instance, "."), func(part string) bool { return strings.HasPrefix(part, "t4") })
}

func (c Config) checkDatabase(r *report, now time.Time) {
	d := c.Database
	r.add(support.Check(support.Postgres, d.Version, now))
	r.add(checkInstance("database class", "db.", d.Class, databaseFamilies()))
	r.unless(d.StorageGB >= 20 && d.StorageGB <= 65536, "database storage of %d GB: RDS takes 20 to 65536", d.StorageGB)
	r.unless(d.MaxStorageGB*10 >= d.StorageGB*11, "database storage may grow to %d GB: RDS wants at least a tenth more than the first %d", d.MaxStorageGB, d.StorageGB)
	r.unless(d.MaxStorageGB <= 65536, "database storage may grow to %d GB: RDS ends at 65536", d.MaxStorageGB)
	r.unless(d.Replicas >= 0 && d.Replicas <= 15, "%d read replicas: RDS has 0 to 15", d.Replicas)
	r.unless(d.BackupDays >= 1 && d.BackupDays <= 35, "database backups are kept for %d days: RDS takes 1 to 35", d.BackupDays)
	checkWindows(r, "database", d.Backup, d.Maintenance, 30*time.Minute)
}

func (c Cache) product() support.Product {
	if c.Engine == "redis" {
		return support.Redis
	}
	return support.Valkey
}

func (c Config) checkCache(r *report, now time.Time) {
	k := c.Cache
	if k.Engine != "valkey" && k.Engine != "redis" {
		r.unless(false, "cache engine %q is neither valkey nor redis", k.Engine)
	} else {
		r.add(support.Check(k.product(), k.Version, now))
	}
	r.add(checkInstance("cache node type", "cache.", k.NodeType, cacheFamilies()))
	r.unless(k.Nodes >= 1 && k.Nodes <= 6, "%d cache nodes: a replication group has 1 to 6", k.Nodes)
	r.unless(k.SnapshotDays >= 1 && k.SnapshotDays <= 35, "cache snapshots are kept for %d days: ElastiCache takes 1 to 35", k.SnapshotDays)
	checkWindows(r, "cache", k.Snapshot, k.Maintenance, time.Hour)
}

func checkWindows(r *report, what string, backup Daily, maintenance Weekly, least time.Duration) {
	r.unless(backup.Length() >= least, "%s backup window %s is shorter than %v", what, backup, least)
	r.unless(maintenance.Length() >= least, "%s maintenance window %s is shorter than %v", what, maintenance, least)
	r.unless(!backup.Overlaps(maintenance.Daily), "%s backup window %s overlaps its maintenance window %s", what, backup, maintenance)
}

// checkProduction holds what callers of production rely on: the loss of a zone
// stops nothing, the loss of the region loses no data, nothing is deleted by
// mistake.
func (c Config) checkProduction(r *report) {
	zones := len(c.General.Zones)
	rule := func(holds bool, format string, args ...any) { r.unless(holds, "in production: "+format, args...) }

	rule(zones >= 3, "%d zones: at least 3, so that the loss of one leaves a majority", zones)
	rule(c.General.CrossRegion, "crossRegion is off: backups must survive the region")
	rule(c.General.Protect || c.Stack != string(Prod), "protect is off for the stack prod")
	rule(c.Network.NATPerZone, "natPerZone is off: the loss of one zone would cut off the others")
	rule(c.Cluster.NodeMin >= zones, "at least %d nodes for %d zones: one for each", c.Cluster.NodeMin, zones)
	rule(c.Database.MultiAZ, "databaseMultiAz is off: the database needs a standby")
	rule(1+c.Database.Replicas >= zones, "1 primary and %d read replicas for %d zones: one instance for each", c.Database.Replicas, zones)
	rule(c.Database.BackupDays >= 30, "database backups are kept for %d days: at least 30", c.Database.BackupDays)
	rule(c.Cache.Nodes >= zones, "%d cache nodes for %d zones: one for each", c.Cache.Nodes, zones)
	rule(c.Guard.VaultDays >= 30, "the vault keeps recovery points for %d days: at least 30", c.Guard.VaultDays)
	rule(c.Observability.On, "observability is off: nobody would hear of an outage")
	rule(c.Observability.Slack || c.Observability.PagerDuty, "neither alertPagerDuty nor alertSlack is on: alerts would reach nobody but the app that they are about")
	for _, t := range append([]string{c.Database.Class, c.Cache.NodeType}, c.Cluster.NodeTypes...) {
		rule(!burstable(t), "%s runs on credit and stalls without it", t)
	}
}
