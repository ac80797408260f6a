package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// aggregationSeconds is how long flow logs gather before they write: 60 or
// 600; the shorter one writes more records.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
const aggregationSeconds = 600

// flowLogs records who talked to whom, accepted or refused, as evidence.
func (b *builder) flowLogs() error {
	name, protect := b.Name("flow-logs"), args.On(b.Protect)
	group, err := cloudwatch.NewLogGroup(b.ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/vpc/" + name),
		RetentionInDays: pulumi.Int(b.LogDays),
		KmsKeyId:        b.LogsKey.ToStringOutput(),
		Tags:            b.tags(name),
	}, b.inside, pulumi.Protect(protect), pulumi.RetainOnDelete(protect))
	if err != nil {
		return err
	}
	trust, err := iamdoc.TrustService("vpc-flow-logs.amazonaws.com", b.Account).Text(iamdoc.Trust)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trust),
		Description: pulumi.String("Writes the flow logs of the VPC"), Tags: b.tags(name),
	}, b.inside)
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(b.ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String(name), Role: role.Name, Policy: iamdoc.Output(iamdoc.Identity, b.writeLogs, group.Arn),
	}, b.inside)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(b.ctx, name, &ec2.FlowLogArgs{
		VpcId:                  b.vpc,
		TrafficType:            pulumi.String("ALL"),
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         group.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(aggregationSeconds),
		Tags:                   b.tags(name),
	}, b.inside, pulumi.DependsOn([]pulumi.Resource{policy}))
	return err
}

// writeLogs is what the role may do: AWS asks for more, which is needed only
// where flow logs make their own group.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func (b *builder) writeLogs(known []string) iamdoc.Document {
	group := known[0]
	groups := iamdoc.ARN{Service: "logs", Region: b.Region, Account: b.Account, Resource: "log-group:*"}
	return iamdoc.New(
		iamdoc.Allow("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams").
			Named("Write").On(group, group+":*"),
		iamdoc.Allow("logs:DescribeLogGroups").Named("Find").On(groups.String()),
	)
}
