package database

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// copyBackups replicates snapshots and transaction logs to the recovery
// region, under a key that lives there: the region of the database may be lost
// with its keys. Another retention is another replication, and an instance has
// one; what was copied stays until its day.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
func (d *database) copyBackups(primary *rds.Instance) error {
	_, err := rds.NewInstanceAutomatedBackupsReplication(d.ctx, d.Name("database", "recovery"), &rds.InstanceAutomatedBackupsReplicationArgs{
		SourceDbInstanceArn: primary.Arn,
		KmsKeyId:            d.Recovery.Key.ToStringOutput(),
		RetentionPeriod:     pulumi.Int(d.Config.BackupDays),
	}, d.child(d.Recovery.Provider, pulumi.DeleteBeforeReplace(true))...)
	return err
}
