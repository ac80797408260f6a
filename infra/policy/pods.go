package policy

import (
	"strings"
)

// pods: what runs may do no more than it was written for, and takes no more
// than it was given.
func pods() []Rule {
	return []Rule{
		{
			Name:      "pod-hardened",
			Reason:    "whoever takes over a process takes over what it may do: as root, with capabilities or on the node's own files that is the node",
			Reference: "Kubernetes, Pod Security Standards, restricted: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted (CIS EKS 4.2.1 to 4.2.5)",
			check: func(i *inspection) {
				for _, p := range i.pods() {
					i.hardened(p)
				}
				for _, r := range i.OfType(nodeVolumeType) {
					i.hold(r, must{"spec.hostPath", off, "whoever claims it has files of the node: take a storage class"})
				}
			},
		},
		{
			Name:      "pod-resources",
			Reason:    "a container without limits takes the node's memory from all others; without requests it lands where there is no room",
			Reference: "NSA and CISA, Kubernetes Hardening Guide 1.2, Resource policies: https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
			check:     resources,
		},
		{
			Name:      "pod-probes",
			Reason:    "without probes callers reach pods that are not ready, and a process that hangs hangs for ever",
			Reference: "Kubernetes, Probes: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
			check:     probes,
		},
	}
}

// hardened wants a pod whose every container keeps to the restricted standard,
// and writes to volumes only.
func (i *inspection) hardened(p pod) {
	i.hold(p.Resource,
		must{p.at("hostNetwork"), off, "it is in the node's network, with the instance's metadata and past every network policy: leave out hostNetwork"},
		must{p.at("hostPID"), off, "it sees and stops the node's processes: leave out hostPID"},
		must{p.at("hostIPC"), off, "it shares the node's memory: leave out hostIPC"},
		must{p.at("volumes.*.hostPath"), none, "it has files of the node: use an emptyDir or a claim"},
	)
	for _, c := range p.containers() {
		security := func(field string) string { return c.at("securityContext." + field) }
		i.hold(p.Resource,
			must{security("privileged"), off, "it may do all that the node may: leave out privileged"},
			must{security("allowPrivilegeEscalation"), exactly(false), "a setuid program makes it root: set allowPrivilegeEscalation to false"},
			must{security("readOnlyRootFilesystem"), exactly(true), "programs can be put into it: set readOnlyRootFilesystem to true and mount an emptyDir where it writes"},
			must{security("capabilities.drop"), hasAll, "it keeps capabilities of root: drop ALL"},
			must{security("capabilities.add"), none, "it gets capabilities of root: add none"},
			must{security("procMount"), unmasked, "it sees the kernel's own files: leave out procMount"},
			must{c.at("ports.*.hostPort"), none, "it is reached on the node's address, past every network policy: leave out hostPort"},
			must{p.effective(c, "runAsNonRoot"), exactly(true), "it may run as root: set runAsNonRoot to true"},
			must{p.effective(c, "runAsUser"), nobody, "it runs as root: name another user, or none"},
			must{p.effective(c, "seccompProfile.type"), exactly("RuntimeDefault"), "every call of the kernel is open to it: set seccompProfile to RuntimeDefault"},
		)
	}
}

// effective is the path of what holds for the container: its own setting, or
// the pod's where it has none.
func (p pod) effective(c container, field string) string {
	own, pods := c.at("securityContext."+field), p.at("securityContext."+field)
	if p.Inputs.At(own) == nil && p.Inputs.At(pods) != nil {
		return pods
	}
	return own
}

func hasAll(v any) bool {
	drop, _ := v.([]any)
	for _, capability := range drop {
		if capability == "ALL" {
			return true
		}
	}
	return false
}

func unmasked(v any) bool { return v == nil || v == "Default" }

func nobody(v any) bool {
	user, is := v.(float64)
	return v == nil || is && user > 0
}

func resources(i *inspection) {
	for _, p := range i.pods() {
		for _, c := range p.containers() {
			if c.late {
				continue // the API takes none
			}
			i.hold(p.Resource,
				must{c.at("resources.requests.cpu"), amount, "no CPU is kept for it: set requests.cpu"},
				must{c.at("resources.requests.memory"), amount, "no memory is kept for it: set requests.memory"},
				must{c.at("resources.limits.cpu"), amount, "it may take all CPU of the node: set limits.cpu"},
				must{c.at("resources.limits.memory"), amount, "it may take all memory of the node: set limits.memory"},
			)
		}
	}
}

// amount is a quantity of Kubernetes but 0, which as a limit is none.
func amount(v any) bool {
	if number, is := v.(float64); is {
		return number > 0
	}
	text, _ := v.(string)
	return !strings.HasPrefix(text, "-") && strings.ContainsAny(text, "123456789")
}

// probes wants all three of what goes on running. What runs to an end tells by
// its exit.
func probes(i *inspection) {
	for _, p := range i.pods() {
		for _, c := range p.containers() {
			if p.ends() || !c.main {
				continue
			}
			i.hold(p.Resource,
				must{c.at("startupProbe"), asks, "a slow start looks like a hang: set a startupProbe"},
				must{c.at("livenessProbe"), asks, "nothing restarts it where it hangs: set a livenessProbe"},
				must{c.at("readinessProbe"), asks, "callers reach it before it is ready: set a readinessProbe"},
			)
		}
	}
}

// asks reports whether it is a probe that asks something.
func asks(v any) bool {
	probe, _ := v.(map[string]any)
	for _, way := range []string{"httpGet", "grpc", "tcpSocket", "exec"} {
		if probe[way] != nil {
			return true
		}
	}
	return false
}
