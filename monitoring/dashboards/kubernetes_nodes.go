package dashboards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"

	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

const hour = time.Hour

func autoscaling() Panel {
	by := q.By("namespace", "horizontalpodautoscaler")
	return Panel{
		Title: "Autoscaling", View: Series{}, Unit: units.Short, Limits: free("load decides"), Alert: alertHPA,
		Tells: "Pods that each autoscaler counts and wants, between the least and the most that it may ask for.",
		Do:    "Wanted above counted for minutes: no node has room. At the most: see the next panel.",
		Queries: []Query{
			ask("{{horizontalpodautoscaler}} counted", q.Max(q.Of(source.KubeHPACurrent, here()...), by)),
			ask("{{horizontalpodautoscaler}} wanted", q.Max(q.Of(source.KubeHPADesired, here()...), by)),
			ask("{{horizontalpodautoscaler}} least", q.Max(q.Of(source.KubeHPAMin, here()...), by)),
			ask("{{horizontalpodautoscaler}} most", q.Max(q.Of(source.KubeHPAMax, here()...), by)),
		},
	}
}

func autoscalersFull() Panel {
	of := func(s q.Series) q.Expr { return q.Max(s, q.By("namespace", "horizontalpodautoscaler")) }
	return Panel{
		Title: "Autoscalers near their most", View: Series{}, Unit: units.PercentUnit, Limits: rises(.8, 1), Width: 6, Alert: alertHPA,
		Tells: "Pods wanted to the most that may be asked for. At one, more load makes answers slower.",
		Do:    "Raise the most if the nodes and the database can carry more; see the share of connections first.",
		Queries: []Query{ask("{{horizontalpodautoscaler}}",
			q.Ratio(of(q.Of(source.KubeHPADesired, here()...)), of(q.Of(source.KubeHPAMax, here()...))))},
	}
}

func quotas() Panel {
	of := func(kind string) q.Expr {
		return q.Max(q.Of(source.KubeResourceQuota, here(q.Eq("type", kind))...), q.By("namespace", "resource"))
	}
	return Panel{
		Title: "Quotas", View: Series{}, Unit: units.PercentUnit, Limits: rises(.8, 1), Width: 6,
		Tells:   "Used share of each quota of the namespaces. At one, new pods are refused.",
		Do:      "Delete what is left over, or raise the quota with the workload.",
		Queries: []Query{ask("{{namespace}} {{resource}}", q.Ratio(of("used"), of("hard")))},
	}
}

func volumes() Panel {
	of := func(s q.Series) q.Expr { return q.Max(s, q.By("namespace", "persistentvolumeclaim")) }
	return Panel{
		Title: "Volumes", View: Series{}, Unit: units.PercentUnit, Limits: rises(.7, .95), Alert: alertVolume,
		Tells: "Used share of the volume behind each claim.",
		Do:    "Above 80 %: the claim can be made larger while it is used.",
		Queries: []Query{ask("{{namespace}}/{{persistentvolumeclaim}}",
			q.Ratio(of(q.Of(source.VolumeUsed, here()...)), of(q.Of(source.VolumeCapacity, here()...))))},
	}
}

func network() Panel {
	by := q.By("namespace", "pod")
	return Panel{
		Title: "Network", View: Series{}, Unit: units.BytesPerSecondIEC, Limits: free("it follows the requests"),
		Tells: "Bytes a second that pods receive and send, the ten busiest each.",
		Do:    "A worker that sends at an odd hour: see which job runs.",
		Queries: []Query{
			ask("{{pod}} in", q.TopK(10, q.Sum(q.Rate(q.Of(source.ContainerNetworkReceived, here()...), q.DashboardRate), by))),
			ask("{{pod}} out", q.TopK(10, q.Sum(q.Rate(q.Of(source.ContainerNetworkSent, here()...), q.DashboardRate), by))),
		},
	}
}

func nodesReady() Panel {
	return Panel{
		Title: "Nodes ready", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(1), Width: 6, Height: 8, Alert: alertNode,
		Tells:   "Share of nodes that are ready.",
		Do:      "The node group replaces a node that stays away; pods move within five minutes.",
		Queries: []Query{ask("ready", q.Avg(q.Of(source.KubeNodeCondition, q.Eq("condition", "Ready"), q.Eq("status", "true"))))},
	}
}

func nodeCPU() Panel {
	idle := q.Avg(q.Rate(q.Of(source.NodeCPU, q.Eq("mode", "idle")), q.DashboardRate), q.By("instance"))
	return Panel{
		Title: "Processor of nodes", View: Series{}, Unit: units.PercentUnit, Limits: rises(.8, .95), Width: 6,
		Tells:   "Share of processor time in use, by node.",
		Do:      "All nodes: add one. One node: its pods are spread badly.",
		Queries: []Query{ask("{{instance}}", q.Num(1).Sub(idle))},
	}
}

func nodeMemory() Panel {
	by := func(s q.Series) q.Expr { return q.Max(s, q.By("instance")) }
	return Panel{
		Title: "Memory of nodes", View: Series{}, Unit: units.PercentUnit, Limits: rises(.8, .9), Width: 6, Alert: alertNodeMemory,
		Tells:   "Share of memory that programs cannot get, by node.",
		Do:      "Pods without limits are evicted first: find the one that grew.",
		Queries: []Query{ask("{{instance}}", q.Num(1).Sub(by(q.Of(source.NodeMemoryAvailable)).Div(by(q.Of(source.NodeMemoryTotal)))))},
	}
}

func nodeDisk() Panel {
	disk := []q.Matcher{q.NoneOf("fstype", "tmpfs", "overlay", "squashfs", "ramfs"), q.Not("mountpoint", "")}
	by := func(s q.Series) q.Expr { return q.Min(s, q.By("instance", "mountpoint")) }
	return Panel{
		Title: "Disk of nodes", View: Series{}, Unit: units.PercentUnit, Limits: rises(.7, .8), Width: 6, Alert: alertNodeDisk,
		Tells:   "Used share of each disk, by node.",
		Do:      "Images and logs fill it: replace the node, then find the pod that writes.",
		Queries: []Query{ask("{{instance}} {{mountpoint}}", q.Num(1).Sub(by(q.Of(source.NodeDiskAvailable, disk...)).Div(by(q.Of(source.NodeDiskSize, disk...)))))},
	}
}

// ours are the app's own processes.
func ours() q.Matcher { return q.OneOf("job", source.JobServe, source.JobWork) }

const ofProcess = "{{job}} {{instance}}"

func processCPU() Panel {
	return Panel{
		Title: "Processor of processes", View: Series{}, Unit: units.NoUnit, Limits: free("load decides"), Width: 8,
		Tells:   "Cores that each process of the app uses.",
		Do:      "Take a profile of the one that stands out, from its internal port.",
		Queries: []Query{ask(ofProcess, q.Rate(q.Of(source.ProcessCPU, ours()), q.DashboardRate))},
	}
}

func processMemory() Panel {
	return Panel{
		Title: "Memory of processes", View: Series{}, Unit: units.BytesIEC, Limits: free("see its share of the limit"), Width: 8,
		Tells: "Memory that each process of the app holds, and what of it is heap in use.",
		Do:    "Held far above the heap: memory that is not Go's, or a heap that has been larger.",
		Queries: []Query{
			ask(ofProcess, q.Of(source.ProcessMemory, ours())), ask(ofProcess+" heap", q.Of(source.GoHeapInuse, ours())),
		},
	}
}

func goroutines() Panel {
	return Panel{
		Title: "Goroutines", View: Series{}, Unit: units.Short, Limits: rises(2_000, 10_000), Width: 8,
		Tells:   "Goroutines of each process of the app.",
		Do:      "Steady growth is a leak: the profile goroutine names where they wait.",
		Queries: []Query{ask(ofProcess, q.Of(source.GoGoroutines, ours()))},
	}
}

func garbage() Panel {
	pauses, collections := q.Rate(q.Of(source.GoGCPauseSum, ours()), q.DashboardRate), q.Rate(q.Of(source.GoGCPauseCount, ours()), q.DashboardRate)
	return Panel{
		Title: "Pauses of garbage collection", View: Series{}, Unit: units.Seconds, Limits: rises(.005, .05), Width: 8,
		Tells:   "Mean time that a collection pauses a process.",
		Do:      "Long pauses come with a starved processor: see what is held back.",
		Queries: []Query{ask(ofProcess, q.Ratio(pauses, collections)).until(Collected)},
	}
}

func openFiles() Panel {
	return Panel{
		Title: "Open files", View: Series{}, Unit: units.PercentUnit, Limits: rises(.7, .9), Width: 8,
		Tells:   "File descriptors open to the most that may be, by process.",
		Do:      "Growth without load: connections are opened and not closed.",
		Queries: []Query{ask(ofProcess, q.Ratio(q.Of(source.ProcessOpenFiles, ours()), q.Of(source.ProcessMaxFiles, ours())))},
	}
}

func restartsOfProcesses() Panel {
	return Panel{
		Title: "Running for", View: Series{}, Unit: units.DurationSeconds, Limits: free("rollouts restart everything"), Width: 8,
		Tells:   "Time since each process of the app began. A fall to zero is a restart.",
		Do:      "Falls without a rollout: see restarts and what ran out of memory.",
		Queries: []Query{ask(ofProcess, q.Time().Sub(q.Of(source.ProcessStart, ours())))},
	}
}
