package stack_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/stack"
)

const valid = `config:
  pulumi:disable-default-providers: ["*"]
  script-ohio:environment: staging
  script-ohio:account: "444455556666"
  script-ohio:domain: api.example.com
  script-ohio:hostedZoneId: Z0123456789
  script-ohio:alertEmail: a@example.com
  script-ohio:monthlyBudget: 100
  script-ohio:image: ghcr.io/script-ohio/b:v1
`

func readText(t *testing.T, text string) (stack.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Pulumi.test.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return stack.ReadFile(path)
}

func TestReadFileReportsEverything(t *testing.T) {
	_, err := readText(t, `config:
  script-ohio:environment: moon
  script-ohio:account: {secure: AAAB}
  script-ohio:zones: [a, [b]]
  script-ohio:monthlyBudget: much
  script-ohio:natPerZone: "yes"
  script-ohio:vpcCidr: 10.0.0.0
  script-ohio:reservedCidrs: [10.0.0.0/8, nine]
  script-ohio:databaseBackupWindow: 3-4
  script-ohio:VPCCidr: 10.0.0.0/16
  script-ohio:colour: red
  aws:region: us-east-2
`)
	for _, want := range []string{
		`script-ohio:environment: "moon" is neither staging nor prod`,
		"script-ohio:account: it is encrypted, but configuration holds no secrets",
		"script-ohio:zones: a list may hold texts only",
		`script-ohio:monthlyBudget: "much" is not a whole number`,
		`script-ohio:natPerZone: "yes" is neither true nor false`,
		"script-ohio:vpcCidr: netip.ParsePrefix",
		"script-ohio:reservedCidrs: netip.ParsePrefix",
		`script-ohio:databaseBackupWindow: "3-4" is not a window`,
		"script-ohio:VPCCidr is unknown: is vpcCidr meant?",
		"script-ohio:colour is unknown",
		"aws:region is never read",
		"script-ohio:domain is not set: Host name of the API.",
		`pulumi:disable-default-providers is not ["*"]`,
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestWhatCannotBeReadHidesNothingElse(t *testing.T) {
	c, err := readText(t, `config:
  pulumi:disable-default-providers: ["*"]
  script-ohio:environment: prod
  script-ohio:account: "12"
  script-ohio:natPerZone: "yes"
  script-ohio:clusterVersion: "1.28"
  script-ohio:colour: red
  script-ohio:reservedCidrs: [10.0.128.0/17]
`)
	require.ErrorContains(t, err, "script-ohio:domain is not set")
	require.ErrorContains(t, err, "script-ohio:colour is unknown")
	problems := c.Validate(today)
	require.ErrorContains(t, problems, `account "12" is not 12 digits`)
	require.ErrorContains(t, problems, `EKS "1.28" is not known`)
	require.ErrorContains(t, problems, "reserved network 10.0.128.0/17 overlaps VPC 10.0.0.0/16")
	require.NotContains(t, problems.Error(), "domain", "it is told once")
	require.NotContains(t, problems.Error(), "natPerZone")
	require.Len(t, strings.Split(problems.Error(), "\n"), 3)
}

func TestReadFileTakesLists(t *testing.T) {
	c, err := readText(t, valid+"  script-ohio:nodeTypes: [m7g.large, c7g.large]\n  script-ohio:publicAccessCidrs: 203.0.113.0/24, 198.51.100.0/24\n")
	require.NoError(t, err)
	require.Equal(t, []string{"m7g.large", "c7g.large"}, c.Cluster.NodeTypes)
	require.Len(t, c.Cluster.PublicAccess, 2)
	require.Equal(t, "198.51.100.0/24", c.Cluster.PublicAccess[1].String())
}

func TestReadFileWantsYAML(t *testing.T) {
	_, err := readText(t, "config: [")
	require.Error(t, err)
}

type noResources struct{}

func (noResources) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }
func (noResources) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, nil
}

// engine runs Load the way an engine would: known values in the run, all of
// them in the environment.
func engine(t *testing.T, values map[string]string, secrets ...string) (stack.Config, error) {
	t.Helper()
	ctx, err := pulumi.NewContext(t.Context(), pulumi.RunInfo{
		Project: stack.Project, Stack: "staging", Config: values, ConfigSecretKeys: secrets, Mocks: noResources{},
	})
	require.NoError(t, err)
	all, err := json.Marshal(values)
	require.NoError(t, err)
	return stack.Load(ctx, func(name string) string {
		return map[string]string{pulumi.EnvConfig: string(all)}[name]
	})
}

func engineValues() map[string]string {
	return map[string]string{
		"pulumi:disable-default-providers": `["*"]`,
		"script-ohio:environment":          "staging",
		"script-ohio:account":              "444455556666",
		"script-ohio:domain":               "api.example.com",
		"script-ohio:hostedZoneId":         "Z0123456789",
		"script-ohio:alertEmail":           "a@example.com",
		"script-ohio:monthlyBudget":        "100",
		"script-ohio:image":                "ghcr.io/script-ohio/b:v1",
	}
}

func TestEngineAndFileAgree(t *testing.T) {
	fromEngine, err := engine(t, engineValues())
	require.NoError(t, err)
	fromFile, err := readText(t, valid)
	require.NoError(t, err)
	fromFile.Stack = "staging"
	require.Equal(t, fromFile, fromEngine)
	require.NoError(t, fromEngine.Validate(today))
}

func TestEngineValuesAreTypedAndKnown(t *testing.T) {
	values := engineValues()
	values["script-ohio:zones"] = `["us-east-2b"]`
	values["script-ohio:colour"] = "red"
	values["aws:region"] = "us-east-1"
	values["script-ohio:nodeMax"] = "many"
	c, err := engine(t, values, "script-ohio:owner")
	require.ErrorContains(t, err, "script-ohio:colour is unknown")
	require.ErrorContains(t, err, "aws:region is never read")
	require.ErrorContains(t, err, `script-ohio:nodeMax: "many" is not a whole number`)
	require.ErrorContains(t, err, "script-ohio:owner: it is encrypted")
	require.Equal(t, []string{"us-east-2b"}, c.General.Zones)
}

func FuzzReadFile(f *testing.F) {
	f.Add(valid)
	f.Add("config:\n  script-ohio:zones: [a, b]\n  x: {secure: y}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readText(t, text)
		if err == nil {
			_ = c.Validate(today)
		}
	})
}
