package helm

// The parts of a pod that charts take in the shape of Kubernetes.
type (
	// PodSecurity is the pod's share of the restricted standard.
	PodSecurity struct {
		RunAsNonRoot bool    `pulumi:"runAsNonRoot"`
		RunAsUser    *int    `pulumi:"runAsUser"`
		RunAsGroup   *int    `pulumi:"runAsGroup"`
		FSGroup      *int    `pulumi:"fsGroup"`
		Seccomp      Seccomp `pulumi:"seccompProfile"`
	}
	// ContainerSecurity is the container's share of it.
	ContainerSecurity struct {
		Escalation   bool         `pulumi:"allowPrivilegeEscalation"`
		ReadOnlyRoot bool         `pulumi:"readOnlyRootFilesystem"`
		RunAsNonRoot bool         `pulumi:"runAsNonRoot"`
		Capabilities Capabilities `pulumi:"capabilities"`
		Seccomp      Seccomp      `pulumi:"seccompProfile"`
	}
	// Seccomp is which calls of the kernel are open.
	Seccomp struct {
		Type string `pulumi:"type"`
	}
	// Capabilities are those of root that are taken away.
	Capabilities struct {
		Drop []string `pulumi:"drop"`
	}
	// Resources are what a container is promised and what it may take at most.
	Resources struct {
		Requests Amounts `pulumi:"requests"`
		Limits   Amounts `pulumi:"limits"`
	}
	// Amounts are quantities of Kubernetes.
	Amounts struct {
		CPU    string `pulumi:"cpu"`
		Memory string `pulumi:"memory"`
	}
	// Spread puts replicas apart.
	Spread struct {
		MaxSkew       int      `pulumi:"maxSkew"`
		Key           string   `pulumi:"topologyKey"`
		Unsatisfiable string   `pulumi:"whenUnsatisfiable"`
		Pods          Selector `pulumi:"labelSelector"`
	}
	// Selector picks pods by their labels.
	Selector struct {
		Labels map[string]string `pulumi:"matchLabels"`
	}
)

// RestrictedPod is the restricted standard, whatever a chart's defaults become.
// Its user is the chart's or the image's.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func RestrictedPod() PodSecurity {
	return PodSecurity{RunAsNonRoot: true, Seccomp: Seccomp{"RuntimeDefault"}}
}

// As runs the pod as the user and group, which own its volumes too.
func (p PodSecurity) As(id int) PodSecurity {
	p.RunAsUser, p.RunAsGroup, p.FSGroup = &id, &id, &id
	return p
}

// Restricted is the container's share: it writes to volumes only.
func Restricted() ContainerSecurity {
	return ContainerSecurity{
		Escalation: false, ReadOnlyRoot: true, RunAsNonRoot: true,
		Capabilities: Capabilities{[]string{"ALL"}}, Seccomp: Seccomp{"RuntimeDefault"},
	}
}

// Takes are resources of a container. Bound CPU far above what it needs, for it
// starts slowly otherwise.
func Takes(cpu, memory, mostCPU, mostMemory string) Resources {
	return Resources{Requests: Amounts{cpu, memory}, Limits: Amounts{mostCPU, mostMemory}}
}
