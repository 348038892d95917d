package build_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/scan"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
)

// TestCorpora renders every Kustomization and every kustomize directory of real repositories, as they are in the
// files, and compares all of it with the controller.
func TestCorpora(t *testing.T) {
	repositories := repotest.Corpora(t, "repos")
	entries, err := os.ReadDir(repositories)
	if err != nil {
		t.Fatal(err)
	}
	for index, entry := range entries {
		if testing.Short() && index%4 != 0 {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) { compareAll(t, filepath.Join(repositories, entry.Name())) })
	}
}

func compareAll(t *testing.T, root string) {
	view, flux := open(t, root), newController(t, root)
	found, err := scan.Run(context.Background(), view)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range found.Objects {
		request, is := requestOf(t, object)
		if is {
			t.Run(object.File, func(t *testing.T) { same(t, view, flux, request) })
		}
	}
	for _, directory := range found.Kustomizations {
		if !directory.Component && len(directory.Remote) == 0 {
			t.Run(directory.File, func(t *testing.T) { same(t, view, flux, build.Request{Path: directory.Path}) })
		}
	}
}

// requestOf returns the build of a Kustomization whose sources of variables all hold something.
func requestOf(t *testing.T, object scan.Object) (build.Request, bool) {
	t.Helper()
	request := build.Request{Kustomization: kustomization(t, string(object.Object))}
	version, _ := request.Kustomization["apiVersion"].(string)
	if request.Kustomization["kind"] != "Kustomization" || !strings.HasPrefix(version, "kustomize.toolkit.") {
		return request, false
	}
	var fields struct {
		Spec struct {
			Path      string
			PostBuild struct{ SubstituteFrom []substitute.Source }
		}
	}
	if err := json.Unmarshal(object.Object, &fields); err != nil {
		return request, false // a patch, or a template
	}
	request.Path = fields.Spec.Path
	for _, source := range fields.Spec.PostBuild.SubstituteFrom {
		source.Values = map[string]string{"SECRET_DOMAIN": "example.com", "CLUSTER": "one", "NUMBER": "5"}
		request.Variables = append(request.Variables, source)
	}
	return request, true
}
