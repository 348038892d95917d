package finding_test

import (
	"reflect"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

func TestPaths(t *testing.T) {
	object := map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"a.b/c": "x", "d[0]": "y"}},
		"data":     map[string]any{"0": "x"},
		"spec":     map[string]any{"items": []any{map[string]any{"name": "n"}}},
	}
	for text, expected := range map[string]finding.Path{
		"":                        {},
		"spec.items[0].name":      {"spec", "items", 0, "name"},
		"spec.items[3].name":      {"spec", "items", 3, "name"},
		"metadata.labels[a.b/c]":  {"metadata", "labels", "a.b/c"},
		"metadata.labels[d[0]]":   {"metadata", "labels", "d[0]"},
		"metadata.labels[un.set]": {"metadata", "labels", "un.set"},
		"data[0]":                 {"data", "0"},
		"spec.broken[":            {"spec", "broken", ""},
	} {
		path := finding.ParsePath(text, object)
		if len(expected) > 0 && expected[len(expected)-1] == "" {
			expected = expected[:len(expected)-1]
		}
		if !reflect.DeepEqual(path, expected) {
			t.Errorf("%s: %#v, expected %#v", text, path, expected)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"containers", "hostNetwork", "image", "imagePullPolicy", "replicas"}
	for name, expected := range map[string]string{
		"replica": "replicas", "conatiners": "containers", "hostnetwork": "hostNetwork", "img": "", "x": "", "imagePullPolcy": "imagePullPolicy",
	} {
		if found := finding.Nearest(name, append([]string{}, names...)); found != expected {
			t.Errorf("%s: %q, expected %q", name, found, expected)
		}
	}
}
