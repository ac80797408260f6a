package schema

import (
	"net/netip"
	"slices"
	"strings"
)

const s3Docs = "https://docs.aws.amazon.com/AmazonS3/latest/"

func bucketName(s string) bool {
	_, address := netip.ParseAddr(s)
	return address != nil && !strings.Contains(s, "..") &&
		!slices.ContainsFunc([]string{"xn--", "sthree-", "amzn-s3-demo-"}, func(prefix string) bool { return strings.HasPrefix(s, prefix) }) &&
		!slices.ContainsFunc([]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}, func(suffix string) bool { return strings.HasSuffix(s, suffix) })
}

// ages are the days of a rule's transitions in their order and of its
// expiration.
func ages(rule Object) bool {
	last := 0.0
	for _, found := range rule.All("transitions.*") {
		item, _ := found.Value.(map[string]any)
		t := Object(item)
		days, class := t.Number("days"), t.Text("storageClass")
		if days < last || slices.Contains([]string{"STANDARD_IA", "ONEZONE_IA"}, class) && days < 30 {
			return false
		}
		last = days
		if strings.HasSuffix(class, "_IA") {
			last += 30 // objects stay there for 30 days at least
		}
	}
	expiration := rule.Number("expiration.days")
	return expiration == 0 || expiration > last
}

func storageLaws() []law {
	enabled := oneOf("Enabled", "Disabled")
	return []law{
		{[]string{"aws:s3/bucketV2:BucketV2"}, s3Docs + "userguide/bucketnamingrules.html", []rule{
			{"bucket", "3 to 63 of small letters, digits, dots and hyphens, no IP address and nothing that S3 reserves", both(matches(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`), ifText(bucketName))},
		}},
		{[]string{"aws:s3/bucketVersioningV2:BucketVersioningV2"}, s3Docs + "API/API_PutBucketVersioning.html", []rule{
			{"versioningConfiguration.status", "Enabled, Suspended or Disabled", oneOf("Enabled", "Suspended", "Disabled")},
		}},
		{[]string{"aws:s3/bucketOwnershipControls:BucketOwnershipControls"}, s3Docs + "API/API_PutBucketOwnershipControls.html", []rule{
			{"rule.objectOwnership", "BucketOwnerEnforced, BucketOwnerPreferred or ObjectWriter", oneOf("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")},
		}},
		{[]string{"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"}, s3Docs + "API/API_ServerSideEncryptionByDefault.html", []rule{
			{"rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256, aws:kms or aws:kms:dsse", oneOf("AES256", "aws:kms", "aws:kms:dsse")},
			{"rules.*.applyServerSideEncryptionByDefault", "a key of KMS with KMS only", within(func(in Object) bool { return in.Text("sseAlgorithm") != "AES256" || !in.Has("kmsMasterKeyId") })},
		}},
		{[]string{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"}, s3Docs + "userguide/lifecycle-transition-general-considerations.html", []rule{
			{"rules.*.status", "Enabled or Disabled", enabled},
			{"rules.*.transitions.*.storageClass", "a colder storage class", oneOf("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")},
			{"rules.*", "30 days before and in Infrequent Access, and an expiration after all moves", within(ages)},
			{"rules.*.expiration", "days, a date or deletion markers, one of them", within(func(in Object) bool { return exactlyOne(in, "days", "date", "expiredObjectDeleteMarker") })},
			{"rules.*.noncurrentVersionExpiration.noncurrentDays", "a day at least", between(1, 36500)},
			{"rules.*.abortIncompleteMultipartUpload.daysAfterInitiation", "a day at least", between(1, 36500)},
		}},
		{[]string{"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2"}, s3Docs + "API/API_PutObjectLockConfiguration.html", []rule{
			{"rule.defaultRetention.mode", "GOVERNANCE or COMPLIANCE", oneOf("GOVERNANCE", "COMPLIANCE")},
			{"rule.defaultRetention", "days or years", within(func(in Object) bool { return exactlyOne(in, "days", "years") })},
			{"rule.defaultRetention.days", "1 to 36500 days", between(1, 36500)},
		}},
		{[]string{"aws:s3/bucketReplicationConfig:BucketReplicationConfig"}, s3Docs + "API/API_PutBucketReplication.html", []rule{
			{"rules.*.status", "Enabled or Disabled", enabled},
			{"rules.*", "a priority and a word on deletion markers with a filter", within(func(in Object) bool {
				return !in.Has("filter") || count(in, "priority", "deleteMarkerReplication") == 2
			})},
			{"rules.*", "a key for the replicas of objects under KMS", within(func(in Object) bool {
				return in.Text("sourceSelectionCriteria.sseKmsEncryptedObjects.status") != "Enabled" || in.Has("destination.encryptionConfiguration.replicaKmsKeyId")
			})},
		}},
		{[]string{"aws:s3/bucketPolicy:BucketPolicy"}, s3Docs + "API/API_PutBucketPolicy.html", []rule{
			{"policy", "a JSON document of up to 20 KB", document(20 * 1024)},
		}},
		{[]string{"aws:secretsmanager/secret:Secret"}, "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html", []rule{
			{"name", "up to 512 of letters, digits and /_+=.@-", matches(`[A-Za-z0-9/_+=.@-]{1,512}`)},
			{"recoveryWindowInDays", "7 to 30 days, or 0 for at once", ifNumber(func(n float64) bool { return n == 0 || n >= 7 && n <= 30 })},
		}},
		{[]string{"aws:secretsmanager/secretVersion:SecretVersion"}, "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html", []rule{
			{"secretString", "up to 65536 bytes", longest(65536)},
		}},
	}
}
