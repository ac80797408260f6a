package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
)

const (
	backups = "arn:aws:s3:::backups"
	models  = "arn:aws:s3:::models"
	loki    = "arn:aws:s3:::loki"
	tempo   = "arn:aws:s3:::tempo"
	secret  = "arn:aws:secretsmanager:us-east-2:111122223333:secret:database-AbCdEf"
	cluster = "arn:aws:eks:us-east-2:111122223333:cluster/c"
)

// after is what the cluster that pods wait for consists of.
const after = "random:index/randomId:RandomId"

func planned(t *testing.T, change func(*identity.Args)) *plan.Graph {
	c := plantest.Config(t, "prod")
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		ready, err := random.NewRandomId(ctx, "ready", &random.RandomIdArgs{ByteLength: pulumi.Int(4)}, pulumi.Provider(set.Random))
		if err != nil {
			return err
		}
		args := identity.Args{
			Name: c.Name, Account: c.General.Account, Region: c.General.Region,
			Cluster: identity.Cluster{Name: "c", ARN: cluster, Ready: pulumi.Sprintf("c%.0s", ready.Hex)},
			Data: identity.Data{
				Backups: pulumi.String(backups), Models: pulumi.String(models), Storage: pulumi.String("arn:aws:kms:us-east-2:111122223333:key/storage"),
				Secrets: []pulumi.StringInput{pulumi.String(secret)}, SecretsKey: pulumi.String("arn:aws:kms:us-east-2:111122223333:key/secrets"),
				Loki: pulumi.String(loki), Tempo: pulumi.String(tempo),
				BlockList: pulumi.String("arn:aws:wafv2:us-east-2:111122223333:regional/ipset/blocked/1"),
			},
			VPC: pulumi.String("vpc-1"), Zone: c.Edge.HostedZoneID,
			GitHub: identity.GitHub{Repository: c.General.Repository, Environment: c.Stack, Provider: c.Guard.Account, Readers: "readers"},
		}
		if change != nil {
			change(&args)
		}
		id, err := identity.New(ctx, "identity", args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("deploy", id.Deploy)
		return nil
	})
	require.NoError(t, err)
	return graph
}

func document(t *testing.T, graph *plan.Graph, part string) iamdoc.Document {
	r := graph.Find("aws:iam/rolePolicy:RolePolicy", "script-ohio-prod-"+part)
	require.NotNil(t, r, part)
	require.Equal(t, "script-ohio-prod-"+part, r.Inputs.Text("role"))
	d, err := iamdoc.Parse(r.Inputs.Text("policy"))
	require.NoError(t, err)
	return d
}

func trust(t *testing.T, graph *plan.Graph, part string) iamdoc.Statement {
	d, err := iamdoc.Parse(graph.Find("aws:iam/role:Role", "script-ohio-prod-"+part).Inputs.Text("assumeRolePolicy"))
	require.NoError(t, err)
	require.Len(t, d.Statements, 1)
	return d.Statements[0]
}

// actions lists what is allowed on resources that contain the text, or on a
// pattern that takes it in.
func actions(d iamdoc.Document, on string) []string {
	var all []string
	for _, s := range d.Statements {
		if s.Effect == iamdoc.EffectAllow && slices.ContainsFunc(s.Resources, func(r string) bool {
			stem, wild := strings.CutSuffix(r, "*")
			return strings.Contains(r, on) || wild && strings.HasPrefix(on, stem)
		}) {
			all = append(all, s.Actions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestEveryPodHasItsOwnRole(t *testing.T) {
	graph := planned(t, nil)
	seen := map[identity.ServiceAccount]bool{}
	for _, pod := range identity.Pods() {
		account := pod.Account()
		require.False(t, seen[account], "%s shares a service account", pod)
		seen[account] = true
		bound := graph.Find("aws:eks/podIdentityAssociation:PodIdentityAssociation", "script-ohio-prod-"+string(pod))
		require.Equal(t, map[string]any{
			"clusterName": "c", "namespace": string(account.Namespace), "serviceAccount": account.Name,
			"roleArn": "arn:aws:iam::111122223333:role/script-ohio-prod-" + string(pod),
		}, bound.Inputs.Plain())
		require.True(t, graph.DestroyedBefore(bound, graph.Find(after, "ready")), pod)
		require.True(t, graph.CreatedBefore(graph.Find("aws:iam/rolePolicy:RolePolicy", "script-ohio-prod-"+string(pod)), bound), pod)

		s := trust(t, graph, string(pod))
		require.Equal(t, []iamdoc.Principal{iamdoc.Service("pods.eks.amazonaws.com")}, s.Principals)
		require.Contains(t, s.Conditions, iamdoc.ArnLike("aws:SourceArn", cluster))
		require.Contains(t, s.Conditions, iamdoc.Equals("aws:RequestTag/kubernetes-namespace", string(account.Namespace)))
		require.Contains(t, s.Conditions, iamdoc.Equals("aws:RequestTag/kubernetes-service-account", account.Name))
		d := document(t, graph, string(pod))
		require.NoError(t, d.Validate(iamdoc.Identity))
	}
	require.Len(t, graph.OfType("aws:eks/podIdentityAssociation:PodIdentityAssociation"), len(identity.Pods()))
}

func TestTheBackupWorkerAloneTouchesBackups(t *testing.T) {
	graph := planned(t, nil)
	for _, pod := range identity.Pods() {
		can := slices.DeleteFunc(actions(document(t, graph, string(pod)), backups), func(a string) bool { return !strings.HasPrefix(a, "s3:") })
		if pod != identity.BackupWorker {
			require.Empty(t, can, pod)
			continue
		}
		require.Contains(t, can, "s3:PutObject")
		for _, never := range []string{"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutBucketVersioning"} {
			require.NotContains(t, can, never)
		}
	}
}

// Logs and traces lie in buckets of their own, which nobody else touches.
func TestTelemetryHasItsKeeper(t *testing.T) {
	graph := planned(t, nil)
	for bucket, keeper := range map[string]identity.Pod{loki: identity.LogKeeper, tempo: identity.TraceKeeper} {
		for _, pod := range identity.Pods() {
			can := slices.DeleteFunc(actions(document(t, graph, string(pod)), bucket), func(a string) bool { return !strings.HasPrefix(a, "s3:") })
			if pod != keeper {
				require.Empty(t, can, "%s in %s", pod, bucket)
				continue
			}
			require.Equal(t, []string{
				"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads",
				"s3:ListMultipartUploadParts", "s3:PutObject",
			}, can)
		}
	}
	for _, s := range document(t, graph, "loki").Statements {
		if strings.HasPrefix(s.Actions[0], "kms:") {
			require.Contains(t, s.Conditions, iamdoc.Equals("kms:ViaService", "s3.us-east-2.amazonaws.com"))
		}
	}
	without := planned(t, func(a *identity.Args) { a.Data.Loki, a.Data.Tempo = nil, nil })
	require.Nil(t, without.Find("aws:iam/role:Role", "script-ohio-prod-loki"))
	require.Len(t, without.OfType("aws:eks/podIdentityAssociation:PodIdentityAssociation"), len(identity.Pods())-2)
}

func TestWhatPodsMayDo(t *testing.T) {
	graph := planned(t, nil)
	require.Equal(t, []string{"s3:GetObject", "s3:ListBucket"}, actions(document(t, graph, "app"), models))
	require.Equal(t, []string{"wafv2:GetIPSet", "wafv2:UpdateIPSet"}, actions(document(t, graph, "app"), "ipset/blocked"))
	require.Equal(t, []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:PutObject"}, actions(document(t, graph, "worker"), models))
	require.Equal(t, []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, actions(document(t, graph, "external-secrets"), secret))
	for _, part := range []string{"external-dns", "cert-manager"} {
		require.Contains(t, actions(document(t, graph, part), "hostedzone/Z0PRODEXAMPLE00000000"), "route53:ChangeResourceRecordSets")
		require.NotContains(t, actions(document(t, graph, part), "hostedzone/other"), "route53:ChangeResourceRecordSets")
	}
	for _, s := range document(t, graph, "cert-manager").Statements {
		if slices.Contains(s.Actions, "route53:ChangeResourceRecordSets") {
			require.Equal(t, []string{"TXT"}, s.Conditions[0].Values)
		}
	}
	// The controller changes nothing that is not its own.
	for _, s := range document(t, graph, "aws-load-balancer-controller").Statements {
		if slices.Contains(s.Actions, "elasticloadbalancing:DeleteLoadBalancer") || slices.Contains(s.Actions, "ec2:DeleteSecurityGroup") {
			require.Contains(t, s.Conditions, iamdoc.Equals("aws:ResourceTag/elbv2.k8s.aws/cluster", "c"))
		}
		if slices.Contains(s.Actions, "ec2:AuthorizeSecurityGroupIngress") {
			require.Contains(t, s.Conditions, iamdoc.ArnLike("ec2:Vpc", "arn:aws:ec2:us-east-2:111122223333:vpc/vpc-1"))
		}
	}
}

func TestWorkflows(t *testing.T) {
	graph := planned(t, func(a *identity.Args) { a.GitHub.State = "arn:aws:s3:::state" })
	const issuer = iamdoc.GitHubIssuer
	for part, subjects := range map[string][]string{"preview": {"pull_request", "ref:refs/heads/main"}, "deploy": {"environment:prod"}} {
		s := trust(t, graph, "github-"+part)
		require.Equal(t, []iamdoc.Principal{iamdoc.Federated("arn:aws:iam::111122223333:oidc-provider/" + issuer)}, s.Principals)
		require.Equal(t, []string{"sts:AssumeRoleWithWebIdentity"}, s.Actions)
		for i := range subjects {
			subjects[i] = "repo:script-ohio/platform:" + subjects[i]
		}
		require.ElementsMatch(t, []iamdoc.Condition{
			iamdoc.Equals(issuer+":aud", "sts.amazonaws.com"), iamdoc.Equals(issuer+":sub", subjects...),
		}, s.Conditions, part)
		role := graph.Find("aws:iam/role:Role", "script-ohio-prod-github-"+part)
		require.True(t, graph.DestroyedBefore(role, graph.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider")[0]))
	}
	managed := map[string][]string{}
	for _, a := range graph.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		managed[a.Inputs.Text("role")] = append(managed[a.Inputs.Text("role")], strings.TrimPrefix(a.Inputs.Text("policyArn"), "arn:aws:iam::aws:policy/"))
	}
	require.Equal(t, map[string][]string{
		"script-ohio-prod-github-preview": {"SecurityAudit", "job-function/ViewOnlyAccess"},
		"script-ohio-prod-github-deploy":  {"PowerUserAccess"},
	}, managed)

	for _, s := range document(t, graph, "github-preview").Statements {
		for _, action := range s.Actions {
			_, name, _ := strings.Cut(action, ":")
			reads := strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Describe") || action == "kms:Decrypt"
			require.True(t, s.Effect == iamdoc.EffectDeny || reads, action)
		}
	}
	denied := false
	for _, s := range document(t, graph, "github-deploy").Statements {
		denied = denied || s.Effect == iamdoc.EffectDeny && slices.Contains(s.Actions, "iam:Update*") && len(s.Conditions) == 0 &&
			slices.Contains(s.Resources, "arn:aws:iam::111122223333:role/script-ohio-prod-github-*")
	}
	require.True(t, denied, "a workflow must not widen what workflows may do")
	entries := map[string][]string{}
	for _, e := range graph.OfType("aws:eks/accessEntry:AccessEntry") {
		entries[strings.TrimPrefix(e.Inputs.Text("principalArn"), "arn:aws:iam::111122223333:role/script-ohio-prod-github-")] = e.Inputs.Texts("kubernetesGroups")
	}
	require.Equal(t, map[string][]string{"preview": {"readers"}, "deploy": {}}, entries)
	administrators := graph.OfType("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
	require.Len(t, administrators, 1)
	require.Equal(t, "arn:aws:iam::111122223333:role/script-ohio-prod-github-deploy", administrators[0].Inputs.Text("principalArn"))
	require.Equal(t, "arn:aws:iam::111122223333:role/script-ohio-prod-github-deploy", graph.Outputs["deploy"].Value)
}

func TestOneStackOwnsTheProvider(t *testing.T) {
	graph := planned(t, func(a *identity.Args) { a.GitHub.Provider = false })
	require.Empty(t, graph.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"))
	require.Contains(t, trust(t, graph, "github-deploy").Principals, iamdoc.Federated("arn:aws:iam::111122223333:oidc-provider/"+iamdoc.GitHubIssuer))
}

func TestEverythingIsInside(t *testing.T) {
	graph := planned(t, nil)
	component := graph.Find("script-ohio:identity:Identity", "identity")
	for _, r := range graph.Resources {
		if strings.HasPrefix(r.Type, "aws:") {
			require.Equal(t, component, graph.Component(r), r.URN)
			require.Equal(t, graph.Find("pulumi:providers:aws", "script-ohio-prod-aws").URN, r.Provider)
		}
	}
}
