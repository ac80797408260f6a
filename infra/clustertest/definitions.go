package clustertest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// podMetrics is the definition by which metrics are fed.
//
//go:embed manifests/podmetrics.yaml
var podMetrics []byte

// definitions are custom resource definitions as text, by what they define.
// They are megabytes, of which a test needs little.
type definitions map[schema.GroupKind][]byte

// readDefinitions reads what build.sh laid into subfolders of a folder, one
// for each controller.
func readDefinitions(dir string) (definitions, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no definitions in %s: remove it and run tools/controlplane/build.sh", dir)
	}
	group := regexp.MustCompile(`(?m)^  group: "?([^"\s]+)`)
	kind := regexp.MustCompile(`(?m)^    kind: "?([^"\s]+)`)
	known := definitions{{Group: metricsResource().Group, Kind: "PodMetrics"}: podMetrics}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, doc := range bytes.Split(text, []byte("\n---")) {
			g, k := group.FindSubmatch(doc), kind.FindSubmatch(doc)
			if g != nil && k != nil {
				known[schema.GroupKind{Group: string(g[1]), Kind: string(k[1])}] = doc
			}
		}
	}
	return known, nil
}

// Define installs the definitions of these kinds, if it knows them and the
// cluster does not serve them yet, and waits until it does.
func (c *Cluster) Define(ctx context.Context, kinds ...schema.GroupKind) error {
	c.defining.Lock()
	defer c.defining.Unlock()
	var names []string
	for _, kind := range kinds {
		text, known := c.known[kind]
		if !known {
			continue
		}
		if _, err := c.mapper.RESTMapping(kind); err == nil {
			continue
		}
		name, err := c.define(ctx, text)
		if err != nil {
			return fmt.Errorf("define %s: %w", kind, err)
		}
		names = append(names, name)
	}
	return c.established(ctx, names)
}

func (c *Cluster) define(ctx context.Context, text []byte) (string, error) {
	raw, err := yaml.ToJSON(text)
	if err != nil {
		return "", err
	}
	definition := &unstructured.Unstructured{}
	if err := definition.UnmarshalJSON(raw); err != nil {
		return "", err
	}
	// Controllers ship fields of newer API servers; only ours are held strictly.
	_, err = c.patch(ctx, definition, metav1.PatchOptions{FieldManager: harness, FieldValidation: metav1.FieldValidationIgnore})
	return definition.GetName(), err
}

func (c *Cluster) established(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		err := Eventually(ctx, name, func(ctx context.Context) error {
			definition, err := c.Dynamic.Resource(definitionResource()).Get(ctx, name, getOptions())
			if err != nil {
				return err
			}
			if !hasCondition(definition, "Established", "True") {
				return errors.New("it is not established")
			}
			group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
			c.mapper.Reset()
			_, err = c.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func definitionResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
}

// hasCondition reads status.conditions of any object.
func hasCondition(object *unstructured.Unstructured, typ, status string) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		condition, _ := item.(map[string]any)
		if condition["type"] == typ && condition["status"] == status {
			return true
		}
	}
	return false
}
