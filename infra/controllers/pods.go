package controllers

import "github.com/script-ohio/platform/infra/helm"

type (
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

// restrictedPod is the restricted standard with a group that owns volumes.
func restrictedPod(group *int) helm.PodSecurity {
	pod := helm.RestrictedPod()
	pod.FSGroup = group
	return pod
}

// spread keeps the replicas of production apart.
func (a Args) spread(p pods) []helm.Spread {
	if !a.Production {
		return nil
	}
	return []helm.Spread{{MaxSkew: 1, Key: "kubernetes.io/hostname", Unsatisfiable: "ScheduleAnyway", Pods: helm.Selector{Labels: p.labels()}}}
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
