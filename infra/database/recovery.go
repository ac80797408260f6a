package database

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// Days until a deleted key is gone; AWS takes 7 to 30.
const keyDays = 30

// copyBackups replicates snapshots and transaction logs to the recovery
// region, under a key that lives there: the region of the database may be lost
// with its keys.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
func (d *database) copyBackups(primary *rds.Instance) error {
	name := d.Name("database", "recovery")
	policy, err := iamdoc.New(
		iamdoc.KeyForAccount(d.Account),
		iamdoc.KeyForService("RDS", d.Account, "rds."+d.RecoveryRegion+".amazonaws.com"),
	).Text(iamdoc.Resource)
	if err != nil {
		return err
	}
	key, err := kms.NewKey(d.ctx, name, &kms.KeyArgs{
		Description:          pulumi.String("Backups of the database in the recovery region"),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDays),
		Policy:               pulumi.String(policy),
	}, d.data(d.Recovery)...)
	if err != nil {
		return err
	}
	if _, err = kms.NewAlias(d.ctx, name, &kms.AliasArgs{
		Name: pulumi.String("alias/" + name), TargetKeyId: key.KeyId,
	}, d.child(d.Recovery)...); err != nil {
		return err
	}
	_, err = rds.NewInstanceAutomatedBackupsReplication(d.ctx, name, &rds.InstanceAutomatedBackupsReplicationArgs{
		SourceDbInstanceArn: primary.Arn,
		KmsKeyId:            key.Arn,
		RetentionPeriod:     pulumi.Int(d.Config.BackupDays),
	}, d.data(d.Recovery)...)
	return err
}
