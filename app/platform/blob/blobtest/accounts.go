package blobtest

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// Account makes an account that may do these actions, such as s3:GetObject,
// with a bucket and its objects, and gives the environment that signs for it.
// Without actions it may do nothing; else the bucket's policy lets in nobody
// besides.
func (s *S3) Account(t testing.TB, bucket, name string, actions ...string) (environ []string) {
	t.Helper()
	secret := name + "-secret-" + name
	said, err := exec.CommandContext(t.Context(), s.program, "admin", "--access", accessKey, "--secret", secretKey, "--region", region,
		"--endpoint-url", "http://"+s.Address, "create-user", "--access", name, "--secret", secret, "--role", "user").CombinedOutput()
	require.NoError(t, err, string(said))
	if len(actions) > 0 {
		policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": []string{name}}, "Action": actions,
			"Resource": []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"},
		}}})
		require.NoError(t, err)
		_, err = s.Client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(string(policy))})
		require.NoError(t, err)
	}
	return []string{"AWS_ACCESS_KEY_ID=" + name, "AWS_SECRET_ACCESS_KEY=" + secret}
}
