package controllers

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const (
	nodesName       = "karpenter"
	nodesRepository = "oci://public.ecr.aws/karpenter"
	nodesVersion    = "1.14.1"
)

// nodesValues are the values of the chart that we set. It has the restricted
// standard in its templates, keeps off the nodes that it makes, and bounds
// disruptions by itself.
// https://github.com/aws/karpenter-provider-aws/blob/v1.14.1/charts/karpenter/values.yaml
type nodesValues struct {
	Settings   settings       `pulumi:"settings"`
	Account    account        `pulumi:"serviceAccount"`
	Replicas   int            `pulumi:"replicas"`
	Controller nodeController `pulumi:"controller"`
}

type (
	settings struct {
		Cluster pulumi.StringInput `pulumi:"clusterName"`
		Queue   pulumi.StringInput `pulumi:"interruptionQueue"`
	}
	nodeController struct {
		Resources helm.Resources `pulumi:"resources"`
	}
)

// nodes installs Karpenter, its definitions by a chart of their own, which
// unlike the folder of the chart is upgraded. Two replicas want two nodes of
// the node group.
func (c *controllers) nodes() (*helm.Resource, error) {
	k := c.Karpenter
	in, err := c.place(k.Account, pods{release: nodesName, name: nodesName, outside: true, metrics: 8080})
	if err != nil {
		return nil, err
	}
	definitions, err := install(c, helm.Chart{Repository: nodesRepository, Name: nodesName + "-crd", Version: nodesVersion}, in, struct{}{})
	if err != nil {
		return nil, err
	}
	release := helm.Install(helm.Chart{Repository: nodesRepository, Name: nodesName, Version: nodesVersion}, in.namespace, nodesValues{
		Settings: settings{Cluster: c.ClusterName, Queue: k.Queue}, Account: k.Account.values(), Replicas: c.replicas(),
		Controller: nodeController{helm.Takes("250m", "512Mi", "1", "1Gi")},
	})
	release.SkipCRDs = true
	return helm.New(c.ctx, c.Name(nodesName), release, c.child, pulumi.DependsOn(append(in.ready, definitions)))
}
