package plan

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// GeneratedSecret begins every secret that a recorded provider makes up, so
// that a rule can find one that leaked into a plain value.
const GeneratedSecret = "generated-secret-"

// Answer makes up the id and the outputs that a provider would return: the
// inputs, an id and an ARN that read like the real ones, and what the table
// adds for the type. They are the same in every run.
func Answer(stack Stack, r *Resource) (string, resource.PropertyMap) {
	id := identify(stack, r)
	outputs := r.Inputs.Map.Copy()
	set := func(key string, value any) {
		if _, given := outputs[resource.PropertyKey(key)]; !given {
			outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
	}
	if r.Package() == "aws" && !r.isProvider() {
		set("arn", arn(stack, r, id))
	}
	for key, value := range computed(stack, r, id) {
		set(key, value)
	}
	for _, key := range r.SecretOutputs {
		if value, has := outputs[resource.PropertyKey(key)]; has && !value.ContainsSecrets() {
			outputs[resource.PropertyKey(key)] = resource.MakeSecret(value)
		}
	}
	return id, outputs
}

// computed is what types return beyond their inputs, id and ARN. Add to it
// what the program reads; everything else reads as empty.
func computed(stack Stack, r *Resource, id string) map[string]any {
	host := func(service string) string {
		return strings.Join([]string{id, "example", stack.Region, service, "amazonaws.com"}, ".")
	}
	switch r.Type {
	case "aws:ec2/vpc:Vpc":
		return map[string]any{"defaultSecurityGroupId": "sg-default-" + r.Name, "defaultNetworkAclId": "acl-default-" + r.Name,
			"defaultRouteTableId": "rtb-default-" + r.Name, "mainRouteTableId": "rtb-default-" + r.Name}
	case "aws:ec2/eip:Eip":
		return map[string]any{"allocationId": id, "publicIp": "203.0.113.10"}
	case "aws:ec2/launchTemplate:LaunchTemplate":
		return map[string]any{"latestVersion": 1.0, "defaultVersion": 1.0}
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		return map[string]any{"prefixListId": "pl-" + r.Name}
	case "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey":
		return map[string]any{"keyId": id}
	case "aws:kms/alias:Alias":
		return map[string]any{"targetKeyArn": arnOf(stack, "kms", "key/"+r.Inputs.Text("targetKeyId"))}
	case "aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket":
		return map[string]any{"bucket": id, "bucketDomainName": id + ".s3.amazonaws.com",
			"bucketRegionalDomainName": id + ".s3." + stack.Region + ".amazonaws.com", "region": stack.Region}
	case "aws:rds/instance:Instance":
		return map[string]any{"address": host("rds"), "endpoint": host("rds") + ":5432", "port": 5432.0,
			"resourceId": "db-" + id, "engineVersionActual": r.Inputs.Text("engineVersion")}
	case "aws:elasticache/replicationGroup:ReplicationGroup":
		return map[string]any{"primaryEndpointAddress": "primary." + host("cache"), "readerEndpointAddress": "reader." + host("cache")}
	case "aws:acm/certificate:Certificate":
		domain := r.Inputs.Text("domainName")
		return map[string]any{"domainValidationOptions": []any{map[string]any{
			"domainName": domain, "resourceRecordName": "_validation." + domain, "resourceRecordType": "CNAME", "resourceRecordValue": "_validation.acm-validations.aws",
		}}}
	case "aws:route53/record:Record":
		return map[string]any{"fqdn": r.Inputs.Text("name")}
	case "aws:iam/role:Role", "aws:iam/user:User":
		return map[string]any{"uniqueId": "AROA-" + id, "name": id}
	case "aws:secretsmanager/secretVersion:SecretVersion":
		return map[string]any{"versionId": "version-" + r.Name}
	case "random:index/randomPassword:RandomPassword":
		return map[string]any{"result": GeneratedSecret + r.Name, "bcryptHash": GeneratedSecret + r.Name}
	case "random:index/randomId:RandomId":
		return map[string]any{"hex": "0123456789abcdef"}
	case "eks:index:Cluster":
		// Its children (eksCluster, security groups) are resources that only
		// its provider registers: read the cluster by its name instead.
		kubeconfig := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","clusters":[{"name":%q}]}`, r.Inputs.Text("name"))
		return map[string]any{
			"kubeconfigJson": resource.MakeSecret(resource.NewProperty(kubeconfig)),
			"kubeconfig":     resource.MakeSecret(resource.NewPropertyValue(map[string]any{"apiVersion": "v1", "kind": "Config"})),
		}
	}
	return nil
}

// identify is the physical id: the physical name where AWS uses it as such,
// else the prefix of the type and the logical name.
func identify(stack Stack, r *Resource) string {
	prefix := map[string]string{
		"aws:ec2/vpc:Vpc": "vpc-", "aws:ec2/subnet:Subnet": "subnet-", "aws:ec2/securityGroup:SecurityGroup": "sg-",
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg-", "aws:ec2/routeTable:RouteTable": "rtb-",
		"aws:ec2/internetGateway:InternetGateway": "igw-", "aws:ec2/natGateway:NatGateway": "nat-", "aws:ec2/eip:Eip": "eipalloc-",
		"aws:ec2/vpnGateway:VpnGateway": "vgw-", "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-",
		"aws:ec2/launchTemplate:LaunchTemplate": "lt-", "aws:ec2/flowLog:FlowLog": "fl-",
	}[r.Type]
	if prefix != "" {
		return prefix + r.Name
	}
	switch r.Type {
	case "aws:sns/topic:Topic", "aws:secretsmanager/secret:Secret", "aws:acm/certificate:Certificate", "aws:iam/policy:Policy",
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws:wafv2/webAcl:WebAcl", "aws:wafv2/ipSet:IpSet":
		return arn(stack, r, physical(r)) // their id is their ARN
	}
	return physical(r)
}

// physical is the name that the program gave in AWS, else the logical one.
func physical(r *Resource) string {
	for _, key := range []string{"bucket", "identifier", "replicationGroupId", "clusterName", "name"} {
		if name := r.Inputs.Text(key); name != "" && name != Masked {
			return name
		}
	}
	return r.Name
}

// arn is the ARN of a resource of AWS: of the types that policies and other
// resources refer to as AWS writes it, of the others alike.
func arn(stack Stack, r *Resource, id string) string {
	_, rest, _ := strings.Cut(r.Type, ":")
	module, kind, _ := strings.Cut(rest, "/")
	kind, _, _ = strings.Cut(kind, ":")
	switch r.Type {
	case "aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket":
		return "arn:aws:s3:::" + id
	case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
		return globalARN(stack, "oidc-provider/"+strings.TrimPrefix(r.Inputs.Text("url"), "https://"))
	case "aws:sns/topic:Topic":
		return arnOf(stack, "sns", physical(r))
	case "aws:secretsmanager/secret:Secret":
		return arnOf(stack, "secretsmanager", "secret:"+physical(r)+"-AbCdEf")
	case "aws:cloudwatch/logGroup:LogGroup":
		return arnOf(stack, "logs", "log-group:"+id)
	case "aws:rds/instance:Instance":
		return arnOf(stack, "rds", "db:"+id)
	case "aws:backup/vault:Vault":
		return arnOf(stack, "backup", "backup-vault:"+id)
	case "aws:acm/certificate:Certificate":
		return arnOf(stack, "acm", "certificate/"+r.Name)
	case "aws:wafv2/webAcl:WebAcl":
		return arnOf(stack, "wafv2", "regional/webacl/"+physical(r)+"/"+r.Name)
	case "aws:wafv2/ipSet:IpSet":
		return arnOf(stack, "wafv2", "regional/ipset/"+physical(r)+"/"+r.Name)
	}
	switch module {
	case "iam":
		return globalARN(stack, kind+"/"+physical(r))
	case "cfg":
		module = "config"
	case "route53":
		return "arn:aws:route53:::" + kind + "/" + id
	}
	return arnOf(stack, module, kind+"/"+id)
}

func arnOf(stack Stack, service, rest string) string {
	return strings.Join([]string{"arn:aws", service, stack.Region, stack.Account, rest}, ":")
}

func globalARN(stack Stack, rest string) string { return "arn:aws:iam::" + stack.Account + ":" + rest }
