package cluster

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// Service accounts that EKS add-ons create for themselves.
const (
	systemNamespace   = "kube-system"
	networkAccount    = "aws-node"
	volumeAccount     = "ebs-csi-controller-sa"
	volumeClusterTag  = "ebs.csi.aws.com/cluster" // the driver's mark on what it made
	clusterTagPrefix  = "kubernetes.io/cluster/"
	managedPolicyRoot = "arn:aws:iam::aws:policy/"
)

// roles are what the cluster's own parts may do in AWS.
type roles struct {
	control, node, network, volumes *iam.Role
	// Ready roles have their policies.
	controlReady, nodeReady, networkReady, volumesReady pulumi.Resource
}

// roles makes the roles. Nodes have only what the kubelet needs: it describes
// its instance, pulls images and hands pods their identities; networking and
// volumes are the business of two add-ons with roles of their own.
// https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
func (b builder) roles() (roles, error) {
	account := b.args.Account
	pods := func(serviceAccount string) iamdoc.Document {
		return iamdoc.TrustPods(b.cluster.ARN, account, systemNamespace, serviceAccount)
	}
	var r roles
	var err error
	if r.control, r.controlReady, err = b.role("control", iamdoc.TrustService("eks.amazonaws.com", account), "AmazonEKSClusterPolicy"); err != nil {
		return r, err
	}
	// EKS wraps Kubernetes secrets as the cluster role.
	// https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
	if r.controlReady, err = iam.NewRolePolicy(b.ctx, b.args.Name("cluster", "control"), &iam.RolePolicyArgs{
		Role: r.control.Name,
		Policy: iamdoc.Output(iamdoc.Identity, func(known []string) iamdoc.Document {
			return iamdoc.New(iamdoc.Allow("kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants").Named("WrapSecrets").On(known[0]))
		}, b.args.Keys.Cluster),
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{r.controlReady})); err != nil {
		return r, err
	}
	if r.node, r.nodeReady, err = b.role("node", iamdoc.TrustServiceOfAnyAccount("ec2.amazonaws.com"),
		"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"); err != nil {
		return r, err
	}
	if r.network, r.networkReady, err = b.role("vpc-cni", pods(networkAccount), "AmazonEKS_CNI_Policy"); err != nil {
		return r, err
	}
	if r.volumes, _, err = b.role("ebs-csi", pods(volumeAccount)); err != nil {
		return r, err
	}
	r.volumesReady, err = iam.NewRolePolicy(b.ctx, b.args.Name("cluster", "ebs-csi"), &iam.RolePolicyArgs{
		Role: r.volumes.Name,
		Policy: iamdoc.Output(iamdoc.Identity, func(known []string) iamdoc.Document {
			return volumePolicy(b.args.Region, account, b.cluster.Name, known[0])
		}, b.args.Keys.Cluster),
	}, b.parent)
	return r, err
}

// role makes a role with managed policies and returns the last attachment.
func (b builder) role(part string, trust iamdoc.Document, managed ...string) (*iam.Role, pulumi.Resource, error) {
	text, err := trust.Text(iamdoc.Trust)
	if err != nil {
		return nil, nil, err
	}
	name := b.args.Name("cluster", part)
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(text)}, b.parent)
	if err != nil {
		return nil, nil, err
	}
	var ready pulumi.Resource = role
	for _, policy := range managed {
		ready, err = iam.NewRolePolicyAttachment(b.ctx, b.args.Name("cluster", part, policy), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(managedPolicyRoot + policy),
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{ready}))
		if err != nil {
			return nil, nil, err
		}
	}
	return role, ready, nil
}

// volumePolicy lets the EBS driver make volumes and snapshots and touch only
// those that it marked, on this cluster's nodes only.
// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md
func volumePolicy(region, account, cluster, key string) iamdoc.Document {
	ec2 := func(resource string) string {
		return iamdoc.ARN{Service: "ec2", Region: region, Account: account, Resource: resource}.String()
	}
	// Snapshots have no account in their ARN.
	snapshots := iamdoc.ARN{Service: "ec2", Region: region, Resource: "snapshot/*"}.String()
	marked := iamdoc.Equals("aws:ResourceTag/"+volumeClusterTag, "true")
	marking := iamdoc.Equals("aws:RequestTag/"+volumeClusterTag, "true")
	return iamdoc.New(
		iamdoc.Allow("ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeSnapshots", "ec2:DescribeTags",
			"ec2:DescribeVolumes", "ec2:DescribeVolumesModifications", "ec2:DescribeVolumeStatus").Named("Look").On("*"),
		iamdoc.Allow("ec2:CreateVolume", "ec2:CreateSnapshot").Named("CreateMarked").On(ec2("volume/*"), snapshots).When(marking),
		iamdoc.Allow("ec2:CreateVolume").Named("RestoreMarked").On(snapshots).When(marked),
		iamdoc.Allow("ec2:AttachVolume", "ec2:DetachVolume", "ec2:ModifyVolume", "ec2:DeleteVolume", "ec2:CreateSnapshot").
			Named("UseMarkedVolumes").On(ec2("volume/*")).When(marked),
		iamdoc.Allow("ec2:DeleteSnapshot", "ec2:LockSnapshot").Named("UseMarkedSnapshots").On(snapshots).When(marked),
		iamdoc.Allow("ec2:AttachVolume", "ec2:DetachVolume").Named("UseOwnNodes").On(ec2("instance/*")).
			When(iamdoc.Equals("aws:ResourceTag/"+clusterTagPrefix+cluster, "owned")),
		iamdoc.Allow("ec2:CreateTags").Named("TagNew").On(ec2("volume/*"), snapshots).
			When(iamdoc.Equals("ec2:CreateAction", "CreateVolume", "CreateSnapshot")),
		iamdoc.Allow("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo").
			Named("UseKey").On(key),
		iamdoc.Allow("kms:CreateGrant").Named("LendKey").On(key).When(iamdoc.IsTrue("kms:GrantIsForAWSResource")),
	)
}
