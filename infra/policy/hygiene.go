package policy

import (
	"slices"
	"strings"
)

// hygiene: everything says whose it is and lands where it was meant to.
func hygiene() []Rule {
	const tagging = "AWS, Best practices for tagging: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html"
	return []Rule{
		{
			Name:      "tags-present",
			Reason:    "what has no owner is paid for and patched by nobody",
			Reference: tagging,
			check:     defaultTags,
		},
		{
			Name:      "tags-not-overridden",
			Reason:    "a resource that says it belongs to another stack is backed up, billed and cleaned up with that one",
			Reference: tagging,
			check: func(i *inspection) {
				for _, r := range i.Resources {
					for _, key := range required() {
						if _, own := tagsAt(r, "tags")[key]; own && r.Package() == "aws" {
							i.fault(r, "tags."+key, "it sets a tag that the provider sets for everything: leave it out")
						}
					}
				}
			},
		},
		{
			Name:      "instances-tagged",
			Reason:    "what an instance brings along gets no tags from the provider, only from its launch template",
			Reference: tagging,
			check:     templateTags,
		},
		{
			Name:      "explicit-provider",
			Reason:    "a default provider takes the account and region that the shell has at hand",
			Reference: "Pulumi, Disabling default providers: https://www.pulumi.com/docs/iac/concepts/resources/providers/#disabling-default-providers",
			check:     explicit,
		},
		{
			Name:      "one-account",
			Reason:    "with the wrong credentials a deployment must stop, not build in another account",
			Reference: "Pulumi, AWS provider: https://www.pulumi.com/registry/packages/aws/installation-configuration/",
			check: func(i *inspection) {
				for _, p := range i.OfType(awsProviderType) {
					if accounts := p.Inputs.Texts("allowedAccountIds"); !slices.Equal(accounts, []string{i.Stack.Account}) {
						i.fault(p, "allowedAccountIds", "it takes credentials of other accounts: allow %s and nothing else", i.Stack.Account)
					}
				}
			},
		},
	}
}

// required are the tags that everything carries.
func required() []string { return []string{"Project", "Stack", "Environment", "Owner", "ManagedBy"} }

func defaultTags(i *inspection) {
	want := map[string]string{
		"Project": i.Stack.Project, "Stack": i.Stack.Name, "Environment": string(i.environment), "ManagedBy": "pulumi",
	}
	for _, p := range i.OfType(awsProviderType) {
		for _, key := range required() {
			path := "defaultTags.tags." + key
			have := p.Inputs.Text(path)
			if wanted, fixed := want[key]; have == "" || fixed && have != wanted {
				i.fault(p, path, "resources do not carry the right tag %s: take the default tags from stack.Config.Tags", key)
			}
		}
	}
}

// templateTags wants the tags on all that comes with an instance.
func templateTags(i *inspection) {
	for _, r := range i.OfType(templateType) {
		tagged := map[string]string{} // path by kind
		for _, path := range expand(r.Inputs, "tagSpecifications.*") {
			tagged[r.Inputs.Text(path+".resourceType")] = path
		}
		for _, kind := range []string{"instance", "volume", "network-interface"} {
			path, is := tagged[kind]
			if !is {
				i.fault(r, "tagSpecifications", "what is made of kind %s carries no tags: add a specification", kind)
				continue
			}
			for _, key := range required() {
				if text, _ := tagsAt(r, path+".tags")[key].(string); text == "" {
					i.fault(r, path+".tags", "what is made of kind %s lacks the tag %s: add it", kind, key)
				}
			}
		}
	}
}

// explicit wants a provider of this graph for everything, and for a remote
// component one of AWS for its children.
func explicit(i *inspection) {
	for _, r := range i.Resources {
		if strings.HasPrefix(r.Type, "pulumi:") || !r.Custom && !r.Remote {
			continue
		}
		if !i.registered(r.Provider) {
			i.fault(r, "", "it uses a provider that nobody configured: pass one by pulumi.Provider or by its parent")
		}
		if r.Remote && !i.registered(r.Providers["aws"]) {
			i.fault(r, "", "its children use an AWS provider that nobody configured: pass it by pulumi.Providers")
		}
	}
}

func (i *inspection) registered(provider string) bool {
	p := i.byURN[provider]
	return p != nil && strings.HasPrefix(p.Type, "pulumi:providers:")
}
