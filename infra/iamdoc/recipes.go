package iamdoc

import "strings"

// ARN names a resource: arn:partition:service:region:account:resource.
// Region and account stay empty where the service has none.
type ARN struct {
	Partition string // aws when empty
	Service   string
	Region    string
	Account   string
	Resource  string // such as role/name or log-group:name:*
}

// String is the ARN as AWS writes it.
func (a ARN) String() string {
	partition := a.Partition
	if partition == "" {
		partition = "aws"
	}
	return strings.Join([]string{"arn", partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// TrustService lets an AWS service assume the role, on behalf of this account
// only, so that nobody makes the service act for them (confused deputy).
func TrustService(service, account string) Document {
	return New(Allow("sts:AssumeRole").To(Service(service)).When(Equals("aws:SourceAccount", account)))
}

// TrustServiceOfAnyAccount lets a service assume the role that does not say
// for whom it asks, such as ec2.amazonaws.com for instances.
func TrustServiceOfAnyAccount(service string) Document {
	return New(Allow("sts:AssumeRole").To(Service(service)))
}

// TrustPods lets the pods of one Kubernetes service account in one cluster
// assume the role through EKS Pod Identity.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
func TrustPods(clusterARN, account, namespace, serviceAccount string) Document {
	return New(Allow("sts:AssumeRole", "sts:TagSession").
		To(Service("pods.eks.amazonaws.com")).
		When(
			Equals("aws:SourceAccount", account),
			ArnLike("aws:SourceArn", clusterARN),
			Equals("aws:RequestTag/kubernetes-namespace", namespace),
			Equals("aws:RequestTag/kubernetes-service-account", serviceAccount),
		))
}

// GitHubIssuer is the host of GitHub's identity provider for workflows.
const GitHubIssuer = "token.actions.githubusercontent.com"

// TrustGitHub lets workflows of the repository assume the role where the token's subject matches, such as "environment:prod" or
// "pull_request". The repository is owner/name, or owner@ID/name@ID where
// GitHub's subjects are immutable.
// https://docs.github.com/actions/reference/security/oidc
func TrustGitHub(providerARN, repository string, subjects ...string) Document {
	full := make([]string, len(subjects))
	for i, s := range subjects {
		full[i] = "repo:" + repository + ":" + s
	}
	return New(Allow("sts:AssumeRoleWithWebIdentity").
		To(Federated(providerARN)).
		When(
			Equals(GitHubIssuer+":aud", "sts.amazonaws.com"),
			Equals(GitHubIssuer+":sub", full...),
		))
}

// RequireTLS denies everybody the actions on the resources without TLS.
func RequireTLS(action string, resources ...string) Statement {
	return Deny(action).Named("RequireTLS").To(Anyone()).On(resources...).When(IsFalse("aws:SecureTransport"))
}

// BucketTLS denies everybody a bucket and its objects without TLS 1.2 or
// later.
func BucketTLS(bucketARN string) []Statement {
	both := []string{bucketARN, bucketARN + "/*"}
	return []Statement{
		RequireTLS("s3:*", both...),
		Deny("s3:*").Named("RequireTLS12").To(Anyone()).On(both...).
			When(Condition{"NumericLessThan", "s3:TlsVersion", []string{"1.2"}}),
	}
}

// KeyForAccount lets the account's own IAM policies decide about a KMS key;
// without it a key can become one that nobody manages.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func KeyForAccount(account string) Statement {
	root := ARN{Service: "iam", Account: account, Resource: "root"}
	return Allow("kms:*").Named("AccountDecides").To(AWS(root.String())).On("*")
}

// KeyForService lets an AWS service use a KMS key for data of this account,
// through the service (kms:ViaService, such as rds.us-east-2.amazonaws.com).
func KeyForService(sid, account, via string) Statement {
	return Allow("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey").
		Named(sid).To(Anyone()).On("*").
		When(Equals("kms:CallerAccount", account), Equals("kms:ViaService", via))
}
