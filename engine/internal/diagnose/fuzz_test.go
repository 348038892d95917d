package diagnose

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// FuzzLines looks for panics, and for lines that the text doesn't have.
func FuzzLines(f *testing.F) {
	for _, text := range []string{
		"a: [\n", "a:\n\tb: c\n", "---\na: b\n--- \nc: 'd\n", "a: b: c", "\n\n- a\n b\n", "kind: List\nitems:\n- {kind: A, metadata: {name: b}}\n",
		"patches:\n- path: a.yaml\n  target: {kind: B}\n", "a: 1\na: 2\n", "\xff\xfea\x00", "&a [*a]", "\ufeffa: b\r\nc: [\r\n",
	} {
		f.Add([]byte(text), "a")
	}
	f.Fuzz(func(t *testing.T, data []byte, word string) {
		lines := bytes.Count(data, []byte("\n")) + 1
		check := func(what string, line int) {
			if line < 0 || line > lines+1 {
				t.Errorf("%s: line %d of %d", what, line, lines)
			}
		}
		s := &source{data: data, fields: fieldsOf(data)}
		check("value", s.lineOf(nil, is(word)))
		check("key", s.keyLine(word))
		check("type", s.wrongLine(word, "number"))
		check("text", s.textLine(word))
		if line, message, broken := syntax(data); broken {
			check("syntax", line)
			_ = remedyFor(data, line, message)
		}
		second, first := duplicateKey(data, word)
		check("second", second)
		check("first", first)
		for _, o := range objectsOf("a.yaml", data) {
			check("object", o.line)
			check("name", o.name)
		}
		for _, o := range operations(string(data)) {
			check("operation", o.line)
		}
	})
}

// FuzzExplain looks for error texts that can't be taken apart.
func FuzzExplain(f *testing.F) {
	for _, text := range []string{
		"accumulating resources: accumulation err='accumulating resources from '../base': read /gitops-artifact/base: is a directory': " +
			"recursed accumulation of path '/gitops-artifact/base': accumulating resources: accumulation err='accumulating resources from " +
			"'nope.yaml': open /gitops-artifact/base/nope.yaml: no such file or directory': must build at directory: not a valid directory",
		`accumulating components: accumulateDirectory: "recursed accumulation of path 'comp': no matches for Id A.v1.b/c.d; failed"`,
		"trouble configuring builtin PatchTransformer with config: `\npath: p.yaml\n`: unable to parse SM or JSON patch from [path: \"p.yaml\"]",
		"namespace transformation produces ID conflict: [{\"kind\":\"A\"}", "invalid Kustomization: json: unknown field \"x\"",
		"error in remove for path: '/a': missing value", "may not add resource with an already registered id: A/b", "yaml: line 3: x",
		"merging from generator &{}: id resid.ResId{Gvk:resid.Gvk{Kind:\"A\"}, Name:\"b\"} exists; x", "kustomization.yaml is empty",
	} {
		f.Add(text)
	}
	root := f.TempDir()
	for name, text := range map[string]string{
		"app/kustomization.yaml":  "resources: [../base, a.yaml]\ncomponents: [../comp]\npatches: [{path: p.yaml}, {patch: '- op: remove'}]\n",
		"base/kustomization.yaml": "resources: [../base, ../app, b.yaml]\n", "base/b.yaml": "kind: A\nmetadata: {name: c}\n",
		"comp/kustomization.yaml": "resources: [", "app/p.yaml": "a: [",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	view, err := tree.Open(root, tree.Options{})
	if err != nil {
		f.Fatal(err)
	}
	spec := map[string]any{"patches": []any{map[string]any{"patch": "x"}}, "components": []any{"../comp"}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, object := range []map[string]any{nil, {"spec": spec}} {
			problem := Build{View: view, Dir: "app", Kustomization: object, Reads: view.Files()}.peel(text).explain()
			if problem == nil || problem.Code == "" {
				t.Errorf("%q is not explained", text)
			}
		}
	})
}
