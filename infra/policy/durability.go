package policy

import (
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// leastDays is how long production keeps backups: a mistake that is found at
// the end of a month can still be undone.
const leastDays = 30

// durability: no mistake and no lost machine takes data along.
func durability() []Rule {
	return []Rule{
		{
			Name:       "data-protected",
			Reason:     "a destroy, or a line less in the program, would delete what cannot be made again",
			Reference:  "Pulumi, protect and retainOnDelete: https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
			Production: true,
			check:      protected,
		},
		{
			Name:       "deletion-protected",
			Reason:     "the console and every other tool delete a database that does not refuse",
			Reference:  hub("RDS.8"),
			Production: true,
			check:      require(databaseType, must{"deletionProtection", yes, "anybody may delete the database by one call: set deletionProtection to true"}),
		},
		{
			Name:       "key-deletion-slow",
			Reason:     "a deleted key takes all data under it along; the waiting period is the time to notice",
			Reference:  hub("KMS.3"),
			Production: true,
			check:      require(keyType, must{"deletionWindowInDays", atLeast(leastDays), "a deletion comes true too soon: set deletionWindowInDays to 30"}),
		},
		{
			Name:       "secret-deletion-slow",
			Reason:     "a secret that is gone at once locks the service out of its own data",
			Reference:  "AWS, Delete a secret: https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
			Production: true,
			check:      require(hiddenType, must{"recoveryWindowInDays", atLeast(leastDays), "a deletion comes true too soon: set recoveryWindowInDays to 30"}),
		},
		{
			Name:      "bucket-versioned",
			Reason:    "what is overwritten or deleted by mistake can be brought back from its versions only",
			Reference: hub("S3.14"),
			check: requireOfBuckets(bucketVersionsType, "objects have no versions: add a versioning configuration",
				must{"versioningConfiguration.status", exactly("Enabled"), "objects have no versions: set status to Enabled"}),
		},
		{
			Name:       "database-standby",
			Reason:     "without a standby the loss of one zone is the loss of the service until a restore",
			Reference:  hub("RDS.5") + " (CIS AWS 5.0 2.2.4)",
			Production: true,
			check: primaries(
				must{"multiAz", yes, "the database has no standby in another zone: set multiAz to true"}),
		},
		{
			Name:       "cache-failover",
			Reason:     "a cache of one zone forgets rate limits and sessions with it",
			Reference:  hub("ElastiCache.3"),
			Production: true,
			check: require(cacheGroupType,
				must{"automaticFailoverEnabled", yes, "no replica takes over: set automaticFailoverEnabled to true"},
				must{"multiAzEnabled", yes, "all nodes may be in one zone: set multiAzEnabled to true"},
				must{"numCacheClusters", atLeast(2), "there is no replica: at least 2 nodes"}),
		},
	}
}

// primaries is a check of every database that is no replica.
func primaries(all ...must) func(*inspection) {
	return func(i *inspection) {
		for _, r := range i.primaries() {
			i.hold(r, all...)
		}
	}
}

func (i *inspection) primaries() []*plan.Resource {
	var found []*plan.Resource
	for _, r := range i.OfType(databaseType) {
		if r.Inputs.Text("replicateSourceDb") == "" {
			found = append(found, r)
		}
	}
	return found
}

// held is a type that holds what cannot be made again, or watches over it.
type held struct {
	typ string
	// retained ones also stay when a program lets go of them; the others can
	// be made again, but must not go unnoticed.
	retained bool
	// only says which of them; nil is all.
	only func(*plan.Resource) bool
}

// holders is the list of them. What closes a bucket or locks a vault stays with
// it but may be changed, so that it is retained and not protected.
func holders() []held {
	return []held{
		{databaseType, true, nil}, {cacheGroupType, true, nil},
		{bucketType, true, nil}, {keyType, true, nil}, {hiddenType, true, nil},
		{vaultType, true, nil}, {logGroupType, true, evidence},
		{clusterType, false, nil}, {trailType, false, nil},
		{"aws:guardduty/detector:Detector", false, nil}, {"aws:cfg/recorder:Recorder", false, nil},
	}
}

func closers() []string {
	return []string{bucketBlockType, bucketOwnerType, bucketEncryptionType, bucketVersionsType, bucketPolicyType, bucketLockType, lockType}
}

// evidence is the logs that show who came and what they did: of the network,
// of the control plane and of the firewall.
func evidence(logGroup *plan.Resource) bool {
	name := logGroup.Inputs.Text("name")
	return strings.HasPrefix(name, "/aws/vpc/") || strings.HasPrefix(name, "/aws/eks/") || strings.HasPrefix(name, "aws-waf-logs-")
}

func protected(i *inspection) {
	for _, h := range holders() {
		for _, r := range i.OfType(h.typ) {
			if h.only != nil && !h.only(r) {
				continue
			}
			if !r.Protect {
				i.fault(r, "", "a destroy deletes it: register it with pulumi.Protect(true)")
			}
			if h.retained && !r.RetainOnDelete {
				i.fault(r, "", "it is deleted when the program no longer has it: register it with pulumi.RetainOnDelete(true)")
			}
		}
	}
	for _, typ := range closers() {
		for _, r := range i.OfType(typ) {
			if !r.RetainOnDelete {
				i.fault(r, "", "the bucket outlives it and is open then: register it with pulumi.RetainOnDelete(true)")
			}
		}
	}
}
