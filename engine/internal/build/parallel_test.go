package build_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
)

// generated is a repository of many small overlays on a shared base, a few of which bring an OpenAPI schema that
// makes kustomize merge lists of a custom resource otherwise.
func generated(t testing.TB, overlays int) string {
	files := map[string]string{
		"base/kustomization.yaml": "resources: [thing.yaml, deployment.yaml]\n",
		"base/thing.yaml": "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: thing}\nspec:\n  parts:\n" +
			"  - {name: one, value: a}\n  - {name: two, value: b}\n",
		"base/deployment.yaml": deployment,
		"schema.json": `{"definitions":{"org.example.v1.Thing":{"type":"object","properties":{"spec":{"type":"object","properties":{"parts":` +
			`{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"}}},"x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"}}}},` +
			`"x-kubernetes-group-version-kind":[{"group":"example.org","kind":"Thing","version":"v1"}]}}}`,
	}
	for index := range overlays {
		text := fmt.Sprintf("resources: [../base]\nnamePrefix: o%d-\npatches:\n- path: patch.yaml\n", index)
		if index%5 == 0 {
			text += "openapi: {path: ../schema.json}\n"
		}
		files[fmt.Sprintf("o%d/kustomization.yaml", index)] = text
		files[fmt.Sprintf("o%d/patch.yaml", index)] = fmt.Sprintf("apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: thing}\n"+
			"spec:\n  parts:\n  - {name: two, value: changed %d}\n", index)
	}
	return repotest.Write(t, files)
}

// TestParallel gives the same with many at once as one after the other, and as the controller, which resets
// kustomize's schema for each build.
func TestParallel(t *testing.T) {
	const overlays, rounds = 20, 4
	root := generated(t, overlays)
	view, flux := open(t, root), newController(t, root)
	serial := make([]string, overlays)
	for index := range serial {
		serial[index] = text(same(t, view, flux, build.Request{Path: fmt.Sprintf("o%d", index)}))
	}
	if serial[0] == "" || len(serial[0]) <= len(serial[1]) {
		t.Fatal("the schema makes no difference, the test shows nothing")
	}
	var workers sync.WaitGroup
	for range rounds {
		for index := range overlays {
			workers.Go(func() {
				result, _, err := build.Run(context.Background(), view, build.Request{Path: fmt.Sprintf("o%d", index)})
				if err != nil {
					t.Error(err)
				} else if got := text(result); got != serial[index] {
					t.Errorf("o%d\n got %s\nwant %s", index, got, serial[index])
				}
			})
		}
	}
	workers.Wait()
}

// TestPollution is Flux's own case of a schema that leaked from one build into the next.
func TestPollution(t *testing.T) {
	root := repotest.Corpora(t, "golden", "flux-pkg-kustomize", "openapiPollution")
	view, flux := open(t, root), newController(t, root)
	before := text(same(t, view, flux, build.Request{Path: "victim"}))
	same(t, view, flux, build.Request{Path: "pollutor"})
	if after := text(same(t, view, flux, build.Request{Path: "victim"})); after != before {
		t.Errorf("got %s\nwant %s", after, before)
	}
}

// TestRepeated reads the same view with one build after the other, in both orders.
func TestRepeated(t *testing.T) {
	root := repotest.Write(t, base)
	view := open(t, root)
	first, _, err := build.Run(context.Background(), view, build.Request{Path: "apps/prod"})
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range specs {
		_, _, _ = build.Run(context.Background(), view, request(t, "v1", spec, true))
		again, _, err := build.Run(context.Background(), view, build.Request{Path: "apps/prod"})
		if err != nil || text(again) != text(first) {
			t.Fatalf("after %s: %v", name, err)
		}
	}
}

// TestNothingWritten leaves the repository as it is, whatever is built.
func TestNothingWritten(t *testing.T) {
	root := repotest.Write(t, base)
	before := listing(t, root)
	view := open(t, root)
	for _, spec := range specs {
		_, _, _ = build.Run(context.Background(), view, request(t, "v1", spec, true))
	}
	if after := listing(t, root); after != before {
		t.Errorf("got\n%s\nwant\n%s", after, before)
	}
}

func listing(t *testing.T, root string) string {
	t.Helper()
	files := map[string]string{}
	err := filepath.Walk(root, func(name string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			data, readErr := os.ReadFile(name)
			files[name], err = info.ModTime().String()+string(data), readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
