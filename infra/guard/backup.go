package guard

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// schedule is daily, UTC, clear of the windows in which RDS backs up and
	// maintains by itself: AWS Backup must not start in the hour before either.
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup.html
	schedule = "cron(0 8 * * ? *)"
	// startMinutes and completeMinutes are when a job that has not started or
	// ended counts as failed; AWS takes 60 at least for the first.
	startMinutes    = 60
	completeMinutes = 8 * 60
	// graceDays is how long an immutable lock can still be taken back; 3 at
	// least.
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
	graceDays = 30
	// longestDays bounds what a job may ask to keep: nobody could delete it.
	longestDays = 365
)

// newBackups registers the plan that takes a recovery point a day of all that
// is selected and returns the ARN of its vault.
func (g *guard) newBackups() (pulumi.StringOutput, error) {
	name, none := g.Name("backup"), pulumi.StringOutput{}
	vault, err := g.vault(name, g.Keys.Vault)
	if err != nil {
		return none, err
	}
	rule := backup.PlanRuleArgs{
		RuleName: pulumi.String("daily"), TargetVaultName: vault.Name, Schedule: pulumi.String(schedule),
		StartWindow: pulumi.Int(startMinutes), CompletionWindow: pulumi.Int(completeMinutes),
		Lifecycle: backup.PlanRuleLifecycleArgs{DeleteAfter: pulumi.Int(g.Config.VaultDays)},
	}
	if r := g.Recovery; r != nil {
		second, err := g.vault(g.Name("recovery", "backup"), r.Vault, r.Provider)
		if err != nil {
			return none, err
		}
		rule.CopyActions = backup.PlanRuleCopyActionArray{backup.PlanRuleCopyActionArgs{
			DestinationVaultArn: second.Arn,
			Lifecycle:           backup.PlanRuleCopyActionLifecycleArgs{DeleteAfter: pulumi.Int(g.Config.VaultDays)},
		}}
	}
	plan, err := backup.NewPlan(g.ctx, name, &backup.PlanArgs{
		Name: pulumi.String(name), Rules: backup.PlanRuleArray{rule},
	}, pulumi.Parent(g))
	if err != nil {
		return none, err
	}
	role, attached, err := g.role("backup", "backup.amazonaws.com", "Takes and restores backups",
		"AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores")
	if err != nil {
		return none, err
	}
	// Conditions must all hold; of selection tags one would do.
	var tags backup.SelectionConditionStringEqualArray
	for _, key := range slices.Sorted(maps.Keys(g.Selected)) {
		tags = append(tags, backup.SelectionConditionStringEqualArgs{
			Key: pulumi.String("aws:ResourceTag/" + key), Value: pulumi.String(g.Selected[key]),
		})
	}
	_, err = backup.NewSelection(g.ctx, name, &backup.SelectionArgs{
		Name: pulumi.String(name), PlanId: plan.ID(), IamRoleArn: role.Arn,
		Resources:  pulumi.ToStringArray([]string{"*"}),
		Conditions: backup.SelectionConditionArray{backup.SelectionConditionArgs{StringEquals: tags}},
	}, pulumi.Parent(g), pulumi.DependsOn(attached))
	return vault.Arn, err
}

// vault registers a vault whose recovery points nobody can delete before
// their time. Another period is another lock, and a vault has one: the lock
// alone is not protected, so that the period can change.
func (g *guard) vault(name string, key pulumi.StringInput, where ...pulumi.ResourceOption) (*backup.Vault, error) {
	kept := append([]pulumi.ResourceOption{pulumi.Parent(g), pulumi.RetainOnDelete(g.protect)}, where...)
	vault, err := backup.NewVault(g.ctx, name, &backup.VaultArgs{
		Name: pulumi.String(name), KmsKeyArn: key.ToStringOutput(),
	}, append(kept[:len(kept):len(kept)], pulumi.Protect(g.protect))...)
	if err != nil {
		return nil, err
	}
	lock := &backup.VaultLockConfigurationArgs{
		BackupVaultName:  vault.Name,
		MinRetentionDays: pulumi.Int(g.Config.VaultDays),
		MaxRetentionDays: pulumi.Int(max(g.Config.VaultDays, longestDays)),
	}
	if g.Immutable {
		lock.ChangeableForDays = pulumi.Int(graceDays)
	}
	_, err = backup.NewVaultLockConfiguration(g.ctx, name, lock, append(kept, pulumi.DeleteBeforeReplace(true))...)
	return vault, err
}
