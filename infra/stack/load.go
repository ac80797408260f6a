package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"go.yaml.in/yaml/v3"
)

// Load reads the configuration that the engine hands to a program. The SDK
// cannot list keys, so getenv (os.Getenv) finds unknown ones in PULUMI_CONFIG,
// which the language host sets; where a program runs inline there is none, and
// only known keys are read.
func Load(ctx *pulumi.Context, getenv func(string) string) (Config, error) {
	names := map[string]string{}
	if all := getenv(pulumi.EnvConfig); all != "" {
		if err := json.Unmarshal([]byte(all), &names); err != nil {
			return Config{}, fmt.Errorf("%s is not a JSON object of texts: %w", pulumi.EnvConfig, err)
		}
	}
	values := map[string]value{}
	for name := range names {
		values[name] = value{}
	}
	given := config.New(ctx, Project)
	for _, k := range Keys() {
		name := Project + ":" + k.Name
		if text, err := given.Try(k.Name); err == nil {
			values[name] = value{text: text}
		}
		if ctx.IsConfigSecret(name) {
			values[name] = value{err: errSecret}
		}
	}
	return parse(ctx.Stack(), values)
}

// defaultProviders is the engine's setting that forbids providers nobody
// configured: a resource that forgets its provider then fails instead of
// landing in whatever account and region the shell has at hand.
const defaultProviders = "pulumi:disable-default-providers"

// Folder is the nearest folder, from the working directory upwards, that holds
// the project: Pulumi.yaml and the stack files.
func Folder() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Pulumi.yaml in %s or above it", here)
		}
	}
}

// ReadFile reads the configuration from Pulumi.<stack>.yaml, without an
// engine.
func ReadFile(path string) (Config, error) {
	stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "Pulumi."), ".yaml")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no stack %q: %s does not exist", stack, path)
	}
	if err != nil {
		return Config{}, err
	}
	return Parse(stack, text)
}

// Parse reads the text of a stack file.
func Parse(stack string, text []byte) (Config, error) {
	var file struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return Config{}, err
	}
	values := map[string]value{}
	for name, node := range file.Config {
		text, err := scalarOrList(&node)
		values[name] = value{text, err}
	}
	c, err := parse(stack, values)
	var disabled []string
	if node, set := file.Config[defaultProviders]; !set || node.Decode(&disabled) != nil || !slices.Contains(disabled, "*") {
		err = errors.Join(err, fmt.Errorf(`%s is not ["*"]: without it a resource may use a provider that nobody configured`, defaultProviders))
	}
	return c, err
}

var errSecret = errors.New("it is encrypted, but configuration holds no secrets: they belong into AWS Secrets Manager")

// scalarOrList is the value as the engine would hand it on: text as it is,
// lists as JSON.
func scalarOrList(node *yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		var items []string
		if err := node.Decode(&items); err != nil {
			return "", errors.New("a list may hold texts only")
		}
		text, err := json.Marshal(items)
		return string(text), err
	case yaml.MappingNode:
		if len(node.Content) == 2 && node.Content[0].Value == "secure" {
			return "", errSecret
		}
	}
	return "", errors.New("a value is a text, a number, true, false or a list")
}
