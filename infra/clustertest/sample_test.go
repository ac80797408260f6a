//go:build cluster

package clustertest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// sample reads the objects with their namespace under another name.
func sample(t *testing.T, namespace string) []unstructured.Unstructured {
	text, err := os.ReadFile("testdata/sample.yaml")
	require.NoError(t, err)
	documents := yaml.NewYAMLToJSONDecoder(bytes.NewReader(text))
	var objects []unstructured.Unstructured
	for {
		var object unstructured.Unstructured
		err := documents.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		// As integers, which an API machinery of JSON numbers expects.
		raw, err := object.MarshalJSON()
		require.NoError(t, err)
		require.NoError(t, object.UnmarshalJSON(raw))
		if object.GetNamespace() != "" {
			object.SetNamespace(namespace)
		} else if object.GetKind() == "Namespace" {
			object.SetName(namespace)
		}
		objects = append(objects, object)
	}
	require.Equal(t, "Namespace", objects[0].GetKind())
	return objects
}

type changed = func(*testing.T, []unstructured.Unstructured) []unstructured.Unstructured

// without removes a field, or an item of a list.
func without(kind, name string, path ...string) changed {
	return edit(kind, name, path, func(in any, last string) any {
		switch in := in.(type) {
		case map[string]any:
			delete(in, last)
		case []any:
			i, _ := strconv.Atoi(last)
			return append(in[:i:i], in[i+1:]...)
		}
		return in
	})
}

// with writes a field.
func with(kind, name string, value any, path ...string) changed {
	return edit(kind, name, path, func(in any, last string) any {
		in.(map[string]any)[last] = value
		return in
	})
}

func edit(kind, name string, path []string, change func(in any, last string) any) changed {
	return func(t *testing.T, objects []unstructured.Unstructured) []unstructured.Unstructured {
		for i := range objects {
			if objects[i].GetKind() == kind && objects[i].GetName() == name {
				objects[i].Object = descend(t, objects[i].Object, path, change).(map[string]any)
				return objects
			}
		}
		require.Fail(t, "the sample has no "+kind+" "+name)
		return nil
	}
}

func descend(t *testing.T, in any, path []string, change func(in any, last string) any) any {
	if len(path) == 1 {
		return change(in, path[0])
	}
	switch at := in.(type) {
	case map[string]any:
		require.Contains(t, at, path[0])
		at[path[0]] = descend(t, at[path[0]], path[1:], change)
	case []any:
		i, err := strconv.Atoi(path[0])
		require.NoError(t, err)
		at[i] = descend(t, at[i], path[1:], change)
	}
	return in
}

// withoutObject removes the objects of a kind with a name, or all of them.
func withoutObject(kind, name string) changed {
	return func(t *testing.T, objects []unstructured.Unstructured) []unstructured.Unstructured {
		var left []unstructured.Unstructured
		for _, object := range objects {
			if object.GetKind() != kind || name != "" && object.GetName() != name {
				left = append(left, object)
			}
		}
		require.Less(t, len(left), len(objects))
		return left
	}
}

func withoutKind(objects []unstructured.Unstructured, kind string) []unstructured.Unstructured {
	var left []unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() != kind {
			left = append(left, object)
		}
	}
	return left
}

func only(objects []unstructured.Unstructured, kind string) []unstructured.Unstructured {
	var kept []unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == kind {
			kept = append(kept, object)
		}
	}
	return kept
}

func listOptions() metav1.ListOptions { return metav1.ListOptions{} }

func deleteOptions() metav1.DeleteOptions { return metav1.DeleteOptions{} }
