package build_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

func run(t *testing.T, view *tree.View, request build.Request) *build.Result {
	t.Helper()
	result, _, err := build.Run(context.Background(), view, request)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestOrigins names the file of each resource, and what changed it.
func TestOrigins(t *testing.T) {
	view := open(t, repotest.Write(t, base))
	for name, c := range map[string]struct {
		request build.Request
		want    []string
	}{
		"overlay": {build.Request{Path: "apps/prod"}, []string{
			"Deployment/prod-web apps/web/deployment.yaml [apps/prod/kustomization.yaml apps/prod/patch.yaml]",
			"ConfigMap/prod-plain apps/web/config.yaml [apps/prod/kustomization.yaml]",
			"ConfigMap/prod-settings-4h2mbtbbt6 apps/web/kustomization.yaml [apps/prod/kustomization.yaml]",
		}},
		"Kustomization": {request(t, "v1", [2]string{"apps/prod", `{"components":["../../parts/one"]}`}, true), []string{
			"Deployment/prod-web apps/web/deployment.yaml [parts/one/kustomization.yaml apps/prod/kustomization.yaml apps/prod/patch.yaml]",
			"ConfigMap/prod-plain apps/web/config.yaml [parts/one/kustomization.yaml apps/prod/kustomization.yaml]",
			"ConfigMap/prod-settings-4h2mbtbbt6 apps/web/kustomization.yaml [parts/one/kustomization.yaml apps/prod/kustomization.yaml]",
		}},
		"with a patch of annotations": {request(t, "v1", specs["all annotations replaced"], true), []string{
			"Deployment/prod-web apps/web/deployment.yaml [apps/prod/kustomization.yaml apps/prod/patch.yaml]",
			"ConfigMap/prod-plain <nil> [apps/prod/kustomization.yaml]",
			"ConfigMap/prod-settings-4h2mbtbbt6 apps/web/kustomization.yaml [apps/prod/kustomization.yaml]",
		}},
		"no kustomization file": {request(t, "v1", [2]string{"plain", `{"targetNamespace":"x"}`}, true), []string{
			"ConfigMap/plain plain/a.yaml []", "Secret/b plain/deep/b.yml []", "ConfigMap/one plain/list.yaml []",
			"ConfigMap/two plain/list.yaml []", "Service/c plain/sub/c.yaml [plain/sub/kustomization.yaml]",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, resource := range run(t, view, c.request).Resources {
				origin := "<nil>"
				if resource.Origin != nil {
					origin = *resource.Origin
				}
				got = append(got, fmt.Sprintf("%s/%s %s %s", resource.Kind, resource.Name, origin, resource.Transformations))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestReads lists the files that went in, and none that only lie about.
func TestReads(t *testing.T) {
	view := open(t, repotest.Write(t, base))
	want := []string{"apps/prod/kustomization.yaml", "apps/prod/patch.yaml", "apps/web/config.yaml", "apps/web/deployment.yaml", "apps/web/kustomization.yaml"}
	if got := run(t, view, request(t, "v1", specs["nothing"], true)).Reads; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestVariables tells where each value came from, and stands in for those that Git can't tell.
func TestVariables(t *testing.T) {
	view := open(t, repotest.Write(t, map[string]string{
		"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: \"${INLINE} ${FROM} ${FROM}\", y: \"${SECRET_DOMAIN}\", z: \"${D:=d}${E:-e}\"}\n",
		"b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: \"${FROM/v/w} ${KEY:-${SECRET_DOMAIN}}\"}\n",
		"c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\ndata: {x: \"${OTHER}\"}\n",
		"d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {x: plain}\n",
	}))
	request := request(t, "v1", [2]string{"", `{"postBuild":{"substitute":{"INLINE":"i"},"substituteFrom":[
		{"kind":"ConfigMap","name":"vars"},{"kind":"Secret","name":"secrets"}]}}`}, true)
	incomplete := false
	request.Variables = []substitute.Source{
		{Kind: "ConfigMap", Name: "vars", Values: map[string]string{"FROM": "v", "INLINE": "overridden"}},
		{Kind: "Secret", Name: "secrets", Values: map[string]string{"KEY": "k"}, Complete: &incomplete},
	}
	result := run(t, view, request)
	got, err := json.Marshal([]any{result.Variables, result.Placeholders})
	if err != nil {
		t.Fatal(err)
	}
	want := `[[{"name":"D","resources":[0],"source":"default"},{"name":"E","resources":[0],"source":"default"},` +
		`{"name":"FROM","resources":[0,1],"source":"ConfigMap/vars"},{"name":"INLINE","resources":[0],"source":"substitute"},` +
		`{"name":"KEY","resources":[1],"source":"Secret/secrets"},{"name":"SECRET_DOMAIN","resources":[0,1],"source":"placeholder"}],` +
		`{"SECRET_DOMAIN":"gitops-placeholder-secret-domain"}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for index, want := range []string{`"x":"i v v","y":"gitops-placeholder-secret-domain","z":"de"`, `"x":"w k"`, `"x":"${OTHER}"`, `"x":"plain"`} {
		if object := result.Resources[index].Object; !strings.Contains(object, `"data":{`+want+`}`) {
			t.Errorf("object %d is %s, want %s in it", index, object, want)
		}
	}
}

// TestUnset tells a variable that is not set, in either mode.
func TestUnset(t *testing.T) {
	view := open(t, repotest.Write(t, map[string]string{
		"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {x: \"${NOT_SET}\"}\n",
	}))
	spec := [2]string{"", `{"postBuild":{"substitute":{"OTHER":"o"}}}`}
	_, _, err := build.Run(context.Background(), view, request(t, "v1", spec, true))
	var problem *fault.Error
	if !errors.As(err, &problem) || problem.Code != fault.Substitution || problem.Variable != "NOT_SET" ||
		problem.Resource != "ConfigMap/b/a" || !strings.Contains(problem.Message, `variable not set (strict mode): "NOT_SET"`) {
		t.Errorf("the error is %+v", problem)
	}
	result := run(t, view, request(t, "v1", spec, false))
	got, _ := json.Marshal(result.Variables)
	if want := `[{"name":"NOT_SET","resources":[0],"source":"unset"}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !strings.Contains(result.Resources[0].Object, `"x":null`) {
		t.Errorf("the object is %s", result.Resources[0].Object)
	}
}

// TestRemote refuses each kind of remote base before anything is asked of the network.
func TestRemote(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for _, text := range []string{
		"resources:\n- %s/a.yaml\n", "bases: ['%s/a.git//x?ref=1']\n", "components: ['git::%s/a.git']\n", "crds: ['%s/crd.yaml']\n",
		"configMapGenerator:\n- name: a\n  files: ['k=%s/a.txt']\n", "patches:\n- path: %s/p.yaml\n", "openapi: {path: %s/o.json}\n",
		"transformers: ['%s/t.yaml']\n", "resources: [../base]\n",
	} {
		t.Run(text, func(t *testing.T) {
			if strings.Contains(text, "%s") {
				text = fmt.Sprintf(text, server.URL)
			}
			view := open(t, repotest.Write(t, map[string]string{
				"overlay/kustomization.yaml": "# a comment\n" + text, "base/kustomization.yaml": "# a comment\nresources: ['" + server.URL + "/base.yaml']\n",
			}))
			for _, request := range []build.Request{{Path: "overlay"}, request(t, "v1", [2]string{"overlay", `{}`}, true)} {
				_, _, err := build.Run(context.Background(), view, request)
				var problem *fault.Error
				if !errors.As(err, &problem) || problem.Code != fault.Remote || !strings.Contains(problem.URL, server.URL) ||
					!strings.HasSuffix(problem.File, "/kustomization.yaml") || problem.Line < 2 {
					t.Errorf("the error is %v: %+v", err, problem)
				}
			}
		})
	}
	if asked {
		t.Error("the network was asked")
	}
}

// TestRemoteAllowed fetches where it is allowed.
func TestRemoteAllowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n"))
	}))
	defer server.Close()
	view := open(t, repotest.Write(t, map[string]string{"kustomization.yaml": "resources: ['" + server.URL + "/a.yaml']\n"}))
	result, trace, err := build.Run(context.Background(), view, build.Request{Remote: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Resources) != 1 || result.Resources[0].Name != "fetched" || result.Resources[0].Origin != nil {
		t.Errorf("got %+v", result.Resources)
	}
	if trace.Complete() {
		t.Error("the trace is complete, so that the cache would keep what the network gave")
	}
}

// TestDeadline ends a build whose time is over.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	_, _, err := build.Run(ctx, open(t, repotest.Write(t, base)), build.Request{Path: "apps/prod"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

// TestLeftOut says why a path isn't there, where it is on disk.
func TestLeftOut(t *testing.T) {
	root := repotest.Write(t, map[string]string{"real/a.yaml": "", "link": "-> real", ".sourceignore": "ignored/\n", "ignored/a.yaml": "", "hidden/a.yaml": ""})
	view, err := tree.Open(root, tree.Options{Hidden: []string{"hidden/"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"link": "link is a symbolic link; Flux leaves symbolic links out of its artifacts", "hidden": "Git doesn't hold it",
		"none": "",
	} {
		_, _, err := build.Run(context.Background(), view, request(t, "v1", [2]string{path, `{}`}, true))
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Code != fault.Path || !strings.Contains(problem.Remedy, want) ||
			problem.Message != "kustomization path not found: stat "+path+": no such file or directory" {
			t.Errorf("%s: %+v", path, problem)
		}
	}
}

// TestCloneAllowed clones a remote base where it is allowed, reads nothing but the clone, and leaves nothing behind.
func TestCloneAllowed(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	repository := repotest.Write(t, map[string]string{
		"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cloned}\n",
	})
	for _, arguments := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."},
		{"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "a"},
	} {
		command := exec.Command(git, arguments...)
		command.Dir = repository
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", err, out)
		}
	}
	view := open(t, repotest.Write(t, map[string]string{
		"kustomization.yaml": "resources: ['git::file://" + repository + "//base?ref=main']\nnamePrefix: x-\n",
	}))
	result := run(t, view, build.Request{Remote: true})
	if len(result.Resources) != 1 || result.Resources[0].Name != "x-cloned" || result.Resources[0].Origin != nil {
		t.Errorf("got %+v", result.Resources)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}
