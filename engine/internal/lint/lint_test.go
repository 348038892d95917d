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
