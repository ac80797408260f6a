package stack

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/script-ohio/platform/infra/layout"
	"github.com/script-ohio/platform/infra/support"
)

// report collects problems, so that all are told at once.
type report struct{ problems []error }

// unless adds the problem when the condition does not hold.
func (r *report) unless(holds bool, format string, args ...any) {
	if !holds {
		r.problems = append(r.problems, fmt.Errorf(format, args...))
	}
}

func (r *report) add(err error) {
	if err != nil {
		r.problems = append(r.problems, err)
	}
}

// Validate reports every problem at once, in words: what AWS would refuse
// halfway through a deployment, and what the environment's rules forbid. now
// decides which engine versions are in support.
func (c Config) Validate(now time.Time) error {
	var r report
	c.checkGeneral(&r)
	c.checkNetwork(&r)
	c.checkCluster(&r, now)
	c.checkDatabase(&r, now)
	c.checkCache(&r, now)
	c.checkStorage(&r)
	c.checkEdge(&r)
	c.checkRelease(&r)
	c.checkMail(&r)
	c.checkObservability(&r)
	if c.Production() {
		c.checkProduction(&r)
	}
	return errors.Join(r.problems...)
}

// Warnings tells what is fine now and will not stay so.
func (c Config) Warnings(now time.Time) []string {
	var warnings []string
	for _, w := range []string{
		support.Warn(support.EKS, c.Cluster.Version, now),
		support.Warn(support.Postgres, c.Database.Version, now),
		support.Warn(c.Cache.product(), c.Cache.Version, now),
	} {
		if w != "" {
			warnings = append(warnings, w)
		}
	}
	return warnings
}

var (
	stackPattern      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,11}$`)
	accountPattern    = regexp.MustCompile(`^\d{12}$`)
	regionPattern     = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9-]+(/[A-Za-z0-9._-]+|@\d+/[A-Za-z0-9._-]+@\d+)$`)
	tagPattern        = regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]{1,256}$`)
	bucketPattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyPattern        = regexp.MustCompile(`^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]{36}$`)
	domainPattern     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	zonePattern       = regexp.MustCompile(`^Z[A-Z0-9]{5,31}$`)
	imagePattern      = regexp.MustCompile(`^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$`)
)

func (c Config) checkGeneral(r *report) {
	g := c.General
	r.unless(stackPattern.MatchString(c.Stack), "stack name %q: lower-case letters, digits and hyphens, at most 12, for names are built of it", c.Stack)
	r.unless(accountPattern.MatchString(g.Account), "account %q is not 12 digits", g.Account)
	r.unless(regionPattern.MatchString(g.Region), "region %q is not a region such as us-east-2", g.Region)
	r.unless(regionPattern.MatchString(g.RecoveryRegion), "recovery region %q is not a region such as us-west-2", g.RecoveryRegion)
	r.unless(!c.General.CrossRegion || g.RecoveryRegion != g.Region, "recovery region %s is the region itself: a copy there is lost with it", g.RecoveryRegion)
	r.unless(repositoryPattern.MatchString(g.Repository), "repository %q is neither owner/name nor owner@ID/name@ID", g.Repository)
	r.unless(tagPattern.MatchString(g.Owner), "owner %q does not fit into a tag", g.Owner)
	r.unless(g.StateBucket == "" || bucketPattern.MatchString(g.StateBucket), "state bucket %q is not the name of a bucket", g.StateBucket)
	r.unless((g.StateKey == "") == (g.StateBucket == ""), "stateBucket and stateKey come together: a preview reads the one with the other")
	r.unless(g.StateKey == "" || keyPattern.MatchString(g.StateKey), "state key %q is not the ARN of a KMS key", g.StateKey)
	for _, zone := range g.Zones {
		r.unless(strings.HasPrefix(zone, g.Region), "zone %s is not in region %s", zone, g.Region)
	}
}

func (c Config) checkNetwork(r *report) {
	n := c.Network
	_, err := c.Zones()
	r.add(err)
	r.unless(n.Services.IsValid() && n.Services.Addr().Is4() && n.Services.Addr().IsPrivate() && n.Services.Bits() >= 12 && n.Services.Bits() <= 24,
		"service CIDR %s: EKS takes /12 to /24 of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", n.Services)
	spaces := []layout.Named{{Name: "VPC", Prefix: n.VPC}, {Name: "service CIDR", Prefix: n.Services}}
	for _, p := range n.Reserved {
		spaces = append(spaces, layout.Named{Name: "reserved network", Prefix: p})
	}
	r.add(layout.Disjoint(spaces...))
	// What CloudWatch Logs accepts, from one day to ten years.
	retention := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	r.unless(slices.Contains(retention, n.LogDays), "log days %d: CloudWatch keeps logs for one of %v days", n.LogDays, retention)
}

func (c Config) checkEdge(r *report) {
	r.unless(domainPattern.MatchString(c.Edge.Domain), "domain %q is not a host name such as api.example.com", c.Edge.Domain)
	r.unless(zonePattern.MatchString(c.Edge.HostedZoneID), "hosted zone %q is not an id such as Z0123456789ABCDEFGHIJ", c.Edge.HostedZoneID)
	r.unless(c.Edge.RateLimit >= 10 && c.Edge.RateLimit <= 2_000_000_000, "WAF rate limit %d is not between 10 and 2,000,000,000", c.Edge.RateLimit)
	r.unless(isAddress(c.Guard.AlertEmail), "alert e-mail %q is not an address", c.Guard.AlertEmail)
	r.unless(c.Guard.BudgetUSD > 0, "monthly budget %d is not positive", c.Guard.BudgetUSD)
	r.unless(c.Guard.VaultDays >= 1 && c.Guard.VaultDays <= 36500, "vault days %d are not between 1 and 36500", c.Guard.VaultDays)
}

// isAddress takes a bare address, without the name of its owner.
func isAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

func (c Config) checkMail(r *report) {
	m := c.Mail
	r.unless((m.From == "") == (len(m.To) == 0), "mailFrom and mailTo come together: who writes, and to whom")
	r.unless(m.From == "" || isAddress(m.From), "mailFrom %q is not an address", m.From)
	for _, to := range m.To {
		r.unless(isAddress(to), "mailTo %q is not an address", to)
	}
}

func (c Config) checkStorage(r *report) {
	s := c.Storage
	r.unless(s.InfrequentDays >= 30, "objects move to Infrequent Access after %d days: S3 wants at least 30", s.InfrequentDays)
	r.unless(s.GlacierDays >= s.InfrequentDays+30, "objects move to Glacier after %d days: at least 30 after Infrequent Access, %d", s.GlacierDays, s.InfrequentDays+30)
	r.unless(s.ExpireDays > s.GlacierDays, "objects expire after %d days, before they move to Glacier after %d", s.ExpireDays, s.GlacierDays)
	r.unless(s.LockDays >= 1 && s.LockDays <= s.ExpireDays, "backups are locked for %d days: at least 1 and not longer than they live, %d", s.LockDays, s.ExpireDays)
	for n, recipient := range s.Recipients {
		r.add(checkRecipient(n+1, recipient))
	}
}

// checkRecipient takes a public key of age. What is none is not repeated: it
// may be the private one.
func checkRecipient(nth int, text string) error {
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return fmt.Errorf("backupRecipient %d is a private key, and everybody has read it now: make another pair and set the public one", nth)
	}
	if _, err := age.ParseX25519Recipient(text); err != nil {
		return fmt.Errorf("backupRecipient %d is not a public key of age: age-keygen prints one, which begins with age1", nth)
	}
	return nil
}

func (c Config) checkObservability(r *report) {
	o := c.Observability
	r.unless(o.MetricDays >= 1 && o.MetricDays <= 90, "metrics are kept for %d days: Prometheus keeps them on a disk of fixed size, so 1 to 90", o.MetricDays)
	r.unless(o.PodLogDays >= 1 && o.PodLogDays <= 365, "logs of pods are kept for %d days: 1 to 365", o.PodLogDays)
	r.unless(o.TraceDays >= 1 && o.TraceDays <= 90, "traces are kept for %d days: 1 to 90", o.TraceDays)
}
