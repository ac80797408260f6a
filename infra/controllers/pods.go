package controllers

// The parts of a pod that every chart takes in the shape of Kubernetes.
type (
	// podSecurity is the pod's share of the restricted standard.
	podSecurity struct {
		RunAsNonRoot bool    `pulumi:"runAsNonRoot"`
		FSGroup      *int    `pulumi:"fsGroup"`
		Seccomp      seccomp `pulumi:"seccompProfile"`
	}
	// containerSecurity is the container's share of it.
	containerSecurity struct {
		Escalation   bool         `pulumi:"allowPrivilegeEscalation"`
		ReadOnlyRoot bool         `pulumi:"readOnlyRootFilesystem"`
		RunAsNonRoot bool         `pulumi:"runAsNonRoot"`
		Capabilities capabilities `pulumi:"capabilities"`
		Seccomp      seccomp      `pulumi:"seccompProfile"`
	}
	seccomp struct {
		Type string `pulumi:"type"`
	}
	capabilities struct {
		Drop []string `pulumi:"drop"`
	}
	// resources are what a container is promised and what it may take at most.
	resources struct {
		Requests amounts `pulumi:"requests"`
		Limits   amounts `pulumi:"limits"`
	}
	amounts struct {
		CPU    string `pulumi:"cpu"`
		Memory string `pulumi:"memory"`
	}
	// spread puts replicas on different nodes where it can.
	spread struct {
		MaxSkew       int      `pulumi:"maxSkew"`
		Key           string   `pulumi:"topologyKey"`
		Unsatisfiable string   `pulumi:"whenUnsatisfiable"`
		Pods          selector `pulumi:"labelSelector"`
	}
	selector struct {
		Labels map[string]string `pulumi:"matchLabels"`
	}
	// budget is how many pods stay when nodes are drained.
	budget struct {
		Enabled      bool `pulumi:"enabled"`
		MinAvailable int  `pulumi:"minAvailable"`
	}
	// variable is an environment variable.
	variable struct {
		Name  string `pulumi:"name"`
		Value string `pulumi:"value"`
	}
)

// restrictedPod and restricted are the restricted standard, whatever a chart's
// defaults become.
func restrictedPod(group *int) podSecurity {
	return podSecurity{RunAsNonRoot: true, FSGroup: group, Seccomp: seccomp{"RuntimeDefault"}}
}

func restricted() containerSecurity {
	return containerSecurity{
		Escalation: false, ReadOnlyRoot: true, RunAsNonRoot: true,
		Capabilities: capabilities{[]string{"ALL"}}, Seccomp: seccomp{"RuntimeDefault"},
	}
}

// takes are resources of a container. CPU is bounded far above what it needs,
// for it starts slowly otherwise.
func takes(cpu, memory, mostCPU, mostMemory string) resources {
	return resources{Requests: amounts{cpu, memory}, Limits: amounts{mostCPU, mostMemory}}
}

// spread keeps the replicas of production apart.
func (a Args) spread(p pods) []spread {
	if !a.Production {
		return nil
	}
	return []spread{{1, "kubernetes.io/hostname", "ScheduleAnyway", selector{p.labels()}}}
}

// budget keeps one of two replicas; for one alone it would stop every drain.
func (a Args) budget() *budget {
	if !a.Production {
		return nil
	}
	return &budget{Enabled: true, MinAvailable: 1}
}

// region tells an AWS SDK where it is, for pods cannot ask the instance.
func (a Args) region() []variable { return []variable{{"AWS_REGION", a.Region}} }
