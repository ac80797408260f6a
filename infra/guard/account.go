package guard

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/accessanalyzer"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDefaults sets what holds for the whole account, whoever makes a thing and
// how: buckets and snapshots are not public, volumes are encrypted, and what
// is open to others is reported. They stay when the stack lets go of them.
// https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-1
// https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-7
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-28
func (g *guard) newDefaults() error {
	name, kept := g.Name("account"), []pulumi.ResourceOption{pulumi.Parent(g), pulumi.RetainOnDelete(g.protect)}
	_, err1 := s3.NewAccountPublicAccessBlock(g.ctx, name, &s3.AccountPublicAccessBlockArgs{
		BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, kept...)
	_, err2 := ebs.NewEncryptionByDefault(g.ctx, name, &ebs.EncryptionByDefaultArgs{Enabled: pulumi.Bool(true)}, kept...)
	_, err3 := ebs.NewSnapshotBlockPublicAccess(g.ctx, name, &ebs.SnapshotBlockPublicAccessArgs{State: pulumi.String("block-all-sharing")}, kept...)
	_, err4 := accessanalyzer.NewAnalyzer(g.ctx, name, &accessanalyzer.AnalyzerArgs{
		AnalyzerName: pulumi.String(name), Type: pulumi.String("ACCOUNT"),
	}, pulumi.Parent(g))
	return errors.Join(err1, err2, err3, err4)
}
