package enginetest

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/script-ohio/platform/infra/plan"
)

// answers are the id and outputs of a thing that goes by the name.
func (c *Cloud) answers(t *Thing, name string) (string, resource.PropertyMap) {
	stack := plan.Stack{Account: c.account, Region: t.Region}
	id, outputs := c.answer(stack, &plan.Resource{URN: t.URN, Type: t.Type, Name: name, Inputs: plan.Values{Map: t.Inputs}})
	if t.Type == clusterType {
		outputs = withCluster(outputs, id, t.Region)
	}
	return id, outputs
}

const clusterType = "aws:eks/cluster:Cluster"

// withCluster adds what the EKS component reads of the cluster that it makes:
// the recorder never sees that one.
func withCluster(outputs resource.PropertyMap, id, region string) resource.PropertyMap {
	outputs = outputs.Copy()
	for property, value := range resource.NewPropertyMapFromMap(map[string]any{
		"endpoint":             "https://" + id + ".example." + region + ".eks.amazonaws.com",
		"certificateAuthority": map[string]any{"data": "Y2VydGlmaWNhdGU="},
		"identities":           []any{map[string]any{"oidcs": []any{map[string]any{"issuer": "https://oidc.eks." + region + ".amazonaws.com/id/" + id}}}},
		"platformVersion":      "eks.1",
		"status":               "ACTIVE",
	}) {
		outputs[property] = value
	}
	return outputs
}
