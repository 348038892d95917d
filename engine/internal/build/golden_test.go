package build_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/envsubst"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// TestEnvsubst holds the library to the cases that its authors give.
func TestEnvsubst(t *testing.T) {
	data, err := os.ReadFile(repotest.Corpora(t, "golden", "envsubst.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Params        map[string]string
		Input, Output string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 39 {
		t.Fatalf("there are %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Input, func(t *testing.T) {
			if got := substituted(t, c.Input, c.Params); got != c.Output {
				t.Errorf("got %q, want %q", got, c.Output)
			}
			got, err := envsubst.Eval(c.Input, func(name string) (string, bool) { return c.Params[name], true })
			if err != nil || got != c.Output {
				t.Errorf("the library alone: got %q, %v, want %q", got, err, c.Output)
			}
		})
	}
}

// substituted renders a ConfigMap that holds the text, and returns what became of it. Lines around the text keep
// YAML from taking it for something else than a text; the variable makes Flux substitute at all.
func substituted(t *testing.T, text string, params map[string]string) string {
	t.Helper()
	config := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "text"},
		"data": map[string]any{"text": "first line\n" + text + "\nlast line"},
	}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"unused": "value"}
	for name, value := range params {
		variables[name] = value
	}
	object := kustomization(t, `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","metadata":{"name":"a","namespace":"b"},`+
		`"spec":{"postBuild":{"substituteFrom":[{"kind":"ConfigMap","name":"vars"}]}}}`)
	view := open(t, repotest.Write(t, map[string]string{"config.yaml": string(data)}))
	result, _, err := build.Run(context.Background(), view, build.Request{Kustomization: object,
		Variables: []substitute.Source{{Kind: "ConfigMap", Name: "vars", Values: variables}}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Data struct{ Text string } }
	if err := json.Unmarshal([]byte(result.Resources[0].Object), &got); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(got.Data.Text, "first line\n"), "\nlast line")
}

// TestFluxBuild compares with what `flux build kustomization` gives. That command masks the data of Secrets.
func TestFluxBuild(t *testing.T) {
	root := repotest.Corpora(t, "golden", "flux-build")
	ignore := "!configmap.yaml\n!secret.yaml"
	cases := map[string]struct {
		path, ignore string
		children     bool
	}{
		"podinfo":                       {path: "podinfo"},
		"podinfo-without-service":       {path: "delete-service"},
		"podinfo-with-var-substitution": {path: "var-substitution"},
		"podinfo-with-ignore":           {path: "ignore", ignore: ignore},
		"podinfo-with-my-app":           {path: "podinfo-with-my-app", children: true},
	}
	results, err := filepath.Glob(filepath.Join(root, "podinfo*-result.yaml"))
	if err != nil || len(results) != len(cases) {
		t.Fatalf("there are %d results for %d cases (%v)", len(results), len(cases), err)
	}
	for _, file := range results {
		name := strings.TrimSuffix(filepath.Base(file), "-result.yaml")
		t.Run(name, func(t *testing.T) {
			c, known := cases[name]
			if !known {
				t.Fatal("there is no case for this result")
			}
			object := kustomization(t, string(toJSON(t, filled(t, filepath.Join(root, "podinfo-kustomization.yaml")))[0]))
			got := renderAll(t, root, c.path, c.ignore, object, c.children)
			compareTexts(t, got, masked(t, toJSON(t, filled(t, file))))
		})
	}
}

// renderAll renders, and where asked also the Kustomizations among the objects, right after the object itself.
func renderAll(t *testing.T, root, path, ignore string, object map[string]any, children bool) []string {
	t.Helper()
	options := tree.Options{}
	if ignore != "" {
		options.Ignore = &ignore
	}
	view, err := tree.Open(root, options)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	result, _, err := build.Run(context.Background(), view, build.Request{Path: path, Kustomization: object})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, resource := range result.Resources {
		texts = append(texts, masked(t, []json.RawMessage{json.RawMessage(resource.Object)})...)
		if children && resource.Kind == "Kustomization" {
			child := kustomization(t, resource.Object)
			childPath, _, _ := unstructured.NestedString(child, "spec", "path")
			texts = append(texts, renderAll(t, root, childPath, ignore, child, true)...)
		}
	}
	return texts
}

// TestFluxKustomize compares with the expected files of fluxcd/pkg/kustomize, which have no labels of an owner.
func TestFluxKustomize(t *testing.T) {
	root := repotest.Corpora(t, "golden", "flux-pkg-kustomize")
	included := "!config.yaml"
	cases := map[string]struct {
		object string
		ignore *string
	}{
		"kustomization":             {object: "kustomization.yaml"},
		"kustomization_varsub":      {object: "kustomization_varsub.yaml"},
		"kustomization_with_ignore": {object: "kustomization.yaml", ignore: &included},
	}
	results, err := filepath.Glob(filepath.Join(root, "*_expected.yaml"))
	if err != nil || len(results) != len(cases) {
		t.Fatalf("there are %d results for %d cases (%v)", len(results), len(cases), err)
	}
	for _, file := range results {
		name := strings.TrimSuffix(filepath.Base(file), "_expected.yaml")
		t.Run(name, func(t *testing.T) {
			c, known := cases[name]
			if !known {
				t.Fatal("there is no case for this result")
			}
			request := build.Request{
				Kustomization: kustomization(t, string(toJSON(t, filled(t, filepath.Join(root, c.object)))[0])),
				Variables:     []substitute.Source{{Kind: "ConfigMap", Name: "app-vars", Values: dataOf(t, filepath.Join(root, "configmap.yaml"))}},
			}
			view, err := tree.Open(resourcesOf(t, root, c.ignore != nil), tree.Options{Ignore: c.ignore})
			if err != nil {
				t.Fatal(err)
			}
			result, _, err := build.Run(context.Background(), view, request)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, resource := range result.Resources {
				got = append(got, withoutOwner(t, resource.Object))
			}
			compareTexts(t, got, masked(t, toJSON(t, filled(t, file))))
		})
	}
}

// resourcesOf copies the directory that those cases build; most of them build it without its ignore file.
func resourcesOf(t *testing.T, root string, ignore bool) string {
	t.Helper()
	target := t.TempDir()
	names, err := os.ReadDir(filepath.Join(root, "resources"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name.Name() == ".sourceignore" && !ignore {
			continue
		}
		if err := copyFile(filepath.Join(root, "resources", name.Name()), filepath.Join(target, name.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

func withoutOwner(t *testing.T, text string) string {
	t.Helper()
	object := unstructured.Unstructured{}
	if err := object.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	labels := object.GetLabels()
	delete(labels, "kustomize.toolkit.fluxcd.io/name")
	delete(labels, "kustomize.toolkit.fluxcd.io/namespace")
	object.SetLabels(labels)
	data, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return normal(t, string(data))
}

func dataOf(t *testing.T, file string) map[string]string {
	t.Helper()
	var object struct{ Data map[string]string }
	if err := json.Unmarshal(toJSON(t, filled(t, file))[0], &object); err != nil {
		t.Fatal(err)
	}
	return object.Data
}

// filled reads a file with the placeholder of flux's own tests filled in.
func filled(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "{{ .fluxns }}", "flux-system")
}

// toJSON returns the documents of a YAML text as JSON.
func toJSON(t *testing.T, text string) []json.RawMessage {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var documents []json.RawMessage
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); err != nil {
			return documents
		}
		if len(document) > 0 && string(document) != "null" {
			documents = append(documents, document)
		}
	}
}

// masked hides the values of Secrets, and what SOPS says of them, as the flux command does in its own way.
func masked(t *testing.T, objects []json.RawMessage) []string {
	t.Helper()
	var texts []string
	for _, text := range objects {
		object := map[string]any{}
		if err := json.Unmarshal(text, &object); err != nil {
			t.Fatal(err)
		}
		if object["kind"] == "Secret" {
			delete(object, "sops")
			for _, field := range []string{"data", "stringData"} {
				values, _ := object[field].(map[string]any)
				for key := range values {
					values[key] = "masked"
				}
			}
		}
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	return texts
}

func compareTexts(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d", len(got), len(want))
	}
	for index := range want {
		if got, want := normal(t, got[index]), normal(t, want[index]); got != want {
			t.Errorf("object %d\n got %s\nwant %s", index, got, want)
		}
	}
}
