package policy_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/stack"
)

// one is a graph of a single resource.
func one(typ string, inputs resource.PropertyMap) *plan.Graph {
	return &plan.Graph{
		Stack:     plan.Stack{Project: "script-ohio", Name: "prod", Account: "111122223333", Region: "us-east-2"},
		Resources: []*plan.Resource{{URN: "urn:pulumi:prod::script-ohio::" + typ + "::one", Type: typ, Name: "one", Inputs: plan.Values{Map: inputs}}},
	}
}

// leaks are the findings of the secret scanner for one input.
func leaks(typ, name string, value resource.PropertyValue) []policy.Finding {
	g := one(typ, resource.PropertyMap{resource.PropertyKey(name): value})
	return of(policy.Check(g, stack.Prod, plantest.Day()), "no-plain-secret")
}

const helm = "kubernetes:helm.sh/v3:Release"

func TestWhatIsNoSecret(t *testing.T) {
	for _, c := range []struct{ typ, name, value string }{
		{"aws:x", "secretId", "arn:aws:secretsmanager:us-east-2:111122223333:secret:db-AbCdEf"},
		{"aws:x", "secretArn", "arn:aws:secretsmanager:us-east-2:111122223333:secret:db-AbCdEf"},
		{"aws:x", "password", "${PASSWORD}"},
		{"aws:x", "password", ""},
		{helm, "SECRET_KEY", "{{ .secretKey }}"},
		{helm, "DATABASE_URL", "postgres://{{ .username }}:{{ .password }}@{{ .host }}/ohio"},
		{helm, "DATABASE_URL", "postgres://ohio:$(PASSWORD)@db/ohio"},
		{"aws:x", "password", plan.Masked},
		{"aws:x", "kmsKeyId", "0b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e"},
		{"aws:x", "passwordLength", "48"},
		{"aws:x", "httpTokens", "required"},
		{"aws:x", "description", "User of the service in the cache; the password is in Secrets Manager"},
		{"aws:x", "url", "https://token.actions.githubusercontent.com"},
		{"aws:x", "image", "ghcr.io/script-ohio/platform@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		{"aws:x", "configurationValues", `{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}`},
		{helm, "existingSecret", "grafana-admin"},
		{helm, "secrets", "alertmanager-messengers"},
		{helm, "secret", "grafana-admin"},
		{helm, "certificate", "q8Zr2Lk0VxTn5Yw7Bf3Hd9Jc1Gm6Ps4A"},
		{"kubernetes:external-secrets.io/v1:ExternalSecret", "secretKey", "DATABASE_URL"},
	} {
		require.Empty(t, leaks(c.typ, c.name, resource.NewProperty(c.value)), "%s: %s", c.name, c.value)
	}
}

func TestWhatIsASecretByItsName(t *testing.T) {
	for _, name := range []string{
		"password", "masterPassword", "MASTER_PASSWORD", "db-password", "passwords", "authToken", "apiToken", "clientSecret", "secret", "credentials",
		"secretString", "secretKey", "apiKey", "APIKey", "privateKey", "connectionString",
	} {
		found := leaks("aws:x", name, resource.NewProperty("hunter2"))
		require.Len(t, found, 1, name)
		require.Equal(t, name, found[0].Path)
		require.Equal(t, "a value named like a secret stands here in plain: keep it in Secrets Manager and pass its ARN, or mark it by pulumi.ToSecret", found[0].Message)
	}
}

func TestOutputsAreScanned(t *testing.T) {
	g := one("aws:x", nil)
	g.Outputs = map[string]plan.Output{
		"database": {Value: map[string]any{"url": sample()["URL"]}},
		"kept":     {Value: plan.Masked, Secret: true},
		"zones":    {Value: []string{"us-east-2a"}},
	}
	found := of(policy.Check(g, stack.Prod, plantest.Day()), "no-plain-secret")
	require.Len(t, found, 1)
	require.Equal(t, "outputs.database.url", found[0].Path)
}

// spoil replaces every text of the resource that is not marked as a secret and
// whose keys have no dots of their own.
func spoil(t *testing.T, r *plan.Resource, text string) {
	for _, leaf := range r.Inputs.Leaves() {
		if _, is := leaf.Value.(string); is && !leaf.Secret && !strings.ContainsAny(leaf.Path, "/-") && r.Inputs.At(leaf.Path) != nil {
			change(t, r, leaf.Path, text)
		}
	}
}

func TestNoSecretIsEverShown(t *testing.T) {
	prod := record(t, plantest.Config(t, "prod"))
	kinds := slices.Sorted(maps.Keys(sample()))
	hidden := func(t *testing.T, g graph, text string) {
		report := g.judge()
		require.NotEmpty(t, of(report, "no-plain-secret"))
		encoded, err := json.Marshal(report)
		require.NoError(t, err)
		var out strings.Builder
		require.NoError(t, report.Write(&out))
		for _, part := range append(strings.Fields(text), "correct-horse") {
			if len(part) > 12 {
				require.False(t, strings.Contains(string(encoded)+out.String(), part), "%s is shown", part)
			}
		}
	}
	for _, kind := range kinds {
		t.Run("everywhere/"+kind, func(t *testing.T) {
			t.Parallel()
			g := prod.copy(t)
			for _, r := range g.Resources {
				spoil(t, r, sample()[kind])
			}
			hidden(t, g, sample()[kind])
		})
	}
	seen := map[string]bool{}
	for n, r := range prod.Resources {
		if seen[r.Type] || len(r.Inputs.Leaves()) == 0 {
			continue
		}
		seen[r.Type] = true
		t.Run(r.Type, func(t *testing.T) {
			t.Parallel()
			g, kind := prod.copy(t), kinds[n%len(kinds)]
			g.Resources[n].Inputs.Map["description"] = resource.NewProperty(sample()[kind])
			spoil(t, g.Resources[n], sample()[kind])
			hidden(t, g, sample()[kind])
		})
	}
}

// A message depends on the kind only, so that it cannot carry the value.
const message = `^(a|an) [A-Za-z ]+ stands here in plain: (keep it in Secrets Manager and pass its ARN, or mark it by pulumi\.ToSecret|let External Secrets fill it)$`

// texts draws what may stand in an input: anything, secrets, and JSON of both.
func texts() *rapid.Generator[string] {
	leaf := rapid.OneOf(
		rapid.String(), rapid.StringMatching(`[\[\]{}",:= a-z$@/+-]{0,40}`), rapid.StringMatching(`[A-Za-z0-9+/=_-]{0,60}`),
		rapid.SampledFrom(slices.Sorted(maps.Values(sample()))),
	)
	return rapid.Custom(func(t *rapid.T) string {
		text := leaf.Draw(t, "text")
		for range rapid.IntRange(0, 6).Draw(t, "wrapped") {
			wrapped, err := json.Marshal(map[string]any{"name": leaf.Draw(t, "name"), "value": []string{text}})
			require.NoError(t, err)
			text = string(wrapped)
		}
		return text
	})
}

func TestScannerOnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"password", "value", "data", "description"})).Draw(t, "name")
		value := resource.NewProperty(texts().Draw(t, "value"))
		for _, typ := range []string{"aws:sns/topic:Topic", helm, "kubernetes:core/v1:Secret"} {
			for _, found := range leaks(typ, name, value) {
				require.Regexp(t, message, found.Message)
			}
			require.Empty(t, leaks(typ, name, resource.MakeSecret(value)), "what is marked is not plain")
		}
		require.Empty(t, leaks(helm, "password", resource.NewProperty(plan.Masked)), "a mask hides nothing")
	})
}
