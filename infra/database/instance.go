package database

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// Seconds between readings of enhanced monitoring: 1, 5, 10, 15, 30 or 60.
	monitoringSeconds = 60
	// Days of Performance Insights that are free, all that the standard mode
	// of Database Insights has.
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html
	insightDays = 7
)

// exported are the logs that go to CloudWatch.
func exported() []string { return []string{"postgresql", "upgrade"} }

// newPrimary registers the instance that takes writes.
//
// Its version is the major one: RDS takes it as a prefix while minor upgrades
// are automatic, and the provider then sees no difference to the minor version
// that runs. Ignoring changes would hide major upgrades too.
func (d *database) newPrimary(password *random.RandomPassword) (*rds.Instance, error) {
	name := d.Name("database")
	// Another life of the stack takes another final snapshot.
	life, err := random.NewRandomId(d.ctx, d.Name("database", "life"), &random.RandomIdArgs{ByteLength: pulumi.Int(4)}, d.child()...)
	if err != nil {
		return nil, err
	}
	args := d.instance(name)
	logs, err := d.newLogs(name)
	if err != nil {
		return nil, err
	}
	args.Tags = pulumi.ToStringMap(d.Tags)
	args.DbName = pulumi.String(Name)
	args.Username = pulumi.String(master)
	args.Password = password.Result
	args.EngineVersion = pulumi.String(d.Config.Version)
	args.AllocatedStorage = pulumi.Int(d.Config.StorageGB)
	args.DbSubnetGroupName = d.subnets.Name
	args.MultiAz = pulumi.Bool(d.Config.MultiAZ)
	args.BackupRetentionPeriod = pulumi.Int(d.Config.BackupDays)
	args.BackupWindow = pulumi.String(d.Config.Backup.String())
	args.DeleteAutomatedBackups = pulumi.Bool(!d.protect)
	args.SkipFinalSnapshot = pulumi.Bool(false)
	args.FinalSnapshotIdentifier = pulumi.Sprintf("%s-final-%s", name, life.Hex)
	args.EngineLifecycleSupport = pulumi.String("open-source-rds-extended-support-disabled") // no surcharge after the end of support
	if !d.Config.MultiAZ {
		// RDS refuses a zone for an instance with a standby.
		args.AvailabilityZone = pulumi.String(d.Zones[0])
	}
	// A zone is set once: gaining or losing the standby must not replace it.
	return rds.NewInstance(d.ctx, name, args, d.data(pulumi.DependsOn(logs), pulumi.IgnoreChanges([]string{"availabilityZone"}))...)
}

// newReplicas registers read replicas, each in a zone of its own while there
// are enough. A standby moves the primary, so that with one the zones say
// nothing about it. A replica can have no final snapshot; it goes before the
// primary. Having fewer takes lifting the protection of the last ones first.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
func (d *database) newReplicas(primary *rds.Instance) ([]pulumi.StringOutput, error) {
	var readers []pulumi.StringOutput
	for i := 1; i <= d.Config.Replicas; i++ {
		name := d.Name("database", "replica", strconv.Itoa(i))
		args := d.instance(name)
		logs, err := d.newLogs(name)
		if err != nil {
			return nil, err
		}
		args.ReplicateSourceDb = primary.Identifier
		args.AvailabilityZone = pulumi.String(d.Zones[i%len(d.Zones)])
		args.MultiAz = pulumi.Bool(false)
		args.SkipFinalSnapshot = pulumi.Bool(true)
		replica, err := rds.NewInstance(d.ctx, name, args, d.data(pulumi.DependsOn(logs))...)
		if err != nil {
			return nil, err
		}
		readers = append(readers, replica.Address)
	}
	return readers, nil
}

// instance is what primary and replicas share; what a replica has from its
// primary (engine version, credentials, storage at first, subnets) is not
// here, but encryption is, so that a plan shows it.
func (d *database) instance(name string) *rds.InstanceArgs {
	return &rds.InstanceArgs{
		Identifier:              pulumi.String(name),
		Engine:                  pulumi.String("postgres"),
		InstanceClass:           pulumi.String(d.Config.Class),
		AutoMinorVersionUpgrade: pulumi.Bool(true),
		ApplyImmediately:        pulumi.Bool(false),
		MaintenanceWindow:       pulumi.String(d.Config.Maintenance.String()),
		ParameterGroupName:      d.parameters.Name,

		StorageType:         pulumi.String("gp3"),
		MaxAllocatedStorage: pulumi.Int(d.Config.MaxStorageGB),
		StorageEncrypted:    pulumi.Bool(true),
		KmsKeyId:            d.Keys.Data,

		Port:                pulumi.Int(Port),
		VpcSecurityGroupIds: pulumi.StringArray{d.Network.SecurityGroup},
		PubliclyAccessible:  pulumi.Bool(false),

		DeletionProtection: pulumi.Bool(d.protect),
		CopyTagsToSnapshot: pulumi.Bool(true),

		DatabaseInsightsMode:               pulumi.String("standard"),
		PerformanceInsightsEnabled:         pulumi.Bool(true),
		PerformanceInsightsKmsKeyId:        d.Keys.Data,
		PerformanceInsightsRetentionPeriod: pulumi.Int(insightDays),
		MonitoringInterval:                 pulumi.Int(monitoringSeconds),
		MonitoringRoleArn:                  d.monitoring,
		EnabledCloudwatchLogsExports:       pulumi.ToStringArray(exported()),
	}
}

// newLogs registers the log groups of an instance before RDS would make them,
// which then kept logs for ever and without our key.
func (d *database) newLogs(instance string) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, log := range exported() {
		group, err := cloudwatch.NewLogGroup(d.ctx, instance+"-"+log, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/rds/instance/" + instance + "/" + log),
			RetentionInDays: pulumi.Int(d.LogDays),
			KmsKeyId:        d.Keys.Logs,
		}, d.child()...)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}
