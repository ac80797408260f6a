package storage

import "github.com/script-ohio/platform/infra/iamdoc"

// logWriters lets services write below their prefixes of the logs bucket, for
// this account and what reports to it only.
func (s *storage) logWriters(bucketARN string) []iamdoc.Statement {
	parts := []string{Backups, Models}
	if s.Telemetry != nil {
		parts = append(parts, Loki, Tempo)
	}
	var reporting []string
	for _, part := range parts {
		reporting = append(reporting, "arn:aws:s3:::"+s.Bucket(part, s.Region))
	}
	statements := []iamdoc.Statement{
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
		iamdoc.Allow("s3:PutObject").Named("AccessLogs").To(iamdoc.Service("logging.s3.amazonaws.com")).
			On(bucketARN+"/"+PrefixAccess+"*").
			When(iamdoc.Equals("aws:SourceAccount", s.Account), iamdoc.ArnLike("aws:SourceArn", reporting...)),
	}
	if s.Trail == "" {
		return statements
	}
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
	trail, ofTrail := iamdoc.Service("cloudtrail.amazonaws.com"), iamdoc.Equals("aws:SourceArn", s.Trail)
	return append(statements,
		iamdoc.Allow("s3:GetBucketAcl").Named("TrailChecks").To(trail).On(bucketARN).When(ofTrail),
		iamdoc.Allow("s3:PutObject").Named("TrailWrites").To(trail).
			On(bucketARN+"/"+PrefixTrail+"/AWSLogs/"+s.Account+"/*").
			When(ofTrail, iamdoc.Equals("s3:x-amz-acl", "bucket-owner-full-control")),
	)
}
