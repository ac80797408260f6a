package cost

// Region is whose prices these are.
const Region = "us-east-2"

// Read is the day on which the prices were looked up. The pages of AWS fill in
// most of their figures by script, so they were read in published copies: the
// AWS price list as the SkyPilot catalogue and others keep it, the recorded
// estimates of Infracost, and transcriptions of the pages.
const Read = "2026-11-26"

// Basis is how far a price can be trusted.
type Basis string

// The bases.
const (
	// Seen was read for Ohio, or is one price for all regions of the US.
	Seen Basis = "read for us-east-2"
	// SeenEast was read for Northern Virginia. Every price that was read for
	// both regions is the same.
	SeenEast Basis = "read for us-east-1"
	// Remembered was not found in any source: check it first.
	Remembered Basis = "remembered"
)

// Unit is what a price is for.
type Unit string

// The units.
const (
	Hour     Unit = "hours"
	Month    Unit = "months"
	GB       Unit = "GB"
	GBMonth  Unit = "GB-months"
	Millions Unit = "millions"
	Pieces   Unit = "pieces"
)

// perMonth is how many units a thing uses that is there all month.
func (u Unit) perMonth() float64 {
	if u == Hour {
		return HoursPerMonth
	}
	return 1
}

// entry is one entry of AWS's price list.
type entry struct {
	Item   string // in words
	USD    float64
	Unit   Unit
	Source string // page of the price list
	Basis  Basis
}

// times is the price of n that AWS sells as one.
func (p entry) times(n float64, item string) entry {
	p.USD, p.Item = p.USD*n, item
	return p
}

// The pages of the price list.
const (
	ec2Page     = "https://aws.amazon.com/ec2/pricing/on-demand/"
	ebsPage     = "https://aws.amazon.com/ebs/pricing/"
	eksPage     = "https://aws.amazon.com/eks/pricing/"
	rdsPage     = "https://aws.amazon.com/rds/postgresql/pricing/"
	cachePage   = "https://aws.amazon.com/elasticache/pricing/"
	vpcPage     = "https://aws.amazon.com/vpc/pricing/"
	linkPage    = "https://aws.amazon.com/privatelink/pricing/"
	vpnPage     = "https://aws.amazon.com/vpn/pricing/"
	kmsPage     = "https://aws.amazon.com/kms/pricing/"
	hiddenPage  = "https://aws.amazon.com/secrets-manager/pricing/"
	wafPage     = "https://aws.amazon.com/waf/pricing/"
	watchPage   = "https://aws.amazon.com/cloudwatch/pricing/"
	s3Page      = "https://aws.amazon.com/s3/pricing/"
	backupPage  = "https://aws.amazon.com/backup/pricing/"
	configPage  = "https://aws.amazon.com/config/pricing/"
	balancePage = "https://aws.amazon.com/elasticloadbalancing/pricing/"
	dnsPage     = "https://aws.amazon.com/route53/pricing/"
	guardPage   = "https://aws.amazon.com/guardduty/pricing/"
)

// rates are the prices that do not depend on a class of machine, of the first
// tier where there are several.
type rates struct {
	controlPlane, nodeDisk, nodeMetric, podDisk      entry
	nat, natData, address, endpoint, endpointData    entry
	vpn, regionTransfer, zoneTransfer, outTransfer   entry
	balancer, balancerUnit, hostedZone               entry
	databaseDisk, databaseBackup, cacheBackup        entry
	key, keyRequests, secret                         entry
	logIngest, logStorage                            entry
	objects, vault                                   entry
	firewall, firewallRule, firewallRequests         entry
	configItem, threatEvents, threatFlows            entry
	threatObjects, threatAudit, threatScan, threatDB entry
}

func list() rates {
	return rates{
		controlPlane: entry{"control plane, standard support", 0.10, Hour, eksPage, SeenEast},
		nodeDisk:     entry{"gp3 disk of a node", 0.08, GBMonth, ebsPage, SeenEast},
		podDisk:      entry{"gp3 volume of a pod", 0.08, GBMonth, ebsPage, SeenEast},
		nodeMetric:   entry{"metrics of nodes by the minute", 0.30, Pieces, watchPage, SeenEast},

		nat:          entry{"NAT gateway", 0.045, Hour, vpcPage, Seen},
		natData:      entry{"through NAT gateways", 0.045, GB, vpcPage, Seen},
		address:      entry{"public IPv4 address", 0.005, Hour, vpcPage, Seen},
		endpoint:     entry{"interface endpoint in a zone", 0.01, Hour, linkPage, SeenEast},
		endpointData: entry{"through interface endpoints", 0.01, GB, linkPage, Seen},
		vpn:          entry{"VPN connection", 0.05, Hour, vpnPage, Remembered},
		// To any region but Northern Virginia, which is half of it.
		regionTransfer: entry{"to the recovery region", 0.02, GB, ec2Page, Seen},

		zoneTransfer: entry{"between zones, each way", 0.01, GB, ec2Page, SeenEast},
		outTransfer:  entry{"out to the internet, after the first 100 GB", 0.09, GB, ec2Page, Seen},
		// An Application Load Balancer.
		balancer:     entry{"load balancer", 0.0225, Hour, balancePage, SeenEast},
		balancerUnit: entry{"capacity unit of a load balancer", 0.008, Hour, balancePage, Remembered},
		hostedZone:   entry{"hosted zone", 0.50, Month, dnsPage, Remembered},

		databaseDisk:   entry{"gp3 storage", 0.115, GBMonth, rdsPage, SeenEast},
		databaseBackup: entry{"backups beyond the size of the databases", 0.095, GBMonth, rdsPage, SeenEast},
		cacheBackup:    entry{"snapshots beyond the first", 0.085, GBMonth, cachePage, SeenEast},

		key:         entry{"KMS key", 1, Month, kmsPage, Seen},
		keyRequests: entry{"requests to KMS keys", 3, Millions, kmsPage, SeenEast}, // 0.03 for 10,000
		secret:      entry{"secret", 0.40, Month, hiddenPage, SeenEast},

		logIngest:  entry{"logs written", 0.50, GB, watchPage, SeenEast},
		logStorage: entry{"logs kept, compressed", 0.03, GBMonth, watchPage, SeenEast},
		objects:    entry{"objects, all as Standard", 0.023, GBMonth, s3Page, SeenEast},
		vault:      entry{"recovery points of databases", 0.095, GBMonth, backupPage, SeenEast},

		// The same in all regions.
		firewall:         entry{"web ACL", 5, Month, wafPage, Seen},
		firewallRule:     entry{"rule or managed group", 1, Month, wafPage, Seen},
		firewallRequests: entry{"requests judged", 0.60, Millions, wafPage, Seen},

		configItem:    entry{"configuration item", 0.003, Pieces, configPage, SeenEast},
		threatEvents:  entry{"management events analysed", 4, Millions, guardPage, SeenEast},
		threatFlows:   entry{"flow and DNS logs analysed", 1, GB, guardPage, SeenEast},
		threatObjects: entry{"S3 data events analysed", 0.80, Millions, guardPage, SeenEast},
		threatAudit:   entry{"Kubernetes audit events analysed", 1.60, Millions, guardPage, SeenEast},
		threatScan:    entry{"disks scanned for malware", 0.03, GB, guardPage, SeenEast},
		threatDB:      entry{"vCPU of databases whose logins are watched", 1, Month, guardPage, SeenEast},
	}
}
