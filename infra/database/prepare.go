package database

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// setting is a parameter of PostgreSQL. A static one waits for a restart.
type setting struct {
	name, value string
	static      bool
}

// settings differ from RDS's defaults or must not follow them. Statements are
// logged only when slow: CREATE ROLE would carry its password into the log.
func settings() []setting {
	return []setting{
		{"rds.force_ssl", "1", false},
		{"shared_preload_libraries", "pg_stat_statements", true},
		{"pg_stat_statements.track", "ALL", false},
		{"track_io_timing", "1", false},
		{"log_connections", "1", false},
		{"log_disconnections", "1", false},
		{"log_lock_waits", "1", false},
		{"log_min_duration_statement", "1000", false},            // ms
		{"log_autovacuum_min_duration", "10000", false},          // ms
		{"log_temp_files", "10240", false},                       // kB
		{"idle_in_transaction_session_timeout", "300000", false}, // ms
	}
}

// prepare registers what instances refer to.
func (d *database) prepare() error {
	var err error
	d.subnets, err = rds.NewSubnetGroup(d.ctx, d.Name("database"), &rds.SubnetGroupArgs{
		Name:        pulumi.String(d.Name("database")),
		Description: pulumi.String("Subnets without a way out"),
		SubnetIds:   d.Network.Subnets,
	}, d.child()...)
	if err != nil {
		return err
	}

	// The family is in the name: a major upgrade needs the new group beside
	// the old one.
	family := "postgres" + d.Config.Version
	var parameters rds.ParameterGroupParameterArray
	for _, s := range settings() {
		method := "immediate"
		if s.static {
			method = "pending-reboot"
		}
		parameters = append(parameters, rds.ParameterGroupParameterArgs{
			Name: pulumi.String(s.name), Value: pulumi.String(s.value), ApplyMethod: pulumi.String(method),
		})
	}
	d.parameters, err = rds.NewParameterGroup(d.ctx, d.Name("database", family), &rds.ParameterGroupArgs{
		Name:        pulumi.String(d.Name("database", family)),
		Description: pulumi.String("TLS only, statement statistics, logs of what is slow or stuck"),
		Family:      pulumi.String(family),
		Parameters:  parameters,
	}, d.child()...)
	if err != nil {
		return err
	}
	return d.prepareMonitoring()
}

// prepareMonitoring registers the role by which RDS reports the operating
// system. Instances take its ARN only once it may do so.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
func (d *database) prepareMonitoring() error {
	trust, err := iamdoc.TrustService("monitoring.rds.amazonaws.com", d.Account).Text(iamdoc.Trust)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(d.ctx, d.Name("database", "monitoring"), &iam.RoleArgs{
		Name:             pulumi.String(d.Name("database", "monitoring")),
		Description:      pulumi.String("Lets RDS report the operating system of its instances"),
		AssumeRolePolicy: pulumi.String(trust),
	}, d.child()...)
	if err != nil {
		return err
	}
	attached, err := iam.NewRolePolicyAttachment(d.ctx, d.Name("database", "monitoring"), &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: pulumi.String("arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"),
	}, d.child()...)
	if err != nil {
		return err
	}
	d.monitoring = pulumi.All(role.Arn, attached.ID()).ApplyT(func(both []any) string {
		arn, _ := both[0].(string)
		return arn
	}).(pulumi.StringOutput)
	return nil
}
