package schema

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/wafv2"
)

func TestShapes(t *testing.T) {
	key := func(in map[string]any) []Problem { return Check("aws:kms/key:Key", resource.NewPropertyMapFromMap(in)) }
	template := func(in any) []Problem {
		return Check("aws:ec2/launchTemplate:LaunchTemplate", resource.NewPropertyMapFromMap(map[string]any{"metadataOptions": in}))
	}
	for name, c := range map[string]struct {
		got  []Problem
		want string
	}{
		"unknown type":     {Check("aws:ec2/moat:Moat", nil), "the type aws:ec2/moat:Moat has no shape: add its arguments to infra/schema/types.go"},
		"unknown property": {key(map[string]any{"depth": 3.0}), "depth: is no property of it"},
		"wrong type":       {key(map[string]any{"deletionWindowInDays": "30"}), "deletionWindowInDays: is a string and must be a whole number"},
		"a broken number":  {key(map[string]any{"deletionWindowInDays": 7.5}), "deletionWindowInDays: is a number and must be a whole number"},
		"wrong item":       {key(map[string]any{"tags": map[string]any{"a": true}}), "tags.a: is a bool and must be a text"},
		"deep":             {template(map[string]any{"httpTokens": []any{}}), "metadataOptions.httpTokens: is a [] and must be a text"},
		"deep and unknown": {template(map[string]any{"tokens": "required"}), "metadataOptions.tokens: is no property of it"},
		"required":         {Check("aws:kms/alias:Alias", resource.PropertyMap{}), "targetKeyId: is required"},
		"required in ours": {Check(wafv2.LoggingType, resource.PropertyMap{}), "resourceArn: is required"},
	} {
		require.Len(t, c.got, 1, name)
		require.Equal(t, c.want, c.got[0].Error(), name)
	}
	secret := resource.PropertyMap{"secretId": resource.MakeComputed(resource.NewProperty("")), "secretString": resource.MakeSecret(resource.NewProperty("hidden"))}
	require.Empty(t, Check("aws:secretsmanager/secretVersion:SecretVersion", secret), "what is unknown passes, and what is secret is judged as others are")
}

// A misspelt path would judge nothing.
func TestPathsAreOfTheirTypes(t *testing.T) {
	types := Types()
	check := func(typ, path string) {
		shape, known := types[typ]
		require.True(t, known, typ)
		require.True(t, has(shape, path), "%s has no %s", typ, path)
	}
	for _, l := range slices.Concat(laws(), birthLaws()) {
		for _, r := range l.rules {
			for _, typ := range l.types {
				check(typ, r.path)
			}
		}
	}
	for _, u := range uniques() {
		for _, path := range u.paths {
			check(u.typ, path)
		}
	}
	for typ, paths := range replacing() {
		for _, path := range paths {
			check(typ, path)
		}
	}
	for _, r := range Relations() {
		check(r.From, r.Path)
		check(r.To, "")
	}
}

// Our own structs of WAF stand for the SDK's, which is too heavy to compile:
// their names are compared with its source.
func TestOurStructsOfWAFAreTheSDKs(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6").Output()
	require.NoError(t, err)
	source := readStructs(t, filepath.Join(strings.TrimSpace(string(out)), "go", "aws", "wafv2"))
	for typ, root := range map[string]string{wafv2.WebACLType: "webAclArgs", wafv2.IPSetType: "ipSetArgs", wafv2.LoggingType: "webAclLoggingConfigurationArgs"} {
		compare(t, source, root, reflect.TypeOf(wafv2.Shapes()[typ]))
	}
}

// field is a field of a struct in the SDK's source: its type less pointers and
// lists.
type field struct{ typ string }

func readStructs(t *testing.T, dir string) map[string]map[string]field {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	start := regexp.MustCompile(`^type (\w+) struct \{`)
	line := regexp.MustCompile("^\t\\w+ +([*\\[\\]]*)(\\S+) +`pulumi:\"(\\w+)\"`")
	structs := map[string]map[string]field{}
	for _, name := range files {
		file, err := os.Open(name)
		require.NoError(t, err)
		var current map[string]field
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if m := start.FindStringSubmatch(lines.Text()); m != nil {
				current = map[string]field{}
				structs[m[1]] = current
			} else if m := line.FindStringSubmatch(lines.Text()); m != nil && current != nil {
				current[m[3]] = field{m[2]}
			}
		}
		require.NoError(t, lines.Err())
		require.NoError(t, file.Close())
	}
	return structs
}

func compare(t *testing.T, source map[string]map[string]field, name string, ours reflect.Type) {
	t.Helper()
	theirs, known := source[name]
	require.True(t, known, "the SDK has no struct %s", name)
	for property, kind := range properties(ours) {
		f, known := theirs[property]
		if name == "WebAclDefaultAction" && property == "count" {
			continue // the default action has a struct of its own in the SDK; a rule refuses to count there
		}
		require.True(t, known, "%s has no %s", name, property)
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() == reflect.Struct {
			compare(t, source, f.typ, kind)
		}
	}
}
