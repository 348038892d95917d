package build_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// TestBases builds with remote bases that were fetched, as if they were vendored.
func TestBases(t *testing.T) {
	const directory, single, keyed, nested = "https://example.com/a/b//overlays/x?ref=v1", "https://example.com/c.yaml",
		"https://example.com/d/notes.txt", "git@example.com:e/f.git"
	fetched := repotest.Write(t, map[string]string{
		"overlays/x/kustomization.yaml": "resources: [../../base, " + nested + "]\nnamePrefix: x-\n",
		"base/kustomization.yaml":       "resources: [a.yaml]\n",
		"base/a.yaml":                   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		".github/skipped.txt":           "",
	})
	inner := repotest.Write(t, map[string]string{
		"kustomization.yml": "resources: [b.yaml]\n", "b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
	})
	files := repotest.Write(t, map[string]string{
		"c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "notes.txt": "notes",
	})
	text := func(directory, single, keyed string) string {
		return "# first\nresources:\n- \"" + directory + "\" # x\n- '" + single + "'\n- local.yaml\nlabels:\n- pairs: {url: 'https'}\n" +
			"generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator:\n- name: generated\n  files: [key=" + keyed + ", " + keyed + "]\n"
	}
	local := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local}\ndata: {url: '" + directory + "'}\n"
	view := open(t, repotest.Write(t, map[string]string{
		"apps/kustomization.yaml": text(directory, single, keyed), "apps/local.yaml": local,
		"vendored/kustomization.yaml": text("overlays/x", "c.yaml", "notes.txt"), "vendored/local.yaml": local,
		"vendored/overlays/x/kustomization.yaml": "resources: [../../base, ../../f]\nnamePrefix: x-\n",
		"vendored/base/kustomization.yaml":       "resources: [a.yaml]\n",
		"vendored/base/a.yaml":                   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		"vendored/f/kustomization.yml":           "resources: [b.yaml]\n",
		"vendored/f/b.yaml":                      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
		"vendored/c.yaml":                        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "vendored/notes.txt": "notes",
	}))
	bases := []build.Base{
		{URL: directory, Directory: fetched, Path: "overlays/x"}, {URL: single, Directory: files, Path: "c.yaml"},
		{URL: keyed, Directory: files, Path: "notes.txt"}, {URL: nested, Directory: inner},
	}
	objects := func(result *build.Result) (texts, origins []string) {
		for _, resource := range result.Resources {
			texts = append(texts, resource.Object)
			origin := "none"
			if resource.Origin != nil {
				origin = *resource.Origin
			}
			origins = append(origins, origin)
		}
		return texts, origins
	}
	for _, under := range []func(string) build.Request{
		func(path string) build.Request { return build.Request{Path: path} },
		func(path string) build.Request {
			return request(t, "v1", [2]string{path, `{"namePrefix": "y-"}`}, true)
		},
	} {
		remote := under("apps")
		remote.Bases = bases
		got := run(t, view, remote)
		texts, origins := objects(got)
		want, _ := objects(run(t, view, under("vendored")))
		if !slices.Equal(texts, want) || len(want) != 5 {
			t.Errorf("got %s\nwant %s", texts, want)
		}
		if places := []string{"none", "none", "none", "apps/local.yaml", "apps/kustomization.yaml"}; !slices.Equal(origins, places) {
			t.Errorf("the origins are %s", origins)
		}
		if reads := []string{"apps/kustomization.yaml", "apps/local.yaml"}; !slices.Equal(got.Reads, reads) {
			t.Errorf("the files read are %s", got.Reads)
		}
		remote.Bases = bases[:3]
		_, _, err := build.Run(context.Background(), view, remote)
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Code != fault.Remote || problem.URL != nested {
			t.Errorf("the error is %+v", problem)
		}
	}
}

// TestBrokenBase tells an error within a remote base where the tree names that.
func TestBrokenBase(t *testing.T) {
	const address = "https://example.com/a/b//x"
	view := open(t, repotest.Write(t, map[string]string{"apps/kustomization.yaml": "resources:\n- " + address + "\n"}))
	for text, want := range map[string]string{
		"resources: [none.yaml]\n": address + "/none.yaml: no such file or directory",
		"resources: [../y]\n":      "in the remote base " + address + ": yaml: did not find expected node content",
	} {
		fetched := repotest.Write(t, map[string]string{
			"x/kustomization.yaml": text, "y/kustomization.yaml": "resources: [bad.yaml]\n", "y/bad.yaml": "a: [\n",
		})
		_, _, err := build.Run(context.Background(), view, build.Request{Path: "apps", Bases: []build.Base{{URL: address, Directory: fetched, Path: "x"}}})
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Message != want || problem.File != "apps/kustomization.yaml" || problem.Line != 2 {
			t.Errorf("the error is %+v", problem)
		}
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
		"ignored": "ignored is excluded from the source's artifact by its ignore rules",
		"none":    "",
	} {
		_, _, err := build.Run(context.Background(), view, request(t, "v1", [2]string{path, `{}`}, true))
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Code != fault.Path || !strings.Contains(problem.Remedy, want) ||
			problem.Message != "kustomization path not found: stat "+path+": no such file or directory" {
			t.Errorf("%s: %+v", path, problem)
		}
	}
}
