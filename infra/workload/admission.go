package workload

import (
	"encoding/json"
	"strings"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// registriesPolicy names the admission policy.
const registriesPolicy = "script-ohio-registries"

// containers are the lists of containers that a pod may have.
func containers() []string { return []string{"containers", "initContainers", "ephemeralContainers"} }

// admission refuses pods whose images come from elsewhere, or change under the
// same name. It is part of the API server: no webhook that could be down.
// https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
func (w *workload) admission() error {
	list, err := json.Marshal(w.Registries)
	if err != nil {
		return err
	}
	// Each test holds for every image of the pod; a list may be absent.
	every := func(test string) pulumi.StringInput {
		var all []string
		for _, kind := range containers() {
			all = append(all, "object.spec.?"+kind+".orValue([]).all(c, "+test+")")
		}
		return pulumi.String(strings.Join(all, " && "))
	}
	policy, err := admissionv1.NewValidatingAdmissionPolicy(w.ctx, w.Name("registries"), &admissionv1.ValidatingAdmissionPolicyArgs{
		Metadata: w.global(registriesPolicy, nil),
		Spec: admissionv1.ValidatingAdmissionPolicySpecArgs{
			FailurePolicy: pulumi.String("Fail"),
			MatchConstraints: admissionv1.MatchResourcesArgs{ResourceRules: admissionv1.NamedRuleWithOperationsArray{
				admissionv1.NamedRuleWithOperationsArgs{
					ApiGroups: pulumi.ToStringArray([]string{""}), ApiVersions: pulumi.ToStringArray([]string{"v1"}),
					Operations: pulumi.ToStringArray([]string{"CREATE", "UPDATE"}), Resources: pulumi.ToStringArray([]string{"pods", "pods/ephemeralcontainers"}),
				},
			}},
			Validations: admissionv1.ValidationArray{
				admissionv1.ValidationArgs{
					Expression: every(string(list) + ".exists(r, c.image.startsWith(r + '/'))"),
					Message:    pulumi.String("images come from " + strings.Join(w.Registries, ", ") + " only"),
					Reason:     pulumi.String("Forbidden"),
				},
				admissionv1.ValidationArgs{
					Expression: every("c.image.contains('@sha256:') || (c.image.matches(':[^/:]+$') && !c.image.endsWith(':latest'))"),
					Message:    pulumi.String("images have a version or a digest, never latest"),
					Reason:     pulumi.String("Forbidden"),
				},
				admissionv1.ValidationArgs{
					Expression: pulumi.String("object.spec.?volumes.orValue([]).all(v, !has(v.image))"),
					Message:    pulumi.String("images run and are not mounted: no volume is one"),
					Reason:     pulumi.String("Forbidden"),
				},
			},
		},
	}, w.child)
	if err != nil {
		return err
	}
	bound, err := admissionv1.NewValidatingAdmissionPolicyBinding(w.ctx, w.Name("registries"), &admissionv1.ValidatingAdmissionPolicyBindingArgs{
		Metadata: w.global(registriesPolicy, nil),
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpecArgs{
			PolicyName:        pulumi.String(registriesPolicy),
			ValidationActions: pulumi.ToStringArray([]string{"Deny", "Audit"}),
			// The add-ons of EKS come from registries of each region.
			MatchResources: admissionv1.MatchResourcesArgs{NamespaceSelector: metav1.LabelSelectorArgs{
				MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
					Key: pulumi.String("kubernetes.io/metadata.name"), Operator: pulumi.String("NotIn"), Values: pulumi.ToStringArray([]string{"kube-system"}),
				}},
			}},
		},
	}, w.child, pulumi.DependsOn([]pulumi.Resource{policy}))
	w.ready = append(w.ready, bound)
	return err
}
