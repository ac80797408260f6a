package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/plan"
)

// permissions: who may ask the API server for what, and who may read what is
// kept to oneself.
func permissions() []Rule {
	return []Rule{
		{
			Name:      "no-secret-in-config",
			Reason:    "everybody who looks at the cluster reads its objects, and a value that Pulumi hides stands in them in plain",
			Reference: "Kubernetes, ConfigMaps: https://kubernetes.io/docs/concepts/configuration/configmap/ (CIS EKS 4.4.2)",
			check:     configured,
		},
		{
			Name:      "token-off",
			Reason:    "whoever takes over a pod with a token asks the API server in its name, and a shared account has the rights of all its pods",
			Reference: "Kubernetes, Opt out of API credential automounting: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting (CIS EKS 4.1.5, 4.1.6)",
			check:     tokens,
		},
		{
			Name:      "rbac-narrow",
			Reason:    "a wildcard allows what is not invented yet; who reads secrets, gives rights or acts as others has all rights there are",
			Reference: "Kubernetes, RBAC good practices: https://kubernetes.io/docs/concepts/security/rbac-good-practices/ (CIS EKS 4.1.1 to 4.1.3, 4.1.8)",
			check: func(i *inspection) {
				i.grants()
				i.bindings()
			},
		},
	}
}

// configured wants secrets to come by External Secrets, and no other way.
// Values that look like secrets are found by no-plain-secret.
func configured(i *inspection) {
	secret := map[string]bool{}
	for _, v := range contract.Variables() {
		secret[v.Name] = v.Secret
	}
	const advice said = "let External Secrets fill a secret with it and refer to that"
	for _, r := range i.OfType(configType) {
		for _, data := range []string{"data", "binaryData"} {
			for key := range fields(r, data) {
				if secret[key] {
					i.fault(r, data+"."+key, "%s is a secret and stands in a ConfigMap: %s", key, advice)
				}
			}
		}
	}
	for _, r := range i.OfType(valuesType) {
		for _, data := range []string{"data", "stringData"} {
			if len(fields(r, data)) > 0 || r.Inputs.At(data) == plan.Masked {
				i.fault(r, data, "the program writes a secret of Kubernetes, which its state keeps too: %s", advice)
			}
		}
	}
	for _, p := range i.pods() {
		for _, c := range p.containers() {
			for _, path := range expand(p.Inputs, c.at("env.*")) {
				if name := p.Inputs.Text(path + ".name"); secret[name] && p.Inputs.At(path+".valueFrom.secretKeyRef") == nil {
					i.fault(p.Resource, path, "%s is a secret and comes from none: %s", name, advice)
				}
			}
		}
	}
	for _, r := range i.Resources {
		if !isObject(r) || r.Type == valuesType {
			continue
		}
		for _, leaf := range r.Inputs.Leaves() {
			if leaf.Secret {
				i.fault(r, leaf.Path, "a value that Pulumi hides stands in the object in plain: %s", advice)
			}
		}
	}
}

// tokens wants pods without credentials for the API server, but those whose
// account a binding of the program gives rights.
func tokens(i *inspection) {
	for _, r := range i.OfType(accountType) {
		i.hold(r, must{"automountServiceAccountToken", exactly(false), "every pod of the account gets a token: set automountServiceAccountToken to false; a pod that needs one says so itself"})
	}
	for _, p := range i.pods() {
		if account := p.account(); account == "" || account == "default" {
			i.fault(p.Resource, p.at("serviceAccountName"), "it shares the default account of its namespace: name one of its own")
		} else if i.bound(p.namespace(), account) {
			continue
		}
		i.hold(p.Resource, must{p.at("automountServiceAccountToken"), exactly(false), "it gets a token and no binding gives it rights: set automountServiceAccountToken to false"})
		for _, volume := range expand(p.Inputs, p.at("volumes.*")) {
			for _, source := range expand(p.Inputs, volume+".projected.sources.*") {
				if token := fields(p.Resource, source+".serviceAccountToken"); token != nil && token["audience"] == nil {
					i.fault(p.Resource, source, "it gets a token for the API server and no binding gives it rights: leave it out, or name the audience that it is for")
				}
			}
		}
	}
}

// bound reports whether a binding gives the service account rights.
func (i *inspection) bound(namespace, account string) bool {
	for _, r := range slices.Concat(i.OfType(grantBoundType), i.OfType(clusterGrantBoundType)) {
		at, _ := named(r)
		for _, path := range expand(r.Inputs, "subjects.*") {
			in := r.Inputs.Text(path + ".namespace")
			if in == "" {
				in = at
			}
			if r.Inputs.Text(path+".kind") == "ServiceAccount" && r.Inputs.Text(path+".name") == account && in == namespace {
				return true
			}
		}
	}
	return false
}

// grants reports rules of roles that give more than they name, or a way to
// more.
func (i *inspection) grants() {
	for _, r := range slices.Concat(i.OfType(grantType), i.OfType(clusterGrantType)) {
		if r.Inputs.At("aggregationRule") != nil {
			i.fault(r, "aggregationRule", "its rules are those of other roles, whatever they become: list them here")
		}
		rules, _ := r.Inputs.At("rules").([]any)
		for n := range rules {
			path := "rules." + strconv.Itoa(n)
			for _, field := range []string{"apiGroups", "resources", "verbs", "nonResourceURLs"} {
				for _, text := range r.Inputs.Texts(path + "." + field) {
					switch {
					case strings.Contains(text, "*"):
						i.fault(r, path+"."+field, "it gives %s: name what is needed", text)
					case field == "verbs" && slices.Contains([]string{"escalate", "bind", "impersonate"}, text):
						i.fault(r, path+"."+field, "by %s it has the rights of others: leave it out", text)
					case field == "resources" && slices.Contains([]string{"secrets", "serviceaccounts/token", "nodes/proxy"}, text):
						i.fault(r, path+"."+field, "by %s it gets credentials or a way past the API server: leave it out", text)
					}
				}
			}
		}
	}
}

// bindings reports rights that no rule has judged, and rights of everybody.
func (i *inspection) bindings() {
	judged := map[[3]string]bool{}
	for _, r := range slices.Concat(i.OfType(grantType), i.OfType(clusterGrantType)) {
		namespace, name := named(r)
		judged[[3]string{kind(r), namespace, name}] = true
	}
	for _, r := range slices.Concat(i.OfType(grantBoundType), i.OfType(clusterGrantBoundType)) {
		namespace, _ := named(r)
		typ, name := r.Inputs.Text("roleRef.kind"), r.Inputs.Text("roleRef.name")
		if typ == "ClusterRole" {
			namespace = ""
		}
		if !judged[[3]string{typ, namespace, name}] {
			i.fault(r, "roleRef", "it gives the role %s, which is not of the program: give one whose rules stand here", name)
		}
		for _, path := range expand(r.Inputs, "subjects.*") {
			subject := r.Inputs.Text(path + ".name")
			if strings.HasPrefix(subject, "system:") || subject == "default" && r.Inputs.Text(path+".kind") == "ServiceAccount" {
				i.fault(r, path+".name", "it gives rights to %s, which is everybody or all pods of a namespace: name a group or an account of ours", subject)
			}
		}
	}
}
