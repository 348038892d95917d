package sops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

const yamlIndent = 4

// loadYAML reads all documents of a file. Comments are kept, since some files are decrypted into text.
func loadYAML(data []byte) ([]mapping, error) {
	var documents []mapping
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents, unique(data)
		}
		if err != nil {
			return nil, fmt.Errorf("is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		loader := yamlLoader{budget: maxNodes}
		content, err := loader.document(&document)
		if err != nil {
			return nil, err
		}
		documents = append(documents, content)
	}
}

// unique finds keys that the first document holds twice, which decoding into nodes passes over.
func unique(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	var first map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&first); err != nil {
		return fmt.Errorf("is not a YAML mapping: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return nil
}

// maxNodes bounds what aliases may expand to.
const maxNodes = 500_000

type yamlLoader struct{ budget int }

func (l *yamlLoader) document(document *yaml.Node) (mapping, error) {
	content := linesOf(mapping{}, document.HeadComment, false)
	content = linesOf(content, document.LineComment, false)
	for _, node := range document.Content {
		var err error
		if content, err = l.root(content, node); err != nil {
			return nil, err
		}
	}
	return linesOf(content, document.FootComment, false), nil
}

func (l *yamlLoader) root(content mapping, node *yaml.Node) (mapping, error) {
	switch {
	case node.Kind == yaml.MappingNode:
		return l.into(content, node, false)
	case node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null":
		content = linesOf(content, node.HeadComment, false)
		return linesOf(content, node.LineComment, false), nil
	case node.Kind == yaml.AliasNode:
		return l.root(content, node.Alias)
	default:
		return nil, errors.New("is not a YAML mapping")
	}
}

// into adds a mapping's entries to content; told says that its own comments are there already.
func (l *yamlLoader) into(content mapping, node *yaml.Node, told bool) (mapping, error) {
	if !told {
		content = linesOf(linesOf(content, node.HeadComment, false), node.LineComment, false)
	}
	for at := 0; at+1 < len(node.Content); at += 2 {
		key, value := node.Content[at], node.Content[at+1]
		content = linesOf(linesOf(content, key.HeadComment, false), key.LineComment, false)
		single := value.Kind == yaml.ScalarNode || value.Kind == yaml.AliasNode
		if single {
			content = linesOf(linesOf(content, value.HeadComment, false), value.LineComment, true)
		}
		name, err := l.value(key, true)
		if err != nil {
			return nil, err
		}
		inner, err := l.value(value, single)
		if err != nil {
			return nil, err
		}
		content = append(content, entry{name, inner})
		if single {
			content = linesOf(content, value.FootComment, false)
		}
		content = linesOf(content, key.FootComment, false)
	}
	if !told {
		content = linesOf(content, node.FootComment, false)
	}
	return content, nil
}

func (l *yamlLoader) value(node *yaml.Node, told bool) (any, error) {
	if l.budget--; l.budget < 0 {
		return nil, errors.New("expands to more values than anything sensible would")
	}
	switch node.Kind {
	case yaml.MappingNode:
		return l.into(mapping{}, node, told)
	case yaml.SequenceNode:
		return l.list(node, told)
	case yaml.AliasNode:
		return l.value(node.Alias, false)
	default:
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, errors.New("holds a value that can't be read as its own type")
		}
		return value, nil
	}
}

func (l *yamlLoader) list(node *yaml.Node, told bool) (any, error) {
	var items []any
	if !told {
		items = itemsOf(itemsOf(items, node.HeadComment, false), node.LineComment, false)
	}
	for _, child := range node.Content {
		items = itemsOf(itemsOf(items, child.HeadComment, false), child.LineComment, true)
		value, err := l.value(child, true)
		if err != nil {
			return nil, err
		}
		items = itemsOf(append(items, value), child.FootComment, false)
	}
	if !told {
		items = itemsOf(items, node.FootComment, false)
	}
	return items, nil
}

// comments splits a node's comment into its lines.
func comments(text string, inline bool) []comment {
	var lines []comment
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			lines = append(lines, comment{line[1:], inline})
		}
	}
	return lines
}

func linesOf(content mapping, text string, inline bool) mapping {
	for _, line := range comments(text, inline) {
		content = append(content, entry{key: line})
	}
	return content
}

func itemsOf(items []any, text string, inline bool) []any {
	for _, line := range comments(text, inline) {
		items = append(items, line)
	}
	return items
}

// emitYAML writes documents as SOPS does: what a decrypted file holds may become a Secret's value, byte by byte.
func emitYAML(documents []mapping) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(yamlIndent)
	for _, document := range documents {
		root := &yaml.Node{Kind: yaml.MappingNode}
		if err := fill(root, document); err != nil {
			return nil, err
		}
		if err := encoder.Encode(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}); err != nil {
			return nil, errors.New("can't be written as YAML")
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, errors.New("can't be written as YAML")
	}
	return out.Bytes(), nil
}

func nodeOf(value any) (*yaml.Node, error) {
	node := &yaml.Node{}
	switch value := value.(type) {
	case mapping:
		node.Kind = yaml.MappingNode
		return node, fill(node, value)
	case []any:
		node.Kind = yaml.SequenceNode
		return node, fillList(node, value)
	default:
		if err := node.Encode(value); err != nil {
			return nil, errors.New("holds a value that can't be written as YAML")
		}
		return node, nil
	}
}

func fill(node *yaml.Node, content mapping) error {
	var waiting remarks
	for _, item := range content {
		if line, isComment := item.key.(comment); isComment {
			waiting.add(line)
			continue
		}
		key, err := nodeOf(item.key)
		if err != nil {
			return err
		}
		value, err := nodeOf(item.value)
		if err != nil {
			return err
		}
		waiting.before(node, key, value)
		node.Content = append(node.Content, key, value)
	}
	waiting.after(node, 2)
	return nil
}

func fillList(node *yaml.Node, items []any) error {
	var waiting remarks
	for _, item := range items {
		if line, isComment := item.(comment); isComment {
			waiting.add(line)
			continue
		}
		value, err := nodeOf(item)
		if err != nil {
			return err
		}
		waiting.before(node, value, value)
		node.Content = append(node.Content, value)
	}
	waiting.after(node, 1)
	return nil
}

// remarks are comments whose place in the document isn't there yet.
type remarks struct{ lines, inline []string }

func (r *remarks) add(line comment) {
	if line.inline {
		r.inline = append(r.inline, line.text)
	} else {
		r.lines = append(r.lines, line.text)
	}
}

// before puts comments at what follows them: the whole of the node where nothing is before them, else the next entry.
func (r *remarks) before(node, head, line *yaml.Node) {
	if len(node.Content) == 0 {
		node.HeadComment = r.join(&r.lines, node.HeadComment)
	} else {
		head.HeadComment = r.join(&r.lines, head.HeadComment)
	}
	if inline := r.join(&r.inline, ""); inline != "" {
		line.LineComment = inline
	}
}

// after puts comments that nothing follows at the foot of the last entry; width is the number of nodes of an entry.
func (r *remarks) after(node *yaml.Node, width int) {
	r.lines = append(r.lines, r.inline...)
	if len(node.Content) == 0 {
		node.HeadComment = r.join(&r.lines, node.HeadComment)
		return
	}
	last := node.Content[len(node.Content)-width]
	if foot := r.join(&r.lines, ""); foot != "" {
		last.FootComment = strings.TrimPrefix(last.FootComment+"\n"+foot, "\n")
	}
}

// join takes the lines that wait as one comment, before another one.
func (r *remarks) join(lines *[]string, rest string) string {
	if len(*lines) == 0 {
		return rest
	}
	joined := "#" + strings.Join(*lines, "\n#")
	*lines = nil
	if rest != "" {
		joined += "\n" + rest
	}
	return joined
}
