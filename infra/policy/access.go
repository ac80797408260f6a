package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
)

// access: every policy in the graph, wherever it stands, lets the fewest do
// the least.
func access() []Rule {
	return []Rule{
		{
			Name:      "policy-readable",
			Reason:    "a policy that no rule can read may allow anything",
			Reference: "AWS, Grammar of the policy language: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
			check: func(i *inspection) {
				for _, d := range i.documents() {
					if d.err != nil {
						i.fault(d.resource, d.path, "the policy does not read, so that no rule judged it: write it with iamdoc, and not as a secret")
					}
				}
			},
		},
		{
			Name:      "no-wildcard-access",
			Reason:    "an action with a wildcard on every resource allows what AWS has not invented yet; one that reads data reads all there is",
			Reference: hub("IAM.1", "IAM.21", "KMS.2"),
			check:     func(i *inspection) { i.allowed(i.broad) },
		},
		{
			Name:      "no-administrator",
			Reason:    "who is everything in an account can also switch off everything here",
			Reference: hub("IAM.1") + "; AWS, Apply least-privilege permissions: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
			check: func(i *inspection) {
				i.managed(func(r *plan.Resource, path, policy, _ string) {
					if administers(policy) {
						i.fault(r, path, "it attaches %s: attach what is needed instead", policy)
					}
				})
			},
		},
		{
			Name:      "no-public-policy",
			Reason:    "an allow for everybody is for every customer of AWS",
			Reference: hub("S3.2", "S3.3", "KMS.5", "SNS.4"),
			check: func(i *inspection) {
				i.allowed(func(d document, s iamdoc.Statement) {
					if slices.ContainsFunc(s.Principals, func(p iamdoc.Principal) bool { return p.ID == "*" }) && !narrowed(s, i.Stack.Account) {
						i.fault(d.resource, d.path, "%s allows everybody: name principals, or compare aws:PrincipalAccount, kms:CallerAccount or the like with the account", label(s))
					}
				})
			},
		},
		{
			Name:      "no-foreign-account",
			Reason:    "whoever owns that account decides who uses this one",
			Reference: hub("S3.6"),
			check: func(i *inspection) {
				i.allowed(func(d document, s iamdoc.Statement) {
					for _, p := range s.Principals {
						if p.Kind == iamdoc.PrincipalAWS && p.ID != "*" && !strings.Contains(p.ID, i.Stack.Account) {
							i.fault(d.resource, d.path, "%s allows %s, who is not of this account: name roles of the account", label(s), p.ID)
						}
					}
				})
			},
		},
		{
			Name:      "service-for-this-account",
			Reason:    "a service that does not say for whom it asks can be sent by anybody: the confused deputy",
			Reference: "AWS, The confused deputy problem: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
			check: func(i *inspection) {
				i.allowed(func(d document, s iamdoc.Statement) {
					for _, p := range s.Principals {
						if p.Kind == iamdoc.PrincipalService && !narrowed(s, i.Stack.Account) && !sourceless(p.ID, d) {
							i.fault(d.resource, d.path, "%s lets %s act for any account: compare aws:SourceAccount or aws:SourceArn", label(s), p.ID)
						}
					}
				})
			},
		},
		{
			Name:      "no-escalation",
			Reason:    "who may give a role any policy, or hand any role to a service, may do everything that a policy can allow",
			Reference: "AWS, Use permissions boundaries to delegate: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-permissions-boundaries",
			check: func(i *inspection) {
				i.allowed(func(d document, s iamdoc.Statement) {
					if d.use != iamdoc.Identity {
						return
					}
					for _, e := range escalations() {
						bound := slices.ContainsFunc(s.Conditions, func(c iamdoc.Condition) bool { return c.Key == e.bound })
						actions := slices.DeleteFunc(e.actions, func(action string) bool { return !permits(s, action) })
						if len(actions) > 0 && !bound {
							i.fault(d.resource, d.path, "%s allows %s without a condition on %s: compare it", label(s), strings.Join(actions, ", "), e.bound)
						}
					}
				})
			},
		},
	}
}

// broad reports what a statement allows on every resource: wildcards but for
// Describe* and List*, and the reading of data. The * of a policy at a resource
// is that resource.
func (i *inspection) broad(d document, s iamdoc.Statement) {
	if slices.Contains(s.Actions, "*") {
		i.fault(d.resource, d.path, "%s allows every action of AWS: name them", label(s))
		return
	}
	if d.use != iamdoc.Identity {
		return
	}
	wild := s.Overbroad()
	everything := len(iamdoc.Allow("s3:*").On(s.Resources...).Overbroad()) > 0
	for _, action := range []string{"kms:Decrypt", "s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter"} {
		if everything && len(wild) == 0 && len(s.Conditions) == 0 && permits(s, action) {
			wild = append(wild, action)
		}
	}
	for _, action := range wild {
		i.fault(d.resource, d.path, "%s allows %s on every resource: name the actions or the resources", label(s), action)
	}
}

// managed visits every policy of AWS that is attached to a role, with the
// name of the role.
func (i *inspection) managed(visit func(r *plan.Resource, path, policy, role string)) {
	for _, r := range i.Resources {
		if r.Type == roleType {
			for n, policy := range r.Inputs.Texts("managedPolicyArns") {
				visit(r, "managedPolicyArns."+strconv.Itoa(n), policy, roleName(r))
			}
		} else if strings.HasPrefix(r.Type, "aws:iam/") && r.Inputs.Text("policyArn") != "" {
			visit(r, "policyArn", r.Inputs.Text("policyArn"), r.Inputs.Text("role"))
		}
	}
}

func roleName(role *plan.Resource) string {
	if name := role.Inputs.Text("name"); name != "" {
		return name
	}
	return role.Name
}

// administers knows AWS's own policies that amount to all of a service or of
// the account.
func administers(policy string) bool {
	name := policy[strings.LastIndex(policy, "/")+1:]
	return slices.Contains([]string{"AdministratorAccess", "PowerUserAccess", "SystemAdministrator", "NetworkAdministrator", "DatabaseAdministrator"}, name) ||
		strings.HasSuffix(name, "FullAccess")
}

// sourceless knows the services that send no source to compare: where they
// assume a role, only its own account can hand it to them.
//   - EC2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
//   - S3 replication: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
//   - EventBridge to a topic: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
func sourceless(service string, d document) bool {
	if d.use == iamdoc.Trust {
		return service == "ec2.amazonaws.com" || service == "s3.amazonaws.com"
	}
	return service == "events.amazonaws.com" && strings.HasPrefix(d.resource.Type, "aws:sns/")
}

// escalation is actions of IAM that make a caller stronger than its own
// policies, with the condition key that bounds them.
type escalation struct {
	actions []string
	bound   string
}

func escalations() []escalation {
	return []escalation{
		{[]string{
			"iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy",
			"iam:CreateUser", "iam:AttachUserPolicy", "iam:PutUserPolicy",
		}, "iam:PermissionsBoundary"},
		{[]string{"iam:PassRole"}, "iam:PassedToService"},
	}
}
