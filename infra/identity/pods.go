package identity

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// document is what the pods may do.
func (b builder) document(pod Pod) pulumi.StringOutput {
	d := b.args.Data
	zone := iamdoc.ARN{Service: "route53", Resource: "hostedzone/" + b.args.Zone}.String()
	on := func(build func(known []string) iamdoc.Document, unknown ...pulumi.StringInput) pulumi.StringOutput {
		return iamdoc.Output(iamdoc.Identity, build, unknown...)
	}
	s3 := "s3." + b.args.Region + ".amazonaws.com"
	switch pod {
	case App:
		return on(func(arn []string) iamdoc.Document {
			return iamdoc.New(append(readModels(arn[0], arn[1], s3), blockAddresses(arn[2]))...)
		}, d.Models, d.Storage, d.BlockList)
	case Worker:
		return on(func(arn []string) iamdoc.Document {
			return iamdoc.New(append(readModels(arn[0], arn[1], s3),
				iamdoc.Allow("s3:PutObject", "s3:AbortMultipartUpload").Named("PublishModels").On(arn[0]+"/"+contract.PrefixPacks+"*"),
				useKey("EncryptModels", arn[1], s3, "kms:GenerateDataKey"))...)
		}, d.Models, d.Storage)
	case BackupWorker:
		return on(func(arn []string) iamdoc.Document {
			return iamdoc.New(append(readModels(arn[2], arn[1], s3), writeBackups(arn[0], arn[1], s3)...)...)
		}, d.Backups, d.Storage, d.Models)
	case SecurityWorker:
		return on(func(arn []string) iamdoc.Document { return iamdoc.New(blockAddresses(arn[0])) }, d.BlockList)
	case LogKeeper:
		return on(func(arn []string) iamdoc.Document { return keepTelemetry(arn[0], arn[1], s3) }, d.Loki, d.Storage)
	case TraceKeeper:
		return on(func(arn []string) iamdoc.Document { return keepTelemetry(arn[0], arn[1], s3) }, d.Tempo, d.Storage)
	case SecretReader:
		return on(func(arn []string) iamdoc.Document {
			return iamdoc.New(
				iamdoc.Allow("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue").Named("ReadSecrets").On(arn[1:]...),
				useKey("DecryptSecrets", arn[0], "secretsmanager."+b.args.Region+".amazonaws.com", "kms:Decrypt"))
		}, append([]pulumi.StringInput{d.SecretsKey}, d.Secrets...)...)
	case DNS:
		// https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/aws/
		return on(func([]string) iamdoc.Document {
			return iamdoc.New(
				iamdoc.Allow("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources").Named("Records").On(zone),
				iamdoc.Allow("route53:ListHostedZones").Named("FindZone").On("*"))
		})
	case CertificateMaker:
		// https://cert-manager.io/docs/configuration/acme/dns01/route53/
		return on(func([]string) iamdoc.Document {
			return iamdoc.New(
				iamdoc.Allow("route53:ChangeResourceRecordSets").Named("Challenge").On(zone).When(iamdoc.Condition{
					Operator: "ForAllValues:StringEquals", Key: "route53:ChangeResourceRecordSetsRecordTypes", Values: []string{"TXT"}}),
				iamdoc.Allow("route53:ListResourceRecordSets").Named("Records").On(zone),
				iamdoc.Allow("route53:GetChange").Named("Wait").On(iamdoc.ARN{Service: "route53", Resource: "change/*"}.String()))
		})
	}
	return on(func(known []string) iamdoc.Document { return b.loadBalancers(known[0]) }, b.args.VPC)
}

// blockAddresses bans at the firewall.
func blockAddresses(list string) iamdoc.Statement {
	return iamdoc.Allow("wafv2:GetIPSet", "wafv2:UpdateIPSet").Named("BlockAddresses").On(list)
}

// readModels reads model packs and the key that they are under.
func readModels(bucket, key, s3 string) []iamdoc.Statement {
	return []iamdoc.Statement{
		iamdoc.Allow("s3:GetObject").Named("ReadModels").On(bucket + "/" + contract.PrefixPacks + "*"),
		iamdoc.Allow("s3:ListBucket").Named("ListModels").On(bucket).When(iamdoc.Like("s3:prefix", contract.PrefixPacks+"*")),
		useKey("DecryptModels", key, s3, "kms:Decrypt"),
	}
}

// writeBackups writes, verifies and retires backups. What it deletes stays as
// an older version, locked until its retention ends; versions and locks it
// cannot touch.
func writeBackups(bucket, key, s3 string) []iamdoc.Statement {
	return []iamdoc.Statement{
		iamdoc.Allow("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
			"s3:GetObjectRetention", "s3:GetObjectLegalHold").Named("Backups").On(bucket + "/*"),
		iamdoc.Allow("s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketObjectLockConfiguration").Named("ListBackups").On(bucket),
		useKey("BackupKey", key, s3, "kms:Decrypt", "kms:GenerateDataKey"),
	}
}

// keepTelemetry writes, reads and removes all that is in a bucket, but older
// versions.
// https://grafana.com/docs/loki/latest/operations/storage/#aws-deployment-s3-single-store
// https://grafana.com/docs/tempo/latest/configuration/hosted-storage/s3/
func keepTelemetry(bucket, key, s3 string) iamdoc.Document {
	return iamdoc.New(
		iamdoc.Allow("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts").
			Named("Objects").On(bucket+"/*"),
		iamdoc.Allow("s3:ListBucket", "s3:ListBucketMultipartUploads").Named("List").On(bucket),
		useKey("Key", key, s3, "kms:Decrypt", "kms:GenerateDataKey"),
	)
}

// useKey allows the actions with a key for one service only.
func useKey(sid, key, via string, actions ...string) iamdoc.Statement {
	return iamdoc.Allow(actions...).Named(sid).On(key).When(iamdoc.Equals("kms:ViaService", via))
}
