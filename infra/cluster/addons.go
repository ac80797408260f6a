package cluster

import (
	"encoding/json"
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Addon is an EKS add-on at one version.
type Addon struct {
	Name    string
	Version string
	stage   stage
	config  any // as its schema wants it; nil is the default
}

type stage int

// Nodes are ready once their network is; what runs on nodes comes after.
const (
	beforeNodes stage = iota
	afterNodes
)

// networkConfig turns on NetworkPolicy and gives nodes addresses in /28
// blocks, so that a small node can run more pods than it has addresses.
// https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
type networkConfig struct {
	EnableNetworkPolicy string `json:"enableNetworkPolicy"`
	Env                 struct {
		PrefixDelegation string `json:"ENABLE_PREFIX_DELEGATION"`
		WarmPrefixes     string `json:"WARM_PREFIX_TARGET"`
	} `json:"env"`
}

func network() networkConfig {
	c := networkConfig{EnableNetworkPolicy: "true"}
	c.Env.PrefixDelegation, c.Env.WarmPrefixes = "true", "1"
	return c
}

// versions are the add-on builds of one Kubernetes minor, read on 2026-11-23
// from published records of clusters that run them. To move on, ask
// `aws eks describe-addon-versions --kubernetes-version 1.36`.
type versions struct{ network, identity, dns, proxy, volumes, metrics string }

func pinned(kubernetes string) (versions, bool) {
	v, ok := map[string]versions{
		"1.35": {network: "v1.21.1-eksbuild.8", identity: "v1.3.10-eksbuild.3", dns: "v1.14.2-eksbuild.4",
			proxy: "v1.35.3-eksbuild.5", volumes: "v1.59.0-eksbuild.1", metrics: "v0.8.1-eksbuild.6"},
		"1.36": {network: "v1.22.4-eksbuild.3", identity: "v1.3.10-eksbuild.3", dns: "v1.14.3-eksbuild.16",
			proxy: "v1.36.0-eksbuild.21", volumes: "v1.63.1-eksbuild.1", metrics: "v0.8.1-eksbuild.10"},
	}[kubernetes]
	return v, ok
}

// Addons lists the add-ons for a Kubernetes minor in the order of their
// installation.
func Addons(kubernetes string) ([]Addon, error) {
	v, ok := pinned(kubernetes)
	if !ok {
		return nil, fmt.Errorf("no add-on versions are pinned for Kubernetes %s: add them to infra/cluster/addons.go", kubernetes)
	}
	return []Addon{
		{"eks-pod-identity-agent", v.identity, beforeNodes, nil},
		{"vpc-cni", v.network, beforeNodes, network()},
		{"kube-proxy", v.proxy, afterNodes, nil},
		{"coredns", v.dns, afterNodes, nil},
		{"aws-ebs-csi-driver", v.volumes, afterNodes, nil},
		{"metrics-server", v.metrics, afterNodes, nil},
	}, nil
}

// addons installs those of a stage after the given resource. EKS installs
// network, proxy and DNS by itself, unpinned: OVERWRITE takes them over. The
// two that call AWS get their role with the installation, for without it they
// never become active.
func (b builder) addons(all []Addon, at stage, r roles, after pulumi.Resource) ([]pulumi.Resource, error) {
	var installed []pulumi.Resource
	for _, a := range all {
		if a.stage != at {
			continue
		}
		args := &awseks.AddonArgs{
			ClusterName:              pulumi.String(b.cluster.Name),
			AddonName:                pulumi.String(a.Name),
			AddonVersion:             pulumi.String(a.Version),
			ResolveConflictsOnCreate: pulumi.String("OVERWRITE"),
			ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
		}
		if a.config != nil {
			text, err := json.Marshal(a.config)
			if err != nil {
				return nil, err
			}
			args.ConfigurationValues = pulumi.String(string(text))
		}
		needs := []pulumi.Resource{after}
		switch a.Name {
		case "vpc-cni":
			args.PodIdentityAssociations = identity(r.network.Arn, networkAccount)
			needs = append(append(needs, r.networkReady), installed...) // the agent hands it the role
		case "aws-ebs-csi-driver":
			args.PodIdentityAssociations = identity(r.volumes.Arn, volumeAccount)
			needs = append(needs, r.volumesReady)
		}
		addon, err := awseks.NewAddon(b.ctx, b.args.Name("cluster", a.Name), args, b.parent, pulumi.DependsOn(needs))
		if err != nil {
			return nil, err
		}
		installed = append(installed, addon)
	}
	return installed, nil
}

func identity(role pulumi.StringInput, serviceAccount string) awseks.AddonPodIdentityAssociationArray {
	return awseks.AddonPodIdentityAssociationArray{
		awseks.AddonPodIdentityAssociationArgs{RoleArn: role, ServiceAccount: pulumi.String(serviceAccount)},
	}
}
