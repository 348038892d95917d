package guard

import (
	"bytes"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// small makes the limits reachable for short texts.
var small = limits{depth: 6, values: 60, keys: 8, indentation: 300, column: 5, openers: 3}

// FuzzClear looks for documents that the quick look lets pass although they hold more than it counted.
func FuzzClear(f *testing.F) {
	for _, text := range []string{
		"a: [b, {c: d}]\n", "- - ? a\n  : b\n", "a: &x [1]\nb: *x\n", "a:\n- b\n-\tc\n", "\ufeffa: b", "a: 'x\n\n y'\n", "{a: \"}\", b, c}",
		"? - a\n  - b\n: c\n", "a: !!set {b, c}\n", "- |\n  [\n- >\n {\n", "a: {b: [\nc], d: e}\nf: g", "\"a\":{\"b\":[1,2]}", "a:\r b\r",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if len(document) > 2000 || bytes.Contains(document, separator) || !small.clear(document) {
			return
		}
		loose := small
		loose.depth = 2*(small.column+1) + 2*small.openers + 2
		loose.indentation = small.values * loose.depth
		if problem := loose.measure(document, 1); problem != nil {
			t.Errorf("passed, but %s", problem.Message)
		}
	})
}

// FuzzFile looks for panics, and for aliases that get through.
func FuzzFile(f *testing.F) {
	f.Add([]byte(aliases(3)))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("a: &a\n  b: &b {<<: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if File("a.yaml", data) != nil || bytes.Contains(data, separator) {
			return
		}
		var node yaml.Node
		if yaml.Unmarshal(data, &node) != nil {
			return
		}
		for range MaxDepth + 2 {
			if node.Kind == yaml.AliasNode {
				node = *node.Alias
			} else if len(node.Content) > 0 {
				node = *node.Content[len(node.Content)-1]
			}
		}
		if len(node.Content) > 0 {
			t.Error("deeper than the limit")
		}
	})
}
