package cost

import (
	"fmt"

	"github.com/script-ohio/platform/infra/plan"
)

// metricsPerNode is what EC2 publishes of an instance that is watched by the
// minute, and charges for.
const metricsPerNode = 7

// nodes prices a node group at its least size and notes its largest. The first
// type is the one that EKS tries first.
func (e *estimate) nodes(r *plan.Resource) {
	types := r.Inputs.Texts("instanceTypes")
	if len(types) == 0 {
		e.problem("%s names no instance type", r.URN)
		return
	}
	if capacity := r.Inputs.Text("capacityType"); capacity == "SPOT" {
		e.problem("%s runs on spot capacity, whose price changes by the hour: this table has on-demand prices only", r.URN)
		return
	}
	machine, known := e.class(r, types[0])
	disks, sized := e.disks(r)
	if !known || !sized {
		return
	}
	metrics := 0.0
	if t := e.template(r); t != nil && t.Inputs.True("monitoring.enabled") {
		metrics = metricsPerNode
	}
	least, most := int(r.Inputs.Number("scalingConfig.minSize")), r.Inputs.Number("scalingConfig.maxSize")
	e.add(r, machine, least, 1)
	e.add(r, e.rates.nodeDisk, least, disks)
	if metrics > 0 {
		e.add(r, e.rates.nodeMetric, least, metrics)
	}
	one := machine.USD*HoursPerMonth + e.rates.nodeDisk.USD*disks + e.rates.nodeMetric.USD*metrics
	e.ceilings = append(e.ceilings, fmt.Sprintf("The table has %d nodes, the least. At most there are %.0f, for $%s a month more.",
		least, most, dollars(one*(most-float64(least)))))
}

// template is the launch template that the node group depends on, or nil.
func (e *estimate) template(r *plan.Resource) *plan.Resource {
	for _, urn := range r.PropertyDepends["launchTemplate"] {
		if t := e.graph.ByURN(urn); t != nil && t.Type == "aws:ec2/launchTemplate:LaunchTemplate" {
			return t
		}
	}
	return nil
}

// disks is the GB of gp3 that a node of the group has.
func (e *estimate) disks(r *plan.Resource) (float64, bool) {
	t := e.template(r)
	if t == nil {
		e.problem("%s has no launch template of this stack: the size and kind of its disks are not known", r.URN)
		return 0, false
	}
	mappings, _ := t.Inputs.At("blockDeviceMappings").([]any)
	total, ok := 0.0, len(mappings) > 0
	for i := range mappings {
		disk := fmt.Sprintf("blockDeviceMappings.%d.ebs.", i)
		total += t.Inputs.Number(disk + "volumeSize")
		ok = ok && t.Inputs.Text(disk+"volumeType") == "gp3" && t.Inputs.Number(disk+"volumeSize") > 0
	}
	if !ok {
		e.problem("%s does not say that all disks are gp3 and how large they are: only those have a price", t.URN)
	}
	return total, ok
}

// database prices an instance and its storage, both twice with a standby.
func (e *estimate) database(r *plan.Resource) {
	if engine := r.Inputs.Text("engine"); engine != "postgres" {
		e.problem("%s runs %s, which has no price: add it to infra/cost/classes.go", r.URN, engine)
		return
	}
	if kind := r.Inputs.Text("storageType"); kind != "gp3" {
		e.problem("%s has storage of kind %q: only gp3 has a price", r.URN, kind)
		return
	}
	stored := r.Inputs.Number("allocatedStorage")
	if source := r.Inputs.Text("replicateSourceDb"); source != "" {
		stored = e.storageOf(source) // a replica begins as large as its primary
	}
	if stored == 0 {
		e.problem("%s does not say how much storage it or its primary has", r.URN)
		return
	}
	machine, known := e.class(r, r.Inputs.Text("instanceClass"))
	if !known {
		return
	}
	disk := e.rates.databaseDisk
	if r.Inputs.True("multiAz") {
		machine, disk = machine.times(2, machine.Item+" with its standby"), disk.times(2, disk.Item+", in two zones")
	}
	e.add(r, machine, 1, 1)
	e.add(r, disk, 1, stored)
	if most := r.Inputs.Number("maxAllocatedStorage"); most > stored {
		e.growth += (most - stored) * disk.USD
	}
	if r.Inputs.Number("backupRetentionPeriod") > 0 {
		e.assume(r, e.rates.databaseBackup, e.usage.BackupGB)
	}
}

// storageOf is the GB of the instance with the identifier; 0 when this stack
// has none.
func (e *estimate) storageOf(identifier string) float64 {
	for _, db := range e.graph.OfType("aws:rds/instance:Instance") {
		if db.Inputs.Text("identifier") == identifier {
			return db.Inputs.Number("allocatedStorage")
		}
	}
	return 0
}

// databaseCopy is the backups in the recovery region, none of which are free.
func (e *estimate) databaseCopy(r *plan.Resource) {
	e.assume(r, e.rates.databaseBackup.times(1, "backups in the recovery region"), e.usage.BackupCopyGB)
	e.assume(r, e.rates.regionTransfer, e.usage.CopyGB)
}

// cache prices every node of a replication group.
func (e *estimate) cache(r *plan.Resource) {
	nodes := int(r.Inputs.Number("numCacheClusters"))
	if nodes == 0 {
		nodes = int(r.Inputs.Number("numNodeGroups") * (1 + r.Inputs.Number("replicasPerNodeGroup")))
	}
	if nodes == 0 {
		e.problem("%s does not say how many nodes it has", r.URN)
		return
	}
	if machine, known := e.class(r, r.Inputs.Text("nodeType")+", "+r.Inputs.Text("engine")); known {
		e.add(r, machine, nodes, 1)
		e.assume(r, e.rates.cacheBackup, e.usage.SnapshotGB)
	}
}

// class is the price of a machine, or a problem.
func (e *estimate) class(r *plan.Resource, name string) (entry, bool) {
	p, known := class(name)
	if !known {
		e.problem("%s: class %q has no price: add it to infra/cost/classes.go", r.URN, name)
	}
	return p, known
}
