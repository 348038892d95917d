package canonical_test

import (
	"encoding/json"
	"errors"
	"testing"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/canonical"
)

// seeds are texts of each kind that YAML writes otherwise than JSON, or that its writer is known to change.
var seeds = []string{
	"a: 1\nb: -0\nc: 0x1F\nd: 0o17\ne: 017\nf: 1_000\ng: 1.50\nh: 1e3\ni: .inf\n", "a: 12345678901234567890\nb: -9223372036854775808\nc: 1e400\n",
	"a: yes\nb: on\nc: 'true'\nd: True\ne: null\nf: ~\ng:\nh: NULL\n", "a: 2024-01-02\nb: 2024-01-02T03:04:05Z\nc: '2024-01-02'\n",
	"a: >-\n  one\n    two\n\n  three\nb: >\n  x\n", "a: |+\n  x\n\n\nb: |2\n   x\nc: |\n  x \n  y\t\n", "a: \"\\u2028\\x00\\t\\r\\n<&>\\\"\\\\\"\nb: é\n",
	"a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", "b: 1\na: {}\nc: []\nd: [1, [2], {e: f}]\n", "1: a\ntrue: b\n", "a: !!str 5\nb: !!int '5'\nc: !x y\n",
	"? [a]\n: b\n", "a: 1\na: 2\n", "# head\na: b # line\n# foot\n", "a: 'x\n\n  y'\nb: \"x\n  y\"\nc: x\n  y\n", "a: !!binary aGk=\n", "a: ''\nb: \" x \"\nc: \"x\\n\"\n",
}

// same compares with kustomize's own JSON of a node. What is left to a full decoder counts as right.
func same(t *testing.T, text string) {
	t.Helper()
	node, err := kyaml.Parse(text)
	if err != nil || node.YNode() == nil || node.YNode().Kind != yaml.MappingNode {
		return
	}
	got, err := canonical.Append(nil, node.YNode())
	if errors.Is(err, canonical.ErrUnusual) {
		return
	}
	want, wantErr := node.MarshalJSON()
	if wantErr != nil {
		return
	}
	if normal(t, got) != normal(t, want) {
		t.Errorf("%q\n got %s\nwant %s", text, got, want)
	}
}

func normal(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %s", err, text)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSame(t *testing.T) {
	for _, text := range seeds {
		same(t, text)
	}
}

func FuzzSame(f *testing.F) {
	for _, text := range seeds {
		f.Add(text)
	}
	f.Fuzz(same)
}

// TestUsual holds what most objects consist of to the fast way.
func TestUsual(t *testing.T) {
	var node yaml.Node
	text := "z: text\na:\n  b: [1, 2.5, true, null, 'x']\n  c: |\n    lines\n    more\n  d: \"q\\\"\"\n"
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		t.Fatal(err)
	}
	got, err := canonical.Append(nil, &node)
	if want := `{"a":{"b":[1,2.5,true,null,"x"],"c":"lines\nmore\n","d":"q\""},"z":"text"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}
