package source

// kube-state-metrics, whose names are stable within version 2, scraped with
// honorLabels: namespace, pod, container and
// node are those of the object.
var (
	KubePodInfo                   = gauge("kube_pod_info", "Always 1; the labels say what the pod is and where.", "host_ip", "pod_ip", "created_by_kind", "created_by_name", "priority_class")
	KubePodPhase                  = gauge("kube_pod_status_phase", "1 for the phase a pod is in.", "phase")
	KubePodReady                  = gauge("kube_pod_status_ready", "1 for the condition of readiness a pod is in.", "condition")
	KubePodOwner                  = gauge("kube_pod_owner", "Always 1; the labels say who owns the pod.", "owner_kind", "owner_name", "owner_is_controller")
	KubeContainerRestarts         = counter("kube_pod_container_status_restarts_total", "Restarts of a container.")
	KubeContainerWaiting          = gauge("kube_pod_container_status_waiting_reason", "1 for the reason why a container waits.", "reason")
	KubeContainerLastTerminated   = gauge("kube_pod_container_status_last_terminated_reason", "1 for the reason why a container ended last.", "reason")
	KubeContainerRunning          = gauge("kube_pod_container_status_running", "1 while a container runs.")
	KubeContainerRequests         = gauge("kube_pod_container_resource_requests", "What a container asked for.", "resource", "unit")
	KubeContainerLimits           = gauge("kube_pod_container_resource_limits", "What a container may use.", "resource", "unit")
	KubeDeploymentReplicas        = gauge("kube_deployment_spec_replicas", "Pods that a deployment wants.", "deployment")
	KubeDeploymentAvailable       = gauge("kube_deployment_status_replicas_available", "Pods of a deployment that are available.", "deployment")
	KubeDeploymentUpdated         = gauge("kube_deployment_status_replicas_updated", "Pods of a deployment in its newest version.", "deployment")
	KubeDeploymentUnavailable     = gauge("kube_deployment_status_replicas_unavailable", "Pods of a deployment that are not available.", "deployment")
	KubeStatefulSetReplicas       = gauge("kube_statefulset_replicas", "Pods that a stateful set wants.", "statefulset")
	KubeStatefulSetReady          = gauge("kube_statefulset_status_replicas_ready", "Pods of a stateful set that are ready.", "statefulset")
	KubeDaemonSetDesired          = gauge("kube_daemonset_status_desired_number_scheduled", "Nodes that should run a daemon set.", "daemonset")
	KubeDaemonSetReady            = gauge("kube_daemonset_status_number_ready", "Nodes where a daemon set is ready.", "daemonset")
	KubeHPACurrent                = gauge("kube_horizontalpodautoscaler_status_current_replicas", "Pods that an autoscaler counts.", "horizontalpodautoscaler")
	KubeHPADesired                = gauge("kube_horizontalpodautoscaler_status_desired_replicas", "Pods that an autoscaler wants.", "horizontalpodautoscaler")
	KubeHPAMax                    = gauge("kube_horizontalpodautoscaler_spec_max_replicas", "Pods that an autoscaler may ask for.", "horizontalpodautoscaler")
	KubeHPAMin                    = gauge("kube_horizontalpodautoscaler_spec_min_replicas", "Pods that an autoscaler always keeps.", "horizontalpodautoscaler")
	KubePDBHealthy                = gauge("kube_poddisruptionbudget_status_current_healthy", "Healthy pods of a disruption budget.", "poddisruptionbudget")
	KubePDBDesired                = gauge("kube_poddisruptionbudget_status_desired_healthy", "Healthy pods that a disruption budget demands.", "poddisruptionbudget")
	KubeJobFailed                 = gauge("kube_job_status_failed", "Pods of a job that failed.", "job_name", "reason")
	KubeNodeInfo                  = gauge("kube_node_info", "Always 1; the labels say what the node runs.", "kernel_version", "os_image", "kubelet_version", "provider_id")
	KubeNodeCondition             = gauge("kube_node_status_condition", "1 for the state of a node's condition.", "condition", "status")
	KubeNodeAllocatable           = gauge("kube_node_status_allocatable", "What pods may use of a node.", "resource", "unit")
	KubeNodeUnschedulable         = gauge("kube_node_spec_unschedulable", "1 while a node takes no pods.")
	KubeNamespacePhase            = gauge("kube_namespace_status_phase", "1 for the phase a namespace is in.", "phase")
	KubeVolumeClaimInfo           = gauge("kube_persistentvolumeclaim_info", "Always 1; the labels say what the claim is bound to.", "persistentvolumeclaim", "storageclass", "volumename")
	KubeVolumeClaimPhase          = gauge("kube_persistentvolumeclaim_status_phase", "1 for the phase a claim is in.", "persistentvolumeclaim", "phase")
	KubeResourceQuota             = gauge("kube_resourcequota", "Used and hard limits of a quota.", "resourcequota", "resource", "type")
	KubeContainerTerminatedReason = gauge("kube_pod_container_status_terminated_reason", "1 for the reason why a container has ended.", "reason")
)

func kubeStateMetrics() Exporter {
	return Exporter{Name: "kube-state-metrics", Version: "2", Jobs: []string{JobKubeStateMetrics}, Metrics: all(
		KubePodInfo, KubePodPhase, KubePodReady, KubePodOwner,
		KubeContainerRestarts, KubeContainerWaiting, KubeContainerLastTerminated, KubeContainerRunning, KubeContainerRequests, KubeContainerLimits,
		KubeDeploymentReplicas, KubeDeploymentAvailable, KubeDeploymentUpdated, KubeDeploymentUnavailable,
		KubeStatefulSetReplicas, KubeStatefulSetReady, KubeDaemonSetDesired, KubeDaemonSetReady,
		KubeHPACurrent, KubeHPADesired, KubeHPAMax, KubeHPAMin, KubePDBHealthy, KubePDBDesired, KubeJobFailed,
		KubeNodeInfo, KubeNodeCondition, KubeNodeAllocatable, KubeNodeUnschedulable, KubeNamespacePhase,
		KubeVolumeClaimInfo, KubeVolumeClaimPhase, KubeResourceQuota, KubeContainerTerminatedReason,
	)}
}

// The kubelet's own metrics.
var (
	VolumeAvailable  = gauge("kubelet_volume_stats_available_bytes", "Bytes free on a volume.", "persistentvolumeclaim")
	VolumeCapacity   = gauge("kubelet_volume_stats_capacity_bytes", "Bytes that a volume holds.", "persistentvolumeclaim")
	VolumeUsed       = gauge("kubelet_volume_stats_used_bytes", "Bytes used on a volume.", "persistentvolumeclaim")
	VolumeInodesFree = gauge("kubelet_volume_stats_inodes_free", "Inodes free on a volume.", "persistentvolumeclaim")
	KubeletPods      = gauge("kubelet_running_pods", "Pods that a kubelet runs.")
)

func kubelet() Exporter {
	return Exporter{Name: "kubelet", Version: "1.36", Jobs: []string{JobKubelet},
		Metrics: all(VolumeAvailable, VolumeCapacity, VolumeUsed, VolumeInodesFree, KubeletPods)}
}

// cAdvisor inside the kubelet. Sums over containers leave out container="",
// the pod's own total.
var (
	ContainerCPU              = counter("container_cpu_usage_seconds_total", "Processor seconds used.", "cpu", "id", "image", "name")
	ContainerThrottled        = counter("container_cpu_cfs_throttled_periods_total", "Periods in which a container was held back.", "id", "image", "name")
	ContainerPeriods          = counter("container_cpu_cfs_periods_total", "Periods in which a container could run.", "id", "image", "name")
	ContainerMemoryWorkingSet = gauge("container_memory_working_set_bytes", "Bytes that count towards the limit.", "id", "image", "name")
	ContainerMemoryRSS        = gauge("container_memory_rss", "Bytes of anonymous memory.", "id", "image", "name")
	ContainerNetworkReceived  = counter("container_network_receive_bytes_total", "Bytes received, by interface.", "interface", "id", "image", "name")
	ContainerNetworkSent      = counter("container_network_transmit_bytes_total", "Bytes sent, by interface.", "interface", "id", "image", "name")
	ContainerDiskReads        = counter("container_fs_reads_bytes_total", "Bytes read from disk.", "device", "id", "image", "name")
	ContainerDiskWrites       = counter("container_fs_writes_bytes_total", "Bytes written to disk.", "device", "id", "image", "name")
	ContainerOOMs             = counter("container_oom_events_total", "Times that a container ran out of memory.", "id", "image", "name")
)

func cadvisor() Exporter {
	return Exporter{Name: "cAdvisor", Version: "kubelet 1.36", Jobs: []string{JobKubelet}, Metrics: all(
		ContainerCPU, ContainerThrottled, ContainerPeriods, ContainerMemoryWorkingSet, ContainerMemoryRSS,
		ContainerNetworkReceived, ContainerNetworkSent, ContainerDiskReads, ContainerDiskWrites, ContainerOOMs,
	)}
}

// node_exporter. The scrape adds no node label: instance names the node.
var (
	NodeCPU             = counter("node_cpu_seconds_total", "Processor seconds, by mode.", "cpu", "mode")
	NodeLoad5           = gauge("node_load5", "Load average of five minutes.")
	NodeMemoryTotal     = gauge("node_memory_MemTotal_bytes", "Bytes of memory.")
	NodeMemoryAvailable = gauge("node_memory_MemAvailable_bytes", "Bytes of memory that programs can get.")
	NodeDiskSize        = gauge("node_filesystem_size_bytes", "Bytes that a file system holds.", "device", "fstype", "mountpoint")
	NodeDiskAvailable   = gauge("node_filesystem_avail_bytes", "Bytes that users can still write.", "device", "fstype", "mountpoint")
	NodeDiskReadOnly    = gauge("node_filesystem_readonly", "1 while a file system is read-only.", "device", "fstype", "mountpoint")
	NodeNetworkReceived = counter("node_network_receive_bytes_total", "Bytes received, by device.", "device")
	NodeNetworkSent     = counter("node_network_transmit_bytes_total", "Bytes sent, by device.", "device")
	NodeDiskBusy        = counter("node_disk_io_time_seconds_total", "Seconds that a disk was busy.", "device")
	NodeName            = gauge("node_uname_info", "Always 1; the labels say what the node runs.", "nodename", "release")
	NodeClockOffset     = gauge("node_timex_offset_seconds", "Seconds that the clock is off.")
	NodeClockSync       = gauge("node_timex_sync_status", "1 while the clock follows a time server.")
)

func nodeExporter() Exporter {
	return Exporter{Name: "node_exporter", Version: "1.12.1", Jobs: []string{JobNodeExporter}, Metrics: all(
		NodeCPU, NodeLoad5, NodeMemoryTotal, NodeMemoryAvailable, NodeDiskSize, NodeDiskAvailable, NodeDiskReadOnly,
		NodeNetworkReceived, NodeNetworkSent, NodeDiskBusy, NodeName, NodeClockOffset, NodeClockSync,
	)}
}
