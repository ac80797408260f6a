package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	diskLimit   = .8
	memoryLimit = .9
	volumeLow   = .3 // free, below which a forecast counts
	volumeAhead = 4 * day
	volumeLeft  = .05 // free
)

func nodes() []Alert {
	disk := []q.Matcher{q.NoneOf("fstype", "tmpfs", "overlay", "squashfs", "ramfs"), q.Not("mountpoint", "")}
	byDisk, byVolume, byNode := q.By("instance", "mountpoint"), q.By("namespace", "persistentvolumeclaim"), q.By("instance")
	used := func(free, size q.Expr) q.Expr { return q.Num(1).Sub(free.Div(size)) }

	diskUsed := used(q.Min(q.Of(source.NodeDiskAvailable, disk...), byDisk), q.Min(q.Of(source.NodeDiskSize, disk...), byDisk))
	memoryUsed := used(q.Min(q.Of(source.NodeMemoryAvailable), byNode), q.Min(q.Of(source.NodeMemoryTotal), byNode))
	volumeFree := q.Min(q.Of(source.VolumeAvailable), byVolume).Div(q.Min(q.Of(source.VolumeCapacity), byVolume))
	forecast := q.Min(q.PredictLinear(q.Of(source.VolumeAvailable), q.Over(6*time.Hour), volumeAhead), byVolume)
	return []Alert{
		{
			Name: "NodeNotReady", Severity: contract.Warning, Component: Cluster,
			When: q.Max(q.Of(source.KubeNodeCondition, q.Eq("condition", "Ready"), q.Eq("status", "true")), q.By("node")).Eq(q.Num(0)), For: 5 * time.Minute,
			Summary:     "The node {{ $labels.node }} is not ready",
			Description: "Kubernetes has not heard that {{ $labels.node }} is well for five minutes and moves its pods. If it does not come back, replace it.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "DiskSpaceUsage", Severity: contract.Warning, Component: Cluster,
			When: diskUsed.Gt(q.Num(diskLimit)), For: 10 * time.Minute,
			Summary:     "{{ $labels.mountpoint }} of {{ $labels.instance }} is {{ $value | humanizePercentage }} full",
			Description: "The file system {{ $labels.mountpoint }} of the node {{ $labels.instance }} is {{ $value | humanizePercentage }} full. From 85% on Kubernetes removes images, then pods.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "MemoryUsageHigh", Severity: contract.Warning, Component: Cluster,
			When: memoryUsed.Gt(q.Num(memoryLimit)), For: 5 * time.Minute,
			Summary:     "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory",
			Description: "The node {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory; when none is left pods are evicted. Look which pods use more than they asked for.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "VolumeFillingUp", Severity: contract.Warning, Component: Cluster,
			When: volumeFree.Lt(q.Num(volumeLow)).And(forecast.Lt(q.Num(0))), For: time.Hour,
			Summary:     "The volume {{ $labels.persistentvolumeclaim }} will be full within four days",
			Description: "{{ $value | humanizePercentage }} of {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is free, and at the speed of the last six hours it is full within four days. Grow it or keep less.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "VolumeAlmostFull", Severity: contract.Critical, Component: Cluster,
			When: volumeFree.Lt(q.Num(volumeLeft)), For: 5 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of the volume {{ $labels.persistentvolumeclaim }} is free",
			Description: "{{ $value | humanizePercentage }} of {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is free. What writes to it stops when none is left; grow it now.",
			Dashboard:   links.Kubernetes,
			Explains:    []string{"VolumeFillingUp"}, Same: []string{"namespace", "persistentvolumeclaim"},
		},
	}
}
