package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// recovery: there are backups, where nobody can delete them and where the
// region cannot take them along.
func recovery() []Rule {
	return []Rule{
		{
			Name:       "database-backups",
			Reason:     "between the mistake and its discovery lie days; point-in-time recovery must reach back behind them",
			Reference:  hub("RDS.11"),
			Production: true,
			check: primaries(
				must{"backupRetentionPeriod", atLeast(leastDays), "backups are kept too short: set backupRetentionPeriod to 30 or more"},
				must{"deleteAutomatedBackups", func(v any) bool { return v == false }, "automated backups go with the instance: set deleteAutomatedBackups to false"}),
		},
		{
			Name:       "final-snapshots",
			Reason:     "the last snapshot is all that is left of a deletion by mistake",
			Reference:  "AWS, Deleting a DB instance: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",
			Production: true,
			check: each(
				primaries(
					must{"skipFinalSnapshot", no, "a deletion leaves nothing: set skipFinalSnapshot to false"},
					must{"finalSnapshotIdentifier", given, "a deletion leaves nothing: set finalSnapshotIdentifier"}),
				require(cacheGroupType, must{"finalSnapshotIdentifier", given, "a deletion leaves nothing: set finalSnapshotIdentifier"}),
			),
		},
		{
			Name:       "cache-snapshots",
			Reason:     "a cache without snapshots starts empty, with all load on the database",
			Reference:  hub("ElastiCache.1"),
			Production: true,
			check:      require(cacheGroupType, must{"snapshotRetentionLimit", atLeast(1), "there are no snapshots: set snapshotRetentionLimit to 1 or more"}),
		},
		{
			Name:      "database-in-backup-plan",
			Reason:    "a plan selects by tags: one letter off, and nothing is backed up without a word",
			Reference: hub("RDS.26"),
			check:     selected,
		},
		{
			Name:       "backup-plan",
			Reason:     "a plan that keeps too short or copies nowhere is found out when it is needed",
			Reference:  "AWS Well-Architected REL09-BP03: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_backing_up_data_automated_backups_data.html",
			Production: true,
			check: require(backupPlanType,
				must{"rules.*.lifecycle.deleteAfter", atLeast(leastDays), "recovery points are kept too short: set deleteAfter to 30 or more"}),
		},
		{
			Name:       "copies-in-another-region",
			Reason:     "a region that is lost takes its backups and its keys along",
			Reference:  hub("S3.7") + "; AWS Well-Architected REL13-BP02: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_disaster_recovery.html",
			Production: true,
			check:      copies,
		},
		{
			Name:       "vault-locked",
			Reason:     "who can delete a database can delete its backups, unless a lock stands above everybody",
			Reference:  "AWS, Backup Vault Lock: https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
			Production: true,
			check:      locks,
		},
		{
			Name:      "backups-object-locked",
			Reason:    "ransomware deletes backups first; in compliance mode not even the root user can",
			Reference: hub("S3.15"),
			check:     objectLocks,
		},
	}
}

// selected wants the tags of every primary to meet the conditions of a
// selection.
func selected(i *inspection) {
	for _, db := range i.primaries() {
		covered := false
		for _, selection := range i.OfType(selectionType) {
			covered = covered || i.selects(selection, db)
		}
		if !covered {
			i.fault(db, "tags", "no backup plan selects the database: give it the tags that a selection asks for")
		}
	}
}

func (i *inspection) selects(selection, r *plan.Resource) bool {
	asked := 0
	for _, condition := range expand(selection.Inputs, "conditions.*.stringEquals") {
		wanted, _ := selection.Inputs.At(condition).([]any)
		for _, w := range wanted {
			pair, _ := w.(map[string]any)
			key, _ := pair["key"].(string)
			key = strings.TrimPrefix(key, "aws:ResourceTag/")
			if i.tag(r, key) != pair["value"] {
				return false
			}
			asked++
		}
	}
	return asked > 0
}

// tag is a tag of the resource, its own or the provider's.
func (i *inspection) tag(r *plan.Resource, key string) string {
	if own, is := tagsAt(r, "tags")[key].(string); is {
		return own
	}
	if p := i.byURN[r.Provider]; p != nil {
		text, _ := tagsAt(p, "defaultTags.tags")[key].(string)
		return text
	}
	return ""
}

func tagsAt(r *plan.Resource, path string) map[string]any {
	tags, _ := r.Inputs.At(path).(map[string]any)
	return tags
}

// regional are the classes of data that are about what happens in a region, and
// of no use in another: access logs, logs of pods, traces.
func regional() []string { return []string{"logs", "loki", "tempo"} }

// copies wants what is backed up to exist in another region too.
func copies(i *inspection) {
	for _, db := range i.primaries() {
		away := i.pointing(copyType, "sourceDbInstanceArn", db)
		if len(away) == 0 || i.region(away[0]) == i.region(db) {
			i.fault(db, "", "its backups stay in its region: replicate them by an automated backups replication in another one")
		}
	}
	for _, r := range i.OfType(backupPlanType) {
		for _, path := range expand(r.Inputs, "rules.*.copyActions.*.destinationVaultArn") {
			if arn := r.Inputs.Text(path); arn == "" || strings.Contains(arn, ":"+i.region(r)+":") {
				i.fault(r, path, "recovery points stay in their region: copy them to a vault in another one")
			}
		}
	}
	for _, bucket := range i.buckets() {
		if i.region(bucket) != i.Stack.Region || slices.Contains(regional(), i.tag(bucket, "DataClass")) {
			continue // a copy itself, or read within the region only
		}
		replications := i.ofBucket(bucket, replicationType)
		if len(replications) == 0 {
			i.fault(bucket, "", "its objects stay in their region: replicate them to a bucket in another one")
		}
		for _, r := range replications {
			i.hold(r, must{"rules.*.status", exactly("Enabled"), "the replication is off: set status to Enabled"})
			for _, path := range expand(r.Inputs, "rules.*.destination.bucket") {
				target := i.bucketByARN(r.Inputs.Text(path))
				if target == nil || i.region(target) == i.region(bucket) {
					i.fault(r, path, "objects stay in their region: replicate them to a bucket of this stack in another one")
				}
			}
		}
	}
}

// backups lists the buckets that hold them, known by their tag.
func (i *inspection) backups() []*plan.Resource {
	var found []*plan.Resource
	for _, bucket := range i.buckets() {
		if i.tag(bucket, "DataClass") == "backups" {
			found = append(found, bucket)
		}
	}
	return found
}

func (i *inspection) bucketByARN(arn string) *plan.Resource {
	for _, bucket := range i.buckets() {
		if arn == "arn:aws:s3:::"+bucketName(bucket) {
			return bucket
		}
	}
	return nil
}

// region is the one of the resource's provider.
func (i *inspection) region(r *plan.Resource) string {
	if p := i.byURN[r.Provider]; p != nil {
		return p.Inputs.Text("region")
	}
	return i.Stack.Region
}

func locks(i *inspection) {
	for _, vault := range i.OfType(vaultType) {
		found := i.pointing(lockType, "backupVaultName", vault)
		if len(found) == 0 {
			i.fault(vault, "", "its recovery points can be deleted: add a vault lock")
		}
		for _, lock := range found {
			i.hold(lock,
				must{"minRetentionDays", atLeast(leastDays), "recovery points may be deleted too soon: set minRetentionDays to 30 or more"},
				must{"changeableForDays", atLeast(3), "the lock can be taken off again: set changeableForDays, after which it cannot"})
		}
	}
}

func objectLocks(i *inspection) {
	if len(i.backups()) == 0 {
		i.fault(nil, "", "no bucket carries the tag DataClass with backups: tag the one that holds them")
	}
	for _, bucket := range i.backups() {
		i.hold(bucket, must{"objectLockEnabled", yes, "backups can be deleted: set objectLockEnabled to true, which is possible only for a new bucket"})
		found := i.ofBucket(bucket, bucketLockType)
		if len(found) == 0 {
			i.fault(bucket, "", "backups are locked only where a writer asks for it: add a default retention")
		}
		for _, lock := range found {
			i.hold(lock,
				must{"rule.defaultRetention.mode", exactly("COMPLIANCE"), "the lock can be lifted by who may: set mode to COMPLIANCE"},
				must{"rule.defaultRetention.days", atLeast(1), "backups are not kept: set days"})
			if i.production() {
				i.hold(lock, must{"rule.defaultRetention.days", atLeast(leastDays), "backups are locked too short: set days to 30 or more"})
			}
		}
	}
}
