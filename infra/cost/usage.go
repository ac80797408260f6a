package cost

import "github.com/script-ohio/platform/infra/stack"

// Usage is what a graph cannot say: how much flows through what it makes. All
// of it is assumed, for an ordinary month in which the season runs; replace it
// by the bill's figures once there is one.
type Usage struct {
	NATGB      float64 // GB through each NAT gateway: images, the data API, mail
	EndpointGB float64 // GB through each interface endpoint
	CopyGB     float64 // GB that cross to the recovery region for each copy: bucket, database, vault

	LogGB    map[string]float64 // GB written into a log group, by the prefix of its name
	BucketGB map[string]float64 // GB kept in a bucket, by its tag DataClass

	BackupGB       float64 // GB of database backups beyond the size of all databases, which is free
	BackupCopyGB   float64 // GB of database backups in the recovery region
	SnapshotGB     float64 // GB of cache snapshots beyond the first, which is free
	VaultGB        float64 // GB of recovery points in each vault; they are incremental
	KeyRequests    float64 // millions to each KMS key, beyond what is free
	WebRequests    float64 // millions that reach the firewall
	ConfigItems    float64 // changes of resources that Config records
	Events         float64 // millions of management events
	FlowGB         float64 // GB of flow and DNS logs that GuardDuty reads by itself
	ObjectEvents   float64 // millions of S3 data events
	AuditEvents    float64 // millions of events in the audit log of Kubernetes
	ScannedDisksGB float64 // GB of disks scanned after a finding
}

// compressed is how much of a log remains when CloudWatch keeps it.
const compressed = 0.15

// UsageFor is the assumption for an environment. The control plane writes and
// audits much the same whoever calls the API.
func UsageFor(environment stack.Environment) Usage {
	if environment == stack.Staging {
		return Usage{
			NATGB: 50, EndpointGB: 5, CopyGB: 10,
			LogGB:    map[string]float64{"/aws/vpc/": 5, "/aws/eks/": 20, "/aws/rds/": 0.2, "/aws/elasticache/": 0.1, "aws-waf-logs-": 0.2},
			BucketGB: map[string]float64{"backups": 20, "models": 2, "logs": 20, "loki": 5, "tempo": 2},
			BackupGB: 0, BackupCopyGB: 20, SnapshotGB: 0, VaultGB: 20,
			KeyRequests: 0.1, WebRequests: 1, ConfigItems: 2000,
			Events: 0.5, FlowGB: 5, ObjectEvents: 0.2, AuditEvents: 5,
		}
	}
	return Usage{
		NATGB: 100, EndpointGB: 20, CopyGB: 60,
		LogGB:    map[string]float64{"/aws/vpc/": 30, "/aws/eks/": 40, "/aws/rds/": 1, "/aws/elasticache/": 0.2, "aws-waf-logs-": 10},
		BucketGB: map[string]float64{"backups": 300, "models": 5, "logs": 60, "loki": 60, "tempo": 10},
		BackupGB: 0, BackupCopyGB: 250, SnapshotGB: 20, VaultGB: 150,
		KeyRequests: 0.3, WebRequests: 30, ConfigItems: 5000,
		Events: 1, FlowGB: 30, ObjectEvents: 1, AuditEvents: 10,
	}
}
