package guard

import (
	"bytes"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// measure parses one document, which begins at the given line of its file, and measures it with all aliases expanded.
// The YAML library expands none here, and nests 10,000 levels at most.
func (l limits) measure(document []byte, line int) *fault.Error {
	if punctuation(document) > 3*l.values {
		return l.tooMany(line)
	}
	var node yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(document)).Decode(&node); err != nil {
		return nil // whoever needs it as YAML fails as well
	}
	m := measurer{limits: l, first: line, anchors: map[*yaml.Node]size{}}
	m.node(&node, 0)
	return m.problem
}

func (l limits) tooMany(line int) *fault.Error {
	return limit(line, "split the file, or use fewer aliases",
		"the YAML holds more than %d values once its aliases are expanded", l.values)
}

// punctuation bounds the values of a document without parsing it, which takes about 200 bytes for each: no two of them
// come without one of these characters between them, and a comma may stand for a key without value. Text has them as well, but not as densely in what may be 1 MiB
// large at most to be applied.
func punctuation(document []byte) int {
	found := bytes.Count(document, []byte(","))
	for _, mark := range []string{",", ":", "[", "{", "-", "?", "\n", "\r"} {
		found += bytes.Count(document, []byte(mark))
	}
	return found
}

// size is what a node comes to: its values and their depths below it, and the sum of these depths.
type size struct{ values, depth, indentation int }

// open is the size of an anchor while what it holds is measured.
var open = size{values: -1}

type measurer struct {
	limits
	first   int
	anchors map[*yaml.Node]size
	problem *fault.Error
}

// node returns the size of a node that is at the given depth. Once there is a problem it goes no further.
func (m *measurer) node(node *yaml.Node, depth int) size {
	switch {
	case m.problem != nil:
		return size{}
	case node.Kind == yaml.AliasNode:
		return m.alias(node, depth)
	case depth > m.depth:
		m.fail(node, "flatten it", "the YAML is nested more than %d levels deep", m.depth)
	case node.Kind == yaml.MappingNode && len(node.Content)/2 > m.keys:
		m.fail(node, "split it", "the mapping has more than %d keys", m.keys)
	}
	if node.Anchor != "" {
		m.anchors[node] = open
	}
	total := size{values: 1}
	for _, child := range node.Content {
		total = m.add(child, total, m.node(child, depth+1))
	}
	if node.Anchor != "" {
		m.anchors[node] = total
	}
	return total
}

func (m *measurer) add(child *yaml.Node, total, part size) size {
	total.values += part.values
	total.depth = max(total.depth, part.depth+1)
	total.indentation += part.indentation + part.values
	switch {
	case m.problem != nil:
	case total.values > m.values:
		m.problem = m.tooMany(m.first + max(child.Line, 1) - 1)
	case total.indentation > m.indentation:
		m.fail(child, "flatten it", "the YAML holds too many deeply nested values")
	}
	return total
}

// alias returns the size of what an alias stands for: that was measured before, as an anchor precedes its aliases.
func (m *measurer) alias(alias *yaml.Node, depth int) size {
	known := m.anchors[alias.Alias]
	switch {
	case known == open:
		m.fail(alias, "remove the alias", "the anchor %q contains itself", alias.Value)
	case depth+known.depth > m.depth:
		m.fail(alias, "flatten it", "the YAML is nested more than %d levels deep once its aliases are expanded", m.depth)
	}
	return known
}

func (m *measurer) fail(node *yaml.Node, remedy, format string, args ...any) {
	if m.problem == nil {
		m.problem = limit(m.first+max(node.Line, 1)-1, remedy, format, args...)
	}
}
