package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/guard"
	"github.com/script-ohio/platform/infra/identity"
)

// export hands people and pipelines what they need of a stack: where things
// are and who may come. Credentials are ARNs of secrets, never their values;
// the kubeconfig is a secret.
func export(ctx *pulumi.Context, p parts, id *identity.Identity, g *guard.Outputs) {
	roles := pulumi.StringMap{}
	for role, arn := range p.cluster.AccessRoles {
		roles[role] = arn
	}
	for name, value := range map[string]pulumi.Input{
		"url": pulumi.String(p.edge.URL), "certificateArn": p.edge.Certificate, "firewallArn": p.edge.Firewall, "blockListArn": p.edge.BlockList,

		"clusterName": pulumi.String(p.cluster.Name), "kubeconfig": p.cluster.Kubeconfig, "clusterRoles": roles,

		"databaseHost": p.database.Host, "databaseReaders": pulumi.ToStringArrayOutput(p.database.Readers), "databaseSecretArn": p.database.Secret,
		"cacheHost": p.cache.Host, "cacheReader": p.cache.Reader, "cacheSecretArn": p.cache.Secret, "appSecretArn": p.app,

		"backupsBucket": p.storage.Backups.Name, "modelsBucket": p.storage.Models.Name, "logsBucket": p.storage.Logs.Name,

		"vpcId": p.network.VPC, "natAddresses": p.network.NATAddresses,

		"previewRoleArn": id.Preview, "deployRoleArn": id.Deploy,
		"alertsTopicArn": g.Alerts, "backupVaultArn": g.Vault,
	} {
		ctx.Export(name, value)
	}
	if p.storage.BackupsCopy != nil {
		ctx.Export("backupsCopyBucket", p.storage.BackupsCopy.Name)
		ctx.Export("modelsCopyBucket", p.storage.ModelsCopy.Name)
	}
}
