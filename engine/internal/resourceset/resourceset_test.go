package resourceset_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/resourceset"
)

type object = map[string]any

// read returns the documents of a file.
func read(t *testing.T, file string) []any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var documents []any
	for _, text := range strings.Split("\n"+string(data), "\n---") {
		var document any
		converted, err := yaml.YAMLToJSON([]byte(text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := utiljson.Unmarshal(converted, &document); err != nil {
			t.Fatal(err)
		}
		if document != nil {
			documents = append(documents, document)
		}
	}
	return documents
}

// own returns the set's own inputs.
func own(set object) resourceset.Provider {
	provider := resourceset.Provider{Name: set["metadata"].(object)["name"].(string)}
	inputs, _ := set["spec"].(object)["inputs"].([]any)
	for _, one := range inputs {
		provider.Sets = append(provider.Sets, one.(object))
	}
	return provider
}

func build(t *testing.T, set object, providers ...resourceset.Provider) ([]resourceset.Step, error) {
	t.Helper()
	return resourceset.Build(t.Context(), set, append([]resourceset.Provider{own(set)}, providers...))
}

func decoded(t *testing.T, steps []resourceset.Step, bare bool) []any {
	t.Helper()
	var objects []any
	for _, step := range steps {
		for _, rendered := range step.Objects {
			var one object
			if err := utiljson.Unmarshal([]byte(rendered.Object), &one); err != nil {
				t.Fatal(err)
			}
			if bare {
				metadata := one["metadata"].(object)
				marks := metadata["labels"].(object)
				delete(marks, "resourceset.fluxcd.controlplane.io/name")
				delete(marks, "resourceset.fluxcd.controlplane.io/namespace")
				if len(marks) == 0 {
					delete(metadata, "labels")
				}
			}
			objects = append(objects, one)
		}
	}
	return objects
}

// TestGolden compares with what flux-operator's authors expect.
func TestGolden(t *testing.T) {
	root := repotest.Corpora(t, "golden", "resourceset-builder")
	files, err := filepath.Glob(filepath.Join(root, "*.golden.yaml"))
	if err != nil || len(files) < 8 {
		t.Fatalf("there are %d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			steps, err := build(t, read(t, strings.Replace(file, ".golden", "", 1))[0].(object))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decoded(t, steps, true), read(t, file); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%v\nwant\n%v", got, want)
			}
		})
	}
}

// TestGoldenErrors compares with what flux-operator's authors expect to fail.
func TestGoldenErrors(t *testing.T) {
	root := repotest.Corpora(t, "golden")
	for name, want := range map[string]string{
		"resourceset-builder/missing-inputs.yaml":       `spec.resources[0].spec.ref.semver: the inputs have no key "semver"`,
		"resourceset-builder/steps-duplicate.yaml":      "spec.steps[1].resourcesTemplate: ConfigMap/app-config is made by step pre-deploy already",
		"resourceset-cli/rset-steps-and-resources.yaml": "spec.steps: steps can't be used together with resources or resourcesTemplate",
	} {
		_, err := build(t, read(t, filepath.Join(root, name))[0].(object))
		if got := told(t, err); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	_, err := build(t, read(t, filepath.Join(root, "resourceset-builder/invalid-output.yaml"))[0].(object))
	if got := told(t, err); !strings.HasPrefix(got, "spec.resources[0]: what it renders to can't be read: ") {
		t.Errorf("got %s", got)
	}
	steps, err := build(t, read(t, filepath.Join(root, "resourceset-builder/empty.yaml"))[0].(object))
	if err != nil || len(decoded(t, steps, true)) != 0 {
		t.Errorf("got %v, %v", steps, err)
	}
}

func told(t *testing.T, err error) string {
	t.Helper()
	var problem *fault.Error
	if !errors.As(err, &problem) {
		t.Fatalf("the error is %v", err)
	}
	if problem.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", problem.Field, problem.Line, problem.Message)
	}
	return problem.Field + ": " + problem.Message
}

// TestGoldenProviders compares what static providers make of ResourceSets, by name or by their labels.
func TestGoldenProviders(t *testing.T) {
	root := repotest.Corpora(t, "golden", "resourceset-cli")
	for set, files := range map[string][2]string{
		"rset-standalone.yaml":          {"golden.yaml", ""},
		"rset-with-steps.yaml":          {"golden-steps.yaml", ""},
		"rset-with-rsip.yaml":           {"golden.yaml", "rsip.yaml"},
		"rset-with-rsip-labeled.yaml":   {"golden-labeled.yaml", "rsip-labeled.yaml"},
		"rset-with-rsip-named.yaml":     {"golden-named.yaml", "rsip-named.yaml"},
		"rset-with-rsip-permuted.yaml":  {"golden-permuted.yaml", "rsip.yaml"},
		"rset-with-rsip-separator.yaml": {"golden-separator.yaml", "rsip-separator.yaml"},
	} {
		t.Run(set, func(t *testing.T) {
			owner := read(t, filepath.Join(root, set))[0].(object)
			var providers []resourceset.Provider
			if files[1] != "" {
				providers = selected(t, owner, read(t, filepath.Join(root, files[1])))
			}
			steps, err := build(t, owner, providers...)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decoded(t, steps, false), read(t, filepath.Join(root, files[0])); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%v\nwant\n%v", got, want)
			}
		})
	}
}

// selected gives the static providers that a ResourceSet names.
func selected(t *testing.T, owner object, documents []any) []resourceset.Provider {
	t.Helper()
	var found []resourceset.Provider
	for _, one := range owner["spec"].(object)["inputsFrom"].([]any) {
		from := one.(object)
		for _, document := range documents {
			provider := document.(object)
			metadata := provider["metadata"].(object)
			name := metadata["name"].(string)
			if from["name"] == name || matches(t, from["selector"], metadata["labels"]) {
				values, _ := provider["spec"].(object)["defaultValues"].(object)
				found = append(found, resourceset.Provider{Name: name, Sets: []map[string]any{resourceset.Static(name, values)}})
			}
		}
	}
	return found
}

func matches(t *testing.T, given, marks any) bool {
	t.Helper()
	if given == nil {
		return false
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(given.(object), &selector); err != nil {
		t.Fatal(err)
	}
	parsed, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		t.Fatal(err)
	}
	set := labels.Set{}
	fields, _ := marks.(object)
	for key, value := range fields {
		set[key] = value.(string)
	}
	return parsed.Matches(set)
}

// TestErrors says where in a template it fails.
func TestErrors(t *testing.T) {
	for template, want := range map[string]string{
		"a: b\nc: << inputs.x":                   "spec.resourcesTemplate:2: unclosed action",
		"a: b\nc: << nothing >>":                 `spec.resourcesTemplate:2: function "nothing" not defined`,
		"a: b\nc: << inputs.x >>":                `spec.resourcesTemplate:2: the inputs have no key "x"`,
		"a: b\nc: << env \"HOME\" >>":            `spec.resourcesTemplate:2: function "env" not defined`,
		"a: b":                                   "spec.resourcesTemplate: what it renders to is no Kubernetes object: apiVersion, kind and metadata.name are needed",
		"<< range until 1000000000 >>a<< end >>": "spec.resourcesTemplate: the template makes too much text",
		"<< repeat 1000000000 \"long text\" >>":  "spec.resourcesTemplate: the template makes too much text",
		"<< seq 1 2 1000000000 >>":               "spec.resourcesTemplate: the template makes too much text",
		`<< define "a" >>xxxxxxxxxxxxxxxxxxxxxxxxxxxx<< template "a" >><< end >><< template "a" >>`: "",
		`<< range $a := until 10000 >><< range $b := until 10000 >>xxxxxxxxxx<< end >><< end >>`:    "spec.resourcesTemplate: the template makes too much text",
	} {
		_, err := build(t, object{
			"metadata": object{"name": "a", "namespace": "b"},
			"spec":     object{"inputs": []any{object{"y": "z"}}, "resourcesTemplate": template},
		})
		if got := told(t, err); got != want && want != "" {
			t.Errorf("%s: got %s, want %s", template, got, want)
		}
	}
}

// TestPermutations ends where there are too many.
func TestPermutations(t *testing.T) {
	var inputs []any
	var sets []map[string]any
	for range 200 {
		inputs, sets = append(inputs, object{}), append(sets, object{})
	}
	_, err := build(t, object{
		"metadata": object{"name": "a", "namespace": "b"},
		"spec":     object{"inputs": inputs, "inputStrategy": object{"name": "Permute"}},
	}, resourceset.Provider{Name: "c", Sets: sets})
	if got := told(t, err); got != ": the inputs have more than 10000 permutations" {
		t.Errorf("got %s", got)
	}
}

// TestNumbers keeps integers integers.
func TestNumbers(t *testing.T) {
	var set object
	text := `{"metadata": {"name": "a", "namespace": "b"}, "spec": {"inputs": [{"n": 9007199254740993}], "resources": [
		{"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"n": "<< inputs.n >>", "q": "<< inputs.n | quote >>"}}]}}`
	if err := utiljson.Unmarshal([]byte(text), &set); err != nil {
		t.Fatal(err)
	}
	steps, err := build(t, set)
	if err != nil {
		t.Fatal(err)
	}
	if got := steps[0].Objects[0].Object; !strings.Contains(got, `{"n":9007199254740993,"q":"9007199254740993"}`) {
		t.Errorf("got %s", got)
	}
}
