package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func kubernetes() Dashboard {
	return Dashboard{
		UID: links.Kubernetes, Title: "Kubernetes workloads", Range: "6h", Refresh: "1m",
		Summary: "What pods use of what they asked for, what restarts, and what is short. Choose a namespace above.",
		Rows: []Row{
			{Title: "Pods", Topic: aboutPods, Panels: []Panel{podsRunning(), podsWaiting(), restarts(), podPhases(), deployments()}},
			{Title: "Processor and memory", Topic: aboutPods, Panels: []Panel{cpuUsed(), memoryUsed(), cpuOfRequests(), memoryOfLimits(), throttled(), outOfMemory()}},
			{Title: "Scaling", Topic: aboutPods, Panels: []Panel{autoscaling(), autoscalersFull(), quotas()}},
			{Title: "Volumes and network", Topic: aboutPods, Panels: []Panel{volumes(), network()}},
			{Title: "Nodes", Topic: aboutPods, Panels: []Panel{nodesReady(), nodeCPU(), nodeMemory(), nodeDisk()}},
			{Title: "Processes of the app", Topic: aboutPods, Panels: []Panel{processCPU(), processMemory(), goroutines(), garbage(), openFiles(), restartsOfProcesses()}},
		},
	}
}

// here narrows to the namespaces chosen; running leaves out the totals that
// cAdvisor has beside containers.
func here(more ...q.Matcher) []q.Matcher { return append([]q.Matcher{q.Var(varNamespace)}, more...) }

func running() []q.Matcher { return here(q.Not("container", "")) }

func byContainer() q.Grouping { return q.By("namespace", "pod", "container") }

const ofContainer = "{{pod}}/{{container}}"

func podsRunning() Panel {
	return Panel{
		Title: "Pods ready", View: Figure{}, Unit: units.Short, Limits: atLeast(1), Height: 8, Alert: alertReplicas,
		Tells:   "Pods that are ready, in the namespaces chosen.",
		Do:      "Fewer than the deployments want: see which pods wait, and why.",
		Queries: []Query{ask("ready", q.Sum(q.Of(source.KubePodReady, here(q.Eq("condition", "true"))...)))},
	}
}

func podsWaiting() Panel {
	return Panel{
		Title: "Containers that wait", Unit: units.Short, Limits: atMost(1), Width: 10, Alert: alertCrashLoop,
		View:    Table{Heads: map[string]string{"namespace": "Namespace", "pod": "Pod", "container": "Container", "reason": "Reason"}},
		Tells:   "Containers that do not run, and why.",
		Do:      "ImagePullBackOff: the image or the right to pull it. CrashLoopBackOff: read its last log. CreateContainerConfigError: a secret or a config map is missing.",
		Queries: []Query{now("Containers", q.Sum(q.Of(source.KubeContainerWaiting, here()...), q.By("namespace", "pod", "container", "reason")).Gt(q.Num(0))).until(Waits)},
	}
}

func restarts() Panel {
	return Panel{
		Title: "Restarts", View: Series{}, Unit: units.Short, Limits: rises(1, 3), Width: 10, Alert: alertCrashLoop,
		Tells:   "Restarts of containers in an hour.",
		Do:      "Read the log before the restart; OOMKilled means that the limit of memory is too low or that memory leaks.",
		Queries: []Query{ask(ofContainer, q.Sum(q.Increase(q.Of(source.KubeContainerRestarts, here()...), q.Over(hour)), byContainer()))},
	}
}

func podPhases() Panel {
	return Panel{
		Title: "Pods by phase", View: Series{Stacked: true}, Unit: units.Short, Limits: free("autoscaling moves it"),
		Tells:   "Pods by phase.",
		Do:      "Pending: no node has room, or a volume is in another zone. Failed: read its events.",
		Queries: []Query{ask("{{phase}}", q.Sum(q.Of(source.KubePodPhase, here()...), q.By("phase")))},
	}
}

func deployments() Panel {
	of := q.By("namespace", "deployment")
	return Panel{
		Title: "Deployments", Unit: units.Short, Limits: free("each column has its own"), Alert: alertReplicas,
		View:  Table{Heads: map[string]string{"namespace": "Namespace", "deployment": "Deployment"}},
		Tells: "Pods that deployments want, have available, have in the newest version, and lack.",
		Do:    "Updated stays below wanted: the rollout is stuck on pods that are not ready; undo it or mend them.",
		Queries: []Query{
			now("Wanted", q.Sum(q.Of(source.KubeDeploymentReplicas, here()...), of)),
			now("Available", q.Sum(q.Of(source.KubeDeploymentAvailable, here()...), of)),
			now("Updated", q.Sum(q.Of(source.KubeDeploymentUpdated, here()...), of)),
			now("Lacking", q.Sum(q.Of(source.KubeDeploymentUnavailable, here()...), of)).as(units.Short, atMost(1)),
		},
	}
}

func cpuRate() q.Expr {
	return q.Sum(q.Rate(q.Of(source.ContainerCPU, running()...), q.DashboardRate), byContainer())
}

func memoryBytes() q.Expr {
	return q.Sum(q.Of(source.ContainerMemoryWorkingSet, running()...), byContainer())
}

// asks and may are what containers asked for and what they may use.
func asks(resource string) q.Expr {
	return q.Sum(q.Of(source.KubeContainerRequests, here(q.Eq("resource", resource))...), byContainer())
}

func may(resource string) q.Expr {
	return q.Sum(q.Of(source.KubeContainerLimits, here(q.Eq("resource", resource))...), byContainer())
}

func cpuUsed() Panel {
	return Panel{
		Title: "Processor used", View: Series{Stacked: true}, Unit: units.NoUnit, Limits: free("see its share of what was asked for"),
		Tells:   "Cores that containers use.",
		Do:      "A container far above the others of its kind: take a profile from its internal port.",
		Queries: []Query{ask(ofContainer, cpuRate())},
	}
}

func memoryUsed() Panel {
	return Panel{
		Title: "Memory used", View: Series{Stacked: true}, Unit: units.BytesIEC, Limits: free("see its share of the limit"),
		Tells:   "Memory of containers that counts towards their limit.",
		Do:      "Growth that no rollout resets is a leak: compare heap profiles.",
		Queries: []Query{ask(ofContainer, memoryBytes())},
	}
}

func cpuOfRequests() Panel {
	return Panel{
		Title: "Processor: used of requested, of the limit", View: Series{}, Unit: units.PercentUnit, Limits: rises(1, 1.5),
		Tells: "Cores used to those asked for, and to the limit. Above one of the request a pod lives on what its neighbours leave.",
		Do:    "For hours above one: raise the request. For weeks below a fifth: lower it.",
		Queries: []Query{
			ask(ofContainer+" of request", cpuRate().Div(asks("cpu"))), ask(ofContainer+" of limit", cpuRate().Div(may("cpu"))),
		},
	}
}

func memoryOfLimits() Panel {
	return Panel{
		Title: "Memory: used of requested, of the limit", View: Series{}, Unit: units.PercentUnit, Limits: rises(.8, .9), Alert: alertMemory,
		Tells: "Memory used to that asked for, and to the limit. At the limit the container is killed.",
		Do:    "Near the limit: raise it now, then find out what grows.",
		Queries: []Query{
			ask(ofContainer+" of request", memoryBytes().Div(asks("memory"))), ask(ofContainer+" of limit", memoryBytes().Div(may("memory"))),
		},
	}
}

func throttled() Panel {
	held := func(s q.Series) q.Expr { return q.Sum(q.Rate(s, q.DashboardRate), byContainer()) }
	return Panel{
		Title: "Held back", View: Series{}, Unit: units.PercentUnit, Limits: rises(.25, .5),
		Tells:   "Share of periods in which a container was held back at its limit of processor time.",
		Do:      "Response times suffer first: raise the limit, or add replicas.",
		Queries: []Query{ask(ofContainer, q.Ratio(held(q.Of(source.ContainerThrottled, running()...)), held(q.Of(source.ContainerPeriods, running()...))))},
	}
}

func outOfMemory() Panel {
	return Panel{
		Title: "Out of memory", View: Series{}, Unit: units.Short, Limits: atMost(1), Alert: alertOOM,
		Tells:   "Times that containers ran out of memory in an hour.",
		Do:      "Raise the limit, then compare heap profiles to find what grew.",
		Queries: []Query{ask(ofContainer, q.Sum(q.Increase(q.Of(source.ContainerOOMs, running()...), q.Over(hour)), byContainer()))},
	}
}
