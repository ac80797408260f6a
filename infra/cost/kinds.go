package cost

import (
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// priced is how the types that cost something are counted.
func priced() map[string]func(*estimate, *plan.Resource) {
	return map[string]func(*estimate, *plan.Resource){
		"eks:index:Cluster":           func(e *estimate, r *plan.Resource) { e.add(r, e.rates.controlPlane, 1, 1) },
		"aws:eks/cluster:Cluster":     func(e *estimate, r *plan.Resource) { e.add(r, e.rates.controlPlane, 1, 1) },
		"aws:eks/nodeGroup:NodeGroup": (*estimate).nodes,

		"kubernetes:helm.sh/v3:Release": (*estimate).volumes,

		"aws:ec2/natGateway:NatGateway":       (*estimate).nat,
		"aws:ec2/eip:Eip":                     func(e *estimate, r *plan.Resource) { e.add(r, e.rates.address, 1, 1) },
		"aws:ec2/vpcEndpoint:VpcEndpoint":     (*estimate).endpoint,
		"aws:ec2/vpnConnection:VpnConnection": func(e *estimate, r *plan.Resource) { e.add(r, e.rates.vpn, 1, 1) },

		"aws:rds/instance:Instance": (*estimate).database,
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (*estimate).databaseCopy,
		"aws:elasticache/replicationGroup:ReplicationGroup":                               (*estimate).cache,

		"aws:kms/key:Key":                               (*estimate).key,
		"aws:kms/replicaKey:ReplicaKey":                 (*estimate).key,
		"aws:secretsmanager/secret:Secret":              func(e *estimate, r *plan.Resource) { e.add(r, e.rates.secret, 1, 1) },
		"aws:cloudwatch/logGroup:LogGroup":              (*estimate).logs,
		"aws:s3/bucketV2:BucketV2":                      (*estimate).bucket,
		"aws:backup/vault:Vault":                        func(e *estimate, r *plan.Resource) { e.assume(r, e.rates.vault, e.usage.VaultGB) },
		"aws:backup/plan:Plan":                          (*estimate).backupPlan,
		"aws:wafv2/webAcl:WebAcl":                       (*estimate).firewall,
		"aws:cfg/recorder:Recorder":                     func(e *estimate, r *plan.Resource) { e.assume(r, e.rates.configItem, e.usage.ConfigItems) },
		"aws:guardduty/detector:Detector":               (*estimate).detector,
		"aws:guardduty/detectorFeature:DetectorFeature": (*estimate).feature,
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig": func(e *estimate, r *plan.Resource) {
			e.assume(r, e.rates.regionTransfer, e.usage.CopyGB)
		},
	}
}

func (e *estimate) nat(r *plan.Resource) {
	e.add(r, e.rates.nat, 1, 1)
	e.assume(r, e.rates.natData, e.usage.NATGB)
}

// endpoint costs by the hour in every zone; that of a gateway nothing.
func (e *estimate) endpoint(r *plan.Resource) {
	zones, _ := r.Inputs.At("subnetIds").([]any)
	switch kind := r.Inputs.Text("vpcEndpointType"); {
	case kind == "" || kind == "Gateway": // the first is AWS's default
	case kind != "Interface":
		e.problem("%s is an endpoint of kind %s, which has no price: add it to infra/cost/prices.go", r.URN, kind)
	case len(zones) == 0:
		e.problem("%s has no list of subnets: the cost of an interface endpoint goes by its zones", r.URN)
	default:
		e.add(r, e.rates.endpoint, len(zones), 1)
		e.assume(r, e.rates.endpointData, e.usage.EndpointGB)
	}
}

func (e *estimate) key(r *plan.Resource) {
	e.add(r, e.rates.key, 1, 1)
	e.assume(r, e.rates.keyRequests, e.usage.KeyRequests)
}

// logs cost when written and as long as they are kept.
func (e *estimate) logs(r *plan.Resource) {
	name, prefix, known := r.Inputs.Text("name"), "", false
	for p := range e.usage.LogGB {
		if strings.HasPrefix(name, p) && len(p) >= len(prefix) {
			prefix, known = p, true
		}
	}
	days := r.Inputs.Number("retentionInDays")
	switch {
	case !known:
		e.problem("nothing is assumed for log group %q: add a prefix of its name to LogGB in infra/cost/usage.go", name)
	case days == 0:
		e.problem("log group %q keeps its logs for ever, at a cost that never stops growing: set its retention", name)
	default:
		written := e.usage.LogGB[prefix]
		e.assume(r, e.rates.logIngest, written)
		e.assume(r, e.rates.logStorage, written*compressed*days*12/365)
	}
}

// bucket prices all objects as the class they begin in; as they age they
// become cheaper.
func (e *estimate) bucket(r *plan.Resource) {
	class := r.Inputs.Text("tags.DataClass")
	stored, known := e.usage.BucketGB[class]
	if !known {
		e.problem("nothing is assumed for bucket %s with DataClass %q: add the class to BucketGB in infra/cost/usage.go", r.Name, class)
	}
	e.assume(r, e.rates.objects, stored)
}

// backupPlan pays for what its copies send.
func (e *estimate) backupPlan(r *plan.Resource) {
	rules, _ := r.Inputs.At("rules").([]any)
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		copies, _ := rule["copyActions"].([]any)
		e.assume(r, e.rates.regionTransfer, e.usage.CopyGB*float64(len(copies)))
	}
}

func (e *estimate) firewall(r *plan.Resource) {
	e.add(r, e.rates.firewall, 1, 1)
	if rules, _ := r.Inputs.At("rules").([]any); len(rules) > 0 {
		e.add(r, e.rates.firewallRule, len(rules), 1)
	}
	e.assume(r, e.rates.firewallRequests, e.usage.WebRequests)
}

func (e *estimate) detector(r *plan.Resource) {
	e.assume(r, e.rates.threatEvents, e.usage.Events)
	e.assume(r, e.rates.threatFlows, e.usage.FlowGB)
}

// feature is a further source of GuardDuty.
func (e *estimate) feature(r *plan.Resource) {
	if r.Inputs.Text("status") == "DISABLED" {
		return
	}
	switch name := r.Inputs.Text("name"); name {
	case "S3_DATA_EVENTS":
		e.assume(r, e.rates.threatObjects, e.usage.ObjectEvents)
	case "EKS_AUDIT_LOGS":
		e.assume(r, e.rates.threatAudit, e.usage.AuditEvents)
	case "EBS_MALWARE_PROTECTION":
		e.assume(r, e.rates.threatScan, e.usage.ScannedDisksGB)
	case "RDS_LOGIN_EVENTS":
		for _, db := range e.graph.OfType("aws:rds/instance:Instance") {
			e.add(r, e.rates.threatDB, int(vCPUs(db.Inputs.Text("instanceClass"))), 1)
		}
	default:
		e.problem("GuardDuty's feature %s has no price: add it to infra/cost/kinds.go", name)
	}
}
