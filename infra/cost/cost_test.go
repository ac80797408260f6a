package cost_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/cost"
	"github.com/script-ohio/platform/infra/plan"
)

// text shortens the inputs of the programs here.
type text = pulumi.String

// thing is a resource by its type and inputs.
type thing struct {
	typ, name string
	inputs    pulumi.Map
}

// plain is a registered thing, provider what provides it.
type (
	plain    struct{ pulumi.CustomResourceState }
	provider struct{ pulumi.ProviderResourceState }
)

// toy records things in one component named part.
func toy(t *testing.T, region string, things ...thing) *plan.Graph {
	t.Helper()
	target := plan.Stack{Project: "toy", Name: "test", Account: "111122223333", Region: region}
	graph, err := plan.Run(t.Context(), target, func(ctx *pulumi.Context) error {
		var providers []pulumi.ProviderResource
		for _, pkg := range []string{"aws", "random", "kubernetes"} {
			p := &provider{}
			if err := ctx.RegisterResource("pulumi:providers:"+pkg, pkg, pulumi.Map{}, p); err != nil {
				return err
			}
			providers = append(providers, p)
		}
		part := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("toy:part:Part", "part", part, pulumi.Providers(providers...)); err != nil {
			return err
		}
		for _, thing := range things {
			if err := ctx.RegisterResource(thing.typ, thing.name, thing.inputs, &plain{}, pulumi.Parent(part)); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	return graph
}

// price is the monthly cost by item of things without any usage.
func price(t *testing.T, u cost.Usage, things ...thing) map[string]float64 {
	t.Helper()
	table, err := cost.Estimate(toy(t, cost.Region, things...), u)
	require.NoError(t, err)
	return monthly(table)
}

func monthly(table cost.Table) map[string]float64 {
	byItem := map[string]float64{}
	for _, l := range table.Lines {
		byItem[l.Item] += l.Monthly
	}
	return byItem
}

func database(name string, more pulumi.Map) thing {
	inputs := pulumi.Map{
		"identifier": text(name), "engine": text("postgres"), "instanceClass": text("db.m7g.large"), "storageType": text("gp3"),
	}
	for key, value := range more {
		inputs[key] = value
	}
	return thing{"aws:rds/instance:Instance", name, inputs}
}

func TestADatabaseWithAStandbyCostsTwice(t *testing.T) {
	replica := pulumi.Map{"replicateSourceDb": text("main"), "multiAz": pulumi.Bool(false)}
	require.Equal(t, map[string]float64{
		"db.m7g.large with its standby":            245.28, // 2 x 0.168 x 730
		"gp3 storage, in two zones":                115,    // 2 x 0.115 x 500
		"db.m7g.large":                             245.28, // two replicas
		"gp3 storage":                              115,    // each as large as the primary
		"backups beyond the size of the databases": 9.5,
	}, price(t, cost.Usage{BackupGB: 100},
		database("main", pulumi.Map{"allocatedStorage": pulumi.Int(500), "multiAz": pulumi.Bool(true), "backupRetentionPeriod": pulumi.Int(30)}),
		database("replica-1", replica), database("replica-2", replica),
	))
}

func TestEveryCacheNodeCosts(t *testing.T) {
	group := func(name, engine string, nodes int) thing {
		return thing{"aws:elasticache/replicationGroup:ReplicationGroup", name, pulumi.Map{
			"engine": text(engine), "nodeType": text("cache.r7g.large"), "numCacheClusters": pulumi.Int(nodes),
		}}
	}
	require.Equal(t, map[string]float64{
		"cache.r7g.large, valkey":    383.688, // 3 x 0.1752 x 730
		"cache.r7g.large, redis":     159.87,  // 0.219 x 730
		"snapshots beyond the first": 1.7,     // two groups, 10 GB each
	}, price(t, cost.Usage{SnapshotGB: 10}, group("a", "valkey", 3), group("b", "redis", 1)))
}

func TestGatewaysAndEndpointsCostByZone(t *testing.T) {
	endpoint := func(name, kind string, subnets ...string) thing {
		return thing{"aws:ec2/vpcEndpoint:VpcEndpoint", name, pulumi.Map{"vpcEndpointType": text(kind), "subnetIds": pulumi.ToStringArray(subnets)}}
	}
	nat := func(name string) thing { return thing{"aws:ec2/natGateway:NatGateway", name, pulumi.Map{}} }
	table, err := cost.Estimate(toy(t, cost.Region,
		nat("a"), nat("b"), nat("c"), thing{"aws:ec2/eip:Eip", "a", pulumi.Map{}},
		endpoint("s3", "Gateway"), endpoint("kms", "Interface", "x", "y", "z"), endpoint("logs", "Interface", "x", "y", "z"),
	), cost.Usage{NATGB: 100, EndpointGB: 10})
	require.NoError(t, err)
	require.Equal(t, map[string]float64{
		"NAT gateway":                  98.55, // 3 x 0.045 x 730
		"through NAT gateways":         13.5,  // 3 x 100 x 0.045
		"public IPv4 address":          3.65,
		"interface endpoint in a zone": 43.8, // 6 x 0.01 x 730
		"through interface endpoints":  0.2,
	}, monthly(table))
	require.Equal(t, "part", table.Lines[0].Component)
	require.Equal(t, 3, table.Lines[0].Count)
	require.Equal(t, 2190.0, table.Lines[0].Quantity)
	require.Len(t, table.Lines[0].URNs, 3)
	require.InDelta(t, 159.7, table.Total, 1e-9)
	require.InDelta(t, 13.7, table.Assumed, 1e-9)
}

func TestSmallThingsCost(t *testing.T) {
	usage := cost.Usage{
		LogGB: map[string]float64{"/aws/": 99, "/aws/vpc/": 10}, BucketGB: map[string]float64{"logs": 100},
		KeyRequests: 2, WebRequests: 10, CopyGB: 50, VaultGB: 10, BackupCopyGB: 100, ConfigItems: 1000, Events: 1, FlowGB: 3, AuditEvents: 10,
	}
	rule := pulumi.Map{"name": text("rule")}
	feature := func(name, status string) thing {
		return thing{"aws:guardduty/detectorFeature:DetectorFeature", name, pulumi.Map{"name": text(name), "status": text(status)}}
	}
	require.Equal(t, map[string]float64{
		"KMS key": 2, "requests to KMS keys": 12, "secret": 0.4,
		"logs written":             5,        // 10 GB, by the longest prefix
		"logs kept, compressed":    0.133151, // 10 GB x 0.15 x 90 days in months x 0.03
		"objects, all as Standard": 2.3,
		"web ACL":                  5, "rule or managed group": 3, "requests judged": 6,
		"recovery points of databases":   0.95,
		"backups in the recovery region": 9.5,
		"to the recovery region":         4, // bucket, database and two copies of the vault, 50 GB each
		"configuration item":             3,
		"management events analysed":     4, "flow and DNS logs analysed": 3, "Kubernetes audit events analysed": 16,
		"vCPU of databases whose logins are watched": 2,
		"db.m7g.large": 122.64, "gp3 storage": 2.3,
	}, rounded(price(t, usage,
		thing{"aws:kms/key:Key", "a", pulumi.Map{}}, thing{"aws:kms/key:Key", "b", pulumi.Map{}},
		thing{"aws:secretsmanager/secret:Secret", "a", pulumi.Map{}},
		thing{"aws:cloudwatch/logGroup:LogGroup", "a", pulumi.Map{"name": text("/aws/vpc/flow"), "retentionInDays": pulumi.Int(90)}},
		thing{"aws:s3/bucketV2:BucketV2", "a", pulumi.Map{"tags": pulumi.Map{"DataClass": text("logs")}}},
		thing{"aws:s3/bucketReplicationConfig:BucketReplicationConfig", "a", pulumi.Map{}},
		thing{"aws:wafv2/webAcl:WebAcl", "a", pulumi.Map{"rules": pulumi.Array{rule, rule, rule}}},
		thing{"aws:backup/vault:Vault", "a", pulumi.Map{}},
		thing{"aws:backup/plan:Plan", "a", pulumi.Map{"rules": pulumi.Array{pulumi.Map{"copyActions": pulumi.Array{rule, rule}}}}},
		thing{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "a", pulumi.Map{}},
		thing{"aws:cfg/recorder:Recorder", "a", pulumi.Map{}},
		thing{"aws:guardduty/detector:Detector", "a", pulumi.Map{}},
		feature("EKS_AUDIT_LOGS", "ENABLED"), feature("RDS_LOGIN_EVENTS", "ENABLED"), feature("LAMBDA_NETWORK_LOGS", "DISABLED"),
		database("main", pulumi.Map{"allocatedStorage": pulumi.Int(20)}),
	)))
}

func rounded(byItem map[string]float64) map[string]float64 {
	for item, usd := range byItem {
		byItem[item] = float64(int64(usd*1e6+0.5)) / 1e6
	}
	return byItem
}

func TestWhatHasNoPriceIsNamedAtOnce(t *testing.T) {
	_, err := cost.Estimate(toy(t, "eu-west-1",
		thing{"aws:lambda/function:Function", "f", pulumi.Map{}},
		thing{"aws:lambda/function:Function", "g", pulumi.Map{}},
		thing{"aws:sqs/queue:Queue", "q", pulumi.Map{}},
		thing{"random:index/randomId:RandomId", "a", pulumi.Map{}},
		thing{"kubernetes:core/v1:Namespace", "a", pulumi.Map{}},
		thing{"aws:iam/role:Role", "a", pulumi.Map{}},
		database("vast", pulumi.Map{"instanceClass": text("db.x9g.large"), "allocatedStorage": pulumi.Int(20)}),
		database("other", pulumi.Map{"engine": text("mysql")}),
		database("old", pulumi.Map{"storageType": text("gp2")}),
		database("orphan", pulumi.Map{"replicateSourceDb": text("elsewhere")}),
		thing{"aws:elasticache/replicationGroup:ReplicationGroup", "c", pulumi.Map{
			"engine": text("valkey"), "nodeType": text("cache.t4g.large"), "numCacheClusters": pulumi.Int(1),
		}},
		thing{"aws:elasticache/replicationGroup:ReplicationGroup", "none", pulumi.Map{}},
		thing{"aws:eks/nodeGroup:NodeGroup", "n", pulumi.Map{"instanceTypes": pulumi.ToStringArray([]string{"p9.metal"})}},
		thing{"aws:eks/nodeGroup:NodeGroup", "spot", pulumi.Map{"instanceTypes": pulumi.ToStringArray([]string{"m7g.large"}), "capacityType": text("SPOT")}},
		thing{"aws:ec2/vpcEndpoint:VpcEndpoint", "e", pulumi.Map{"vpcEndpointType": text("Interface")}},
		thing{"aws:cloudwatch/logGroup:LogGroup", "l", pulumi.Map{"name": text("/mine"), "retentionInDays": pulumi.Int(1)}},
		thing{"aws:cloudwatch/logGroup:LogGroup", "ever", pulumi.Map{"name": text("/aws/vpc/ever")}},
		thing{"aws:s3/bucketV2:BucketV2", "b", pulumi.Map{}},
		thing{"aws:guardduty/detectorFeature:DetectorFeature", "d", pulumi.Map{"name": text("RUNTIME_MONITORING")}},
	), cost.Usage{LogGB: map[string]float64{"/aws/vpc/": 1}})
	require.ErrorContains(t, err, "cost of stack test")
	for _, want := range []string{
		"no prices for region eu-west-1",
		"type aws:lambda/function:Function is not classified: add it to infra/cost/kinds.go or infra/cost/free.go",
		"type aws:sqs/queue:Queue is not classified",
		`class "db.x9g.large" has no price`,
		"runs mysql, which has no price",
		`storage of kind "gp2"`,
		"how much storage it or its primary has",
		`class "cache.t4g.large, valkey" has no price`,
		"how many nodes it has",
		`class "p9.metal" has no price`,
		"NodeGroup::spot runs on spot capacity",
		"has no launch template of this stack",
		"has no list of subnets",
		`nothing is assumed for log group "/mine"`,
		`log group "/aws/vpc/ever" keeps its logs for ever`,
		`bucket b with DataClass ""`,
		"feature RUNTIME_MONITORING has no price",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, 1, strings.Count(err.Error(), "aws:lambda/function:Function is not"))
	for _, free := range []string{"random:", "kubernetes:", "aws:iam/"} {
		require.NotContains(t, err.Error(), free)
	}
}

// What a chart asks for costs as much as there are replicas.
func TestVolumesOfChartsAreCounted(t *testing.T) {
	chart := func(values pulumi.Map) thing {
		return thing{"kubernetes:helm.sh/v3:Release", "chart", pulumi.Map{"values": values}}
	}
	loki := pulumi.Map{"singleBinary": pulumi.Map{"replicas": pulumi.Int(3), "persistence": pulumi.Map{"size": text("10Gi")}}}
	require.InDelta(t, 2.4, price(t, cost.Usage{}, chart(loki))["gp3 volume of a pod"], 1e-9) // 3 x 10 x 0.08
	require.Empty(t, price(t, cost.Usage{}, chart(pulumi.Map{"replicas": pulumi.Int(1)})))
	for want, values := range map[string]pulumi.Map{
		"no price knows: add the path to infra/cost/volumes.go": {"other": pulumi.Map{"persistence": pulumi.Map{"size": text("10Gi")}}},
		"write the size in Gi":                {"replicas": pulumi.Int(1), "persistence": pulumi.Map{"size": text("1Ti")}},
		"and the replicas at values.replicas": {"persistence": pulumi.Map{"size": text("1Gi")}},
	} {
		_, err := cost.Estimate(toy(t, cost.Region, chart(values)), cost.Usage{})
		require.ErrorContains(t, err, want)
	}
}
