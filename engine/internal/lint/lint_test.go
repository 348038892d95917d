package lint_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/lint"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

func TestDuplicates(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"a/kustomization.yaml": "namePrefix: x-\nresources: [cm.yaml]\nnamePrefix: y-\npatches:\n" +
			"  - path: patch.yaml\n  - path: gone.yaml\n  - patch: |-\n      kind: ConfigMap\n      data:\n        x: 1\n        x: 2\n",
		"a/patch.yaml":         "kind: A\n---\nkind: B\nspec:\n  a: 1\n  b: {c: 1, c: 2}\n  a: 2\n",
		"a/cm.yaml":            "kind: ConfigMap\nkind: ConfigMap\n",
		"b/other.yaml":         "a: 1\na: 2\n",
		"c/kustomization.yaml": "resources:\n  - &a x.yaml\n: broken\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	view, err := tree.Open(root, tree.Options{Guard: guard.File})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := lint.Run(context.Background(), view)
	if err != nil {
		t.Fatal(err)
	}
	expected := []lint.Duplicate{
		{File: "a/kustomization.yaml", First: 1, Key: "namePrefix", Line: 3},
		{File: "a/kustomization.yaml", First: 10, Key: "x", Line: 11},
		{File: "a/patch.yaml", First: 6, Key: "c", Line: 6},
		{File: "a/patch.yaml", First: 5, Key: "a", Line: 7},
	}
	if !slices.Equal(found.Duplicates, expected) {
		t.Errorf("found %v, expected %v", found.Duplicates, expected)
	}
}

func TestUnknownFields(t *testing.T) {
	root := t.TempDir()
	text := "kind: Kustomization\nmetadata: {name: a}\nNamePrefix: a-\nresource: [a.yaml]\nx-common: 1\n" +
		"anything: &label {a: b}\ncommonAnnotations: *label\nimages:\n  - {name: web, tag: v1}\npatches:\n" +
		"  - target: {kinds: Deployment, annotationSelector: a=b}\n    path: gone.yaml\n    options: {allowNameChange: true}\n" +
		"configMapGenerator:\n  - name: c\n    literal: [a=b]\n    options: {disableNameSuffixHash: true}\n" +
		"replacements:\n  - source: {kind: ConfigMap, fieldpath: data.x}\n    targets: [{select: {kind: Secret}, fieldPath: [a]}]\n" +
		"nothing-like-it: 1\n"
	if err := os.WriteFile(filepath.Join(root, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	view, err := tree.Open(root, tree.Options{Guard: guard.File})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := lint.Run(context.Background(), view)
	if err != nil {
		t.Fatal(err)
	}
	expected := []lint.Unknown{
		{Key: "resource", Line: 4, Nearest: "resources"},
		{Key: "tag", Line: 9, Nearest: "newTag", Within: "images"},
		{Key: "kinds", Line: 11, Nearest: "kind", Within: "target"},
		{Key: "literal", Line: 16, Nearest: "literals", Within: "configMapGenerator"},
		{Key: "fieldPath", Line: 20, Nearest: "fieldPaths", Within: "targets"},
		{Key: "nothing-like-it", Line: 21},
	}
	for i := range expected {
		expected[i].File = "kustomization.yaml"
	}
	if !slices.Equal(found.Unknown, expected) {
		t.Errorf("found %v, expected %v", found.Unknown, expected)
	}
}
