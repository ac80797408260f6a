package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

const containerMemoryLimit = .9 // of what the container may use

func workloads() []Alert {
	byContainer, byPod := q.By("namespace", "pod", "container"), q.By("namespace", "deployment")
	byScaler := q.By("namespace", "horizontalpodautoscaler")

	looping := q.Of(source.KubeContainerWaiting, q.Eq("reason", "CrashLoopBackOff"))
	restarted := q.Max(q.Increase(q.Of(source.KubeContainerRestarts), q.Over(15*time.Minute)), byContainer)
	killed := q.Max(q.Of(source.KubeContainerLastTerminated, q.Eq("reason", "OOMKilled")), byContainer)
	memory := q.Max(q.Of(source.ContainerMemoryWorkingSet, q.Not("container", "")), byContainer)
	memoryLimit := q.Max(q.Of(source.KubeContainerLimits, q.Eq("resource", "memory")), byContainer).Gt(q.Num(0))
	wanted := q.Max(q.Of(source.KubeDeploymentReplicas), byPod)
	available := q.Max(q.Of(source.KubeDeploymentAvailable), byPod)
	rolling := q.Max(q.Changes(q.Of(source.KubeDeploymentUpdated), q.Over(10*time.Minute)), byPod).Gt(q.Num(0))
	pods, most := q.Max(q.Of(source.KubeHPACurrent), byScaler), q.Max(q.Of(source.KubeHPAMax), byScaler)
	return []Alert{
		{
			Name: "PodCrashLooping", Severity: contract.Warning, Component: Cluster,
			When: q.Max(q.MaxOver(looping, q.Over(5*time.Minute)), byContainer).Ge(q.Num(1)), For: 5 * time.Minute,
			Summary:     "{{ $labels.pod }} crashes again and again",
			Description: "The container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} ends soon after each start, and Kubernetes waits before the next. The log of its previous run says why.",
			Dashboard:   links.Kubernetes,
			Explains:    []string{"DeploymentReplicasMismatch"}, Same: []string{"namespace"},
		},
		{
			Name: "ContainerOOMKilled", Severity: contract.Warning, Component: Cluster,
			When:        restarted.Gt(q.Num(0)).And(killed.Eq(q.Num(1))),
			Summary:     "{{ $labels.pod }} ran out of memory",
			Description: "The container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} was killed for using more memory than its limit, and began again. Look whether it grows or the limit is too low.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "ContainerMemoryHigh", Severity: contract.Warning, Component: Cluster,
			When: memory.Div(memoryLimit).Gt(q.Num(containerMemoryLimit)), For: 10 * time.Minute,
			Summary:     "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory",
			Description: "The container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its limit; at 100% it is killed.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "AutoscalerAtMaximum", Severity: contract.Warning, Component: Cluster,
			When: pods.Ge(most).And(most.Gt(q.Num(1))), For: 15 * time.Minute,
			Summary:     "{{ $labels.horizontalpodautoscaler }} has reached its {{ $value | humanize }} pods",
			Description: "The autoscaler {{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} has run its {{ $value | humanize }} pods, the most allowed, for 15 minutes. More load makes answers slow.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "DeploymentReplicasMismatch", Severity: contract.Warning, Component: Cluster,
			When: wanted.Sub(available).Gt(q.Num(0)).Unless(rolling), For: 15 * time.Minute,
			Summary:     "{{ $labels.deployment }} lacks {{ $value | humanize }} pods",
			Description: "{{ $value | humanize }} pods that {{ $labels.namespace }}/{{ $labels.deployment }} wants have not been available for 15 minutes, and no rollout moves on. Look at the events of its pods.",
			Dashboard:   links.Kubernetes,
		},
	}
}
