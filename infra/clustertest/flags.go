package clustertest

import (
	"fmt"
	"path/filepath"
)

// socket is etcd's only door: a file in a directory that is ours alone.
func socket(dir string) string { return "unix://" + filepath.Join(dir, "etcd.sock") }

func etcdFlags(dir string) []string {
	return []string{
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--listen-client-urls=" + socket(dir),
		"--advertise-client-urls=" + socket(dir),
		// It has no peers, and stops without an address for them.
		"--listen-peer-urls=http://127.0.0.1:0",
		"--unsafe-no-fsync", // a cluster that ends with its test
		"--log-level=warn",
	}
}

func apiServerFlags(dir string, port int, version string) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	flags := []string{
		"--etcd-servers=" + socket(dir),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + in("server.crt"),
		"--tls-private-key-file=" + in("server.key"),
		"--client-ca-file=" + in("ca.crt"),
		"--anonymous-auth=false",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + in("sa.pub"),
		"--service-account-signing-key-file=" + in("sa.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=PodSecurity",
		"--allow-privileged=true",              // or privileged pods are invalid before Pod Security sees them
		"--endpoint-reconciler-type=none",      // endpoints may not be loopback addresses
		"--enable-priority-and-fairness=false", // one user
		"--profiling=false",
	}
	if version != "" {
		flags = append(flags, "--emulated-version=kube="+version)
	}
	return flags
}

func controllerManagerFlags(dir string) []string {
	return []string{
		"--kubeconfig=" + filepath.Join(dir, "kube-controller-manager.kubeconfig"),
		"--secure-port=0", // nobody asks it anything
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + filepath.Join(dir, "sa.key"),
		"--root-ca-file=" + filepath.Join(dir, "ca.crt"),
		"--kube-api-qps=200", "--kube-api-burst=400",
		// Scenarios shorten the windows of an autoscaler; it must look as often.
		"--horizontal-pod-autoscaler-sync-period=1s",
		// Metrics are fed, so that there is no noise of a starting pod to wait out.
		"--horizontal-pod-autoscaler-initial-readiness-delay=0s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=0s",
		// On a machine with other work the heartbeats of nodes are late, and all
		// pods of a node that counts as lost are unready at once.
		"--node-monitor-grace-period=1h",
		"--profiling=false",
	}
}

func schedulerFlags(dir string) []string {
	return []string{
		"--kubeconfig=" + filepath.Join(dir, "kube-scheduler.kubeconfig"),
		"--secure-port=0",
		"--leader-elect=false",
		"--profiling=false",
	}
}

func kwokFlags(dir, stages string) []string {
	return []string{
		"--kubeconfig=" + filepath.Join(dir, "kwok.kubeconfig"),
		"--config=" + stages,
		"--manage-all-nodes=true",
		"--server-address=127.0.0.1:0",
		"--node-ip=10.0.0.1",
		"--cidr=10.244.0.0/16",
	}
}
