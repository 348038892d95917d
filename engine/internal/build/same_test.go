package build_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// open returns the view of a directory.
func open(t testing.TB, root string) *tree.View {
	t.Helper()
	view, err := tree.Open(root, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	return view
}

// same fails unless the engine and the controller agree on every object, its order, and on whether there is an error.
func same(t *testing.T, view *tree.View, flux *controller, request build.Request) *build.Result {
	t.Helper()
	result, _, err := build.Run(context.Background(), view, request)
	want, wantErr := flux.build(request)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("the engine says %v, the controller %v", err, wantErr)
	}
	if err != nil {
		return nil
	}
	if len(result.Resources) != len(want) {
		t.Fatalf("the engine has %d objects, the controller %d", len(result.Resources), len(want))
	}
	for index, resource := range result.Resources {
		if got, want := normal(t, resource.Object), normal(t, want[index]); got != want {
			t.Fatalf("object %d, %s/%s\n got %s\nwant %s", index, resource.Kind, resource.Name, got, want)
		}
	}
	return result
}

// normal writes JSON anew, so that only values count.
func normal(t testing.TB, text string) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %s", err, text)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// kustomization decodes a request's Flux object.
func kustomization(t testing.TB, text string) map[string]any {
	t.Helper()
	var request build.Request
	if err := json.Unmarshal([]byte(`{"kustomization":`+text+`}`), &request); err != nil {
		t.Fatal(err)
	}
	return request.Kustomization
}
