package alerts_test

import "time"

func workloadStories() map[string][]story {
	one := labels{"namespace": "n", "pod": "p", "container": "c"}
	return map[string][]story{
		"PodCrashLooping": {{
			about: "a container crashes for half an hour; between crashes it runs for a moment",
			given: series{`kube_pod_container_status_waiting_reason{namespace="n",pod="p",container="c",reason="CrashLoopBackOff"}`: "0x5 1 0 1 1 0 1 1 1 0 1 1x20 0x20",
				`kube_pod_container_status_waiting_reason{namespace="n",pod="new",container="c",reason="ContainerCreating"}`: "1x60"},
			quiet: []time.Duration{minutes(4), minutes(9)},
			told: []told{{
				at: minutes(15), labels: one, summary: "p crashes again and again",
				description: "The container c of n/p ends soon after each start, and Kubernetes waits before the next. The log of its previous run says why.",
			}},
			then: minutes(50),
		}},
		"ContainerOOMKilled": {
			{
				about: "a container is killed once",
				given: series{
					`kube_pod_container_status_restarts_total{namespace="n",pod="p",container="c"}`:                                   "0x9 1x40",
					`kube_pod_container_status_last_terminated_reason{namespace="n",pod="p",container="c",reason="OOMKilled"}`:        "_x9 1x40",
					`kube_pod_container_status_restarts_total{namespace="n",pod="error",container="c"}`:                               "0x9 1x40",
					`kube_pod_container_status_last_terminated_reason{namespace="n",pod="error",container="c",reason="Error"}`:        "_x9 1x40",
					`kube_pod_container_status_restarts_total{namespace="n",pod="long ago",container="c"}`:                            "1x50",
					`kube_pod_container_status_last_terminated_reason{namespace="n",pod="long ago",container="c",reason="OOMKilled"}`: "1x50",
				},
				quiet: []time.Duration{minutes(8)},
				told: []told{{
					at: minutes(15), labels: one, summary: "p ran out of memory",
					description: "The container c of n/p was killed for using more memory than its limit, and began again. Look whether it grows or the limit is too low.",
				}},
				then: minutes(30),
			},
		},
		"ContainerMemoryHigh": {{
			about: "a container nears its limit; one without a limit has none to near",
			given: series{
				`container_memory_working_set_bytes{namespace="n",pod="p",container="c"}`:                   "95x20 10x10",
				`container_memory_working_set_bytes{namespace="n",pod="p",container=""}`:                    "99x30",
				`kube_pod_container_resource_limits{namespace="n",pod="p",container="c",resource="memory"}`: "100x30",
				`kube_pod_container_resource_limits{namespace="n",pod="p",container="c",resource="cpu"}`:    "1x30",
				`container_memory_working_set_bytes{namespace="n",pod="q",container="c"}`:                   "95x30",
			},
			quiet: []time.Duration{minutes(9)},
			told: []told{{
				at: minutes(15), labels: one, summary: "p uses 95% of its memory",
				description: "The container c of n/p uses 95% of its limit; at 100% it is killed.",
			}},
			then: minutes(22),
		}},
		"AutoscalerAtMaximum": {{
			about: "load grows to the last pod; an autoscaler of one pod is always there",
			given: series{
				`kube_horizontalpodautoscaler_status_current_replicas{namespace="n",horizontalpodautoscaler="serve"}`: "3x9 12x30 6x10",
				`kube_horizontalpodautoscaler_spec_max_replicas{namespace="n",horizontalpodautoscaler="serve"}`:       "12x50",
				`kube_horizontalpodautoscaler_status_current_replicas{namespace="n",horizontalpodautoscaler="one"}`:   "1x50",
				`kube_horizontalpodautoscaler_spec_max_replicas{namespace="n",horizontalpodautoscaler="one"}`:         "1x50",
			},
			quiet: []time.Duration{minutes(9), minutes(20)},
			told: []told{{
				at: minutes(30), labels: labels{"namespace": "n", "horizontalpodautoscaler": "serve"}, summary: "serve has reached its 12 pods",
				description: "The autoscaler n/serve has run its 12 pods, the most allowed, for 15 minutes. More load makes answers slow.",
			}},
			then: minutes(45),
		}},
		"DeploymentReplicasMismatch": {
			{
				about: "two pods of five cannot start",
				given: series{
					`kube_deployment_spec_replicas{namespace="n",deployment="d"}`:             "5x50",
					`kube_deployment_status_replicas_available{namespace="n",deployment="d"}`: "5x9 3x30 5x10",
					`kube_deployment_status_replicas_updated{namespace="n",deployment="d"}`:   "5x50",
				},
				quiet: []time.Duration{minutes(9), minutes(20)},
				told: []told{{
					at: minutes(30), labels: labels{"namespace": "n", "deployment": "d"}, summary: "d lacks 2 pods",
					description: "2 pods that n/d wants have not been available for 15 minutes, and no rollout moves on. Look at the events of its pods.",
				}},
				then: minutes(42),
			},
			{
				about: "a rollout that moves on, slowly",
				given: series{
					`kube_deployment_spec_replicas{namespace="n",deployment="d"}`:             "5x50",
					`kube_deployment_status_replicas_available{namespace="n",deployment="d"}`: "4x50",
					`kube_deployment_status_replicas_updated{namespace="n",deployment="d"}`:   "0x8 1x8 2x8 3x8 4x8 5x8",
				},
				quiet: []time.Duration{minutes(20), minutes(40)},
			},
		},
	}
}

func nodeStories() map[string][]story {
	return map[string][]story{
		"NodeNotReady": {{
			about: "a node is lost and replaced",
			given: series{
				`kube_node_status_condition{node="ip-10-0-1-5",condition="Ready",status="true"}`: "1x9 0x20 _x10",
				`kube_node_status_condition{node="ip-10-0-1-6",condition="Ready",status="true"}`: "1x40",
			},
			quiet: []time.Duration{minutes(9), minutes(14)},
			told: []told{{
				at: minutes(20), labels: labels{"node": "ip-10-0-1-5"}, summary: "The node ip-10-0-1-5 is not ready",
				description: "Kubernetes has not heard that ip-10-0-1-5 is well for five minutes and moves its pods. If it does not come back, replace it.",
			}},
			then: minutes(40),
		}},
		"DiskSpaceUsage": {{
			about: "images fill the disk until they are removed; a file system in memory does not count",
			given: series{
				`node_filesystem_avail_bytes{instance="i",device="/dev/nvme0n1p1",fstype="xfs",mountpoint="/"}`: "50x9 15x20 40x10",
				`node_filesystem_size_bytes{instance="i",device="/dev/nvme0n1p1",fstype="xfs",mountpoint="/"}`:  "100x40",
				`node_filesystem_avail_bytes{instance="i",device="tmpfs",fstype="tmpfs",mountpoint="/run"}`:     "1x40",
				`node_filesystem_size_bytes{instance="i",device="tmpfs",fstype="tmpfs",mountpoint="/run"}`:      "100x40",
			},
			quiet: []time.Duration{minutes(9), minutes(18)},
			told: []told{{
				at: minutes(25), labels: labels{"instance": "i", "mountpoint": "/"}, summary: "/ of i is 85% full",
				description: "The file system / of the node i is 85% full. From 85% on Kubernetes removes images, then pods.",
			}},
			then: minutes(35),
		}},
		"MemoryUsageHigh": {{
			about: "a node fills up",
			given: series{
				`node_memory_MemAvailable_bytes{instance="i"}`: "50x9 5x20 40x10",
				`node_memory_MemTotal_bytes{instance="i"}`:     "100x40",
			},
			quiet: []time.Duration{minutes(9), minutes(13)},
			told: []told{{
				at: minutes(20), labels: labels{"instance": "i"}, summary: "i uses 95% of its memory",
				description: "The node i uses 95% of its memory; when none is left pods are evicted. Look which pods use more than they asked for.",
			}},
			then: minutes(35),
		}},
		"VolumeFillingUp": {
			{
				about: "a quarter is free and shrinks by one in a hundred each hour, until the volume grows", step: minutes(5),
				given: series{
					`kubelet_volume_stats_available_bytes{namespace="n",persistentvolumeclaim="data"}`: "30000-83x120 200000x20",
					`kubelet_volume_stats_capacity_bytes{namespace="n",persistentvolumeclaim="data"}`:  "100000x120 300000x20",
				},
				quiet: []time.Duration{0, minutes(30)},
				told: []told{{
					at: 6 * hour, labels: labels{"namespace": "n", "persistentvolumeclaim": "data"}, summary: "The volume data will be full within four days",
					description: "24.02% of n/data is free, and at the speed of the last six hours it is full within four days. Grow it or keep less.",
				}},
				then: 11 * hour,
			},
			{
				about: "a quarter is free, and stays so", step: minutes(5),
				given: series{
					`kubelet_volume_stats_available_bytes{namespace="n",persistentvolumeclaim="data"}`: "25000x120",
					`kubelet_volume_stats_capacity_bytes{namespace="n",persistentvolumeclaim="data"}`:  "100000x120",
				},
				quiet: []time.Duration{8 * hour},
			},
			{
				about: "much is written to a volume that is mostly empty", step: minutes(5),
				given: series{
					`kubelet_volume_stats_available_bytes{namespace="n",persistentvolumeclaim="data"}`: "90000-83x120",
					`kubelet_volume_stats_capacity_bytes{namespace="n",persistentvolumeclaim="data"}`:  "100000x120",
				},
				quiet: []time.Duration{8 * hour},
			},
		},
		"VolumeAlmostFull": {{
			about: "three in a hundred are free until the volume grows",
			given: series{
				`kubelet_volume_stats_available_bytes{namespace="n",persistentvolumeclaim="data"}`: "10x9 3x10 103x10",
				`kubelet_volume_stats_capacity_bytes{namespace="n",persistentvolumeclaim="data"}`:  "100x20 200x10",
			},
			quiet: []time.Duration{minutes(9), minutes(14)},
			told: []told{{
				at: minutes(16), labels: labels{"namespace": "n", "persistentvolumeclaim": "data"}, summary: "3% of the volume data is free",
				description: "3% of n/data is free. What writes to it stops when none is left; grow it now.",
			}},
			then: minutes(23),
		}},
	}
}
