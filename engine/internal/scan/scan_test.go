package scan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/scan"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

func run(t *testing.T, files map[string]string) *scan.Result {
	t.Helper()
	view, err := tree.Open(repotest.Write(t, files), tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	result, err := scan.Run(context.Background(), view)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// places returns kind, name, file and line of each object.
func places(t *testing.T, result *scan.Result) []string {
	t.Helper()
	var all []string
	for _, found := range result.Objects {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := json.Unmarshal(found.Object, &object); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s/%s %s:%d", object.Kind, object.Metadata.Name, found.File, found.Line))
	}
	return all
}

func flux(kind, name string) string {
	return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n"
}

// TestLines gives each object the line of its first key.
func TestLines(t *testing.T) {
	result := run(t, map[string]string{
		"one.yaml":       flux("Kustomization", "a"),
		"comments.yaml":  "# a comment\n\n---\n# another\n" + flux("Kustomization", "b") + "---\n\n# c\n" + flux("Kustomization", "c"),
		"crlf.yaml":      strings.ReplaceAll("---\n"+flux("Kustomization", "d")+"---\n"+flux("Kustomization", "e"), "\n", "\r\n"),
		"directive.yaml": "%YAML 1.1\n---\n" + flux("Kustomization", "f"),
		"end.yml":        flux("Kustomization", "g") + "...\n---\n" + flux("Kustomization", "h"),
		"inline.yaml":    "--- {apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: i}}\n",
		"block.yaml":     "apiVersion: v1\nkind: ConfigMap\ndata:\n  text: |\n    apiVersion: kustomize.toolkit.fluxcd.io/v1\n    kind: Kustomization\n",
		"list.yaml":      "apiVersion: v1\nkind: List\nitems:\n  # first\n  - apiVersion: v1\n    kind: Secret\n  - " + strings.ReplaceAll(flux("Kustomization", "j"), "\n", "\n    ") + "\n",
		"other.json":     "{}", "data.yaml": "kind: Kustomization\n", "text.txt": flux("Kustomization", "k"),
		"operator.yaml": "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: l}\n",
		"quoted.yaml":   "\"apiVersion\": 'helm.toolkit.fluxcd.io/v2'\n\"kind\": HelmRelease\nmetadata: {name: m}\n",
		"similar.yaml":  "apiVersion: example.org/fluxcd.io/v1\nkind: X\n---\napiVersion: notfluxcd.org/v1\nkind: X\n",
		"no-kind.yaml":  "apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {}\n",
	})
	want := []string{
		"Kustomization/b comments.yaml:5", "Kustomization/c comments.yaml:12", "Kustomization/d crlf.yaml:2",
		"Kustomization/e crlf.yaml:7", "Kustomization/f directive.yaml:3", "Kustomization/g end.yml:1",
		"Kustomization/h end.yml:7", "GitRepository/i inline.yaml:1", "Kustomization/j list.yaml:7",
		"Kustomization/a one.yaml:1", "FluxInstance/l operator.yaml:1", "HelmRelease/m quoted.yaml:1",
	}
	slices.Sort(want)
	got := places(t, result)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(result.Errors) > 0 {
		t.Errorf("there are errors: %+v", result.Errors)
	}
}

// TestTemplates tolerates what isn't YAML, and tells of it only where it is Flux's.
func TestTemplates(t *testing.T) {
	result := run(t, map[string]string{
		"template.yaml":  "{{ if .Values.x }}\na: [\n{{ end }}\n",
		"broken.yaml":    "apiVersion: v1\nkind: [\n",
		"flux.yaml":      flux("Kustomization", "a") + "---\n" + flux("Kustomization", "b") + "spec:\n  a: 1\n b: 2\n---\n" + flux("Kustomization", "c"),
		"templated.yaml": "{{- if x }}\n" + flux("Kustomization", "d") + "{{- end }}\n",
	})
	if got, want := places(t, result), []string{"Kustomization/a flux.yaml:1", "Kustomization/c flux.yaml:14"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var files []string
	for _, problem := range result.Errors {
		files = append(files, fmt.Sprintf("%s:%d", problem.File, problem.Line))
	}
	if want := []string{"flux.yaml:12", "templated.yaml:1"}; !slices.Equal(files, want) {
		t.Errorf("the errors are at %q, want %q: %+v", files, want, result.Errors)
	}
}

// TestKustomizations resolves what kustomization files name.
func TestKustomizations(t *testing.T) {
	result := run(t, map[string]string{
		"kustomization.yaml": "resources: [apps/web, ./x.yaml, 'https://example.org/a.yaml', 'github.com/org/repo//x?ref=1', git@example.org:a/b.git]\n",
		"apps/web/kustomization.yml": "bases: [../base]\nresources: [a.yaml, ../../../out]\ncomponents: [../c]\npatchesStrategicMerge: [p.yaml, \"apiVersion: v1\\nkind: X\\n\"]\n" +
			"patches: [{path: q.yaml}, {patch: 'inline'}]\nconfigMapGenerator: [{name: c, files: [f.txt, k=g.txt], envs: [e.env], env: old.env}]\n" +
			"secretGenerator: [{name: s, files: [s.txt]}]\ncrds: [crd.yaml]\nreplacements: [{path: r.yaml}]\ntransformers: [t.yaml]\nopenapi: {path: o.json}\nconfigurations: [conf.yaml]\nunknown: [u.yaml]\n",
		"apps/c/Kustomization":      "kind: Component\n",
		"broken/kustomization.yaml": "resources: [\n",
		"charts/a/Chart.yaml":       "name: a\n", "Chart.yaml": "",
	})
	got, err := json.Marshal(result.Kustomizations)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"component":true,"file":"apps/c/Kustomization","path":"apps/c","references":[],"remote":[]},` +
		`{"component":false,"file":"apps/web/kustomization.yml","path":"apps/web","references":["apps/web/a.yaml","apps/base","apps/c","apps/web/crd.yaml",` +
		`"apps/web/conf.yaml","apps/web/t.yaml","apps/web/q.yaml","apps/web/p.yaml","apps/web/r.yaml","apps/web/f.txt","apps/web/g.txt","apps/web/e.env",` +
		`"apps/web/old.env","apps/web/s.txt","apps/web/o.json"],"remote":[]},` +
		`{"component":false,"file":"broken/kustomization.yaml","path":"broken","references":[],"remote":[]},` +
		`{"component":false,"file":"kustomization.yaml","path":"","references":["apps/web","x.yaml"],` +
		`"remote":["https://example.org/a.yaml","github.com/org/repo//x?ref=1","git@example.org:a/b.git"]}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := []string{"", "charts/a"}; !slices.Equal(result.Charts, want) {
		t.Errorf("the charts are %q", result.Charts)
	}
}

// TestValues keeps what JSON can hold as YAML has it.
func TestValues(t *testing.T) {
	result := run(t, map[string]string{"a.yaml": flux("Kustomization", "&name a") +
		"spec: {big: 12345678901234567, float: 1.50, yes: yes, 'no': no, none: ~, date: 2024-01-02, text: \"<&>\\u2028\", name: *name}\n"})
	want := `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"name":"a"},` +
		`"spec":{"big":12345678901234567,"date":"2024-01-02T00:00:00Z","float":1.5,"name":"a","no":"no","none":null,"text":"<&>\u2028","yes":"yes"}}`
	got := strings.NewReplacer(`\u003c`, "<", `\u0026`, "&", `\u003e`, ">").Replace(string(result.Objects[0].Object))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
