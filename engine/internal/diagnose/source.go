package diagnose

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// source is a file of YAML with the places of its values, as far as it can be parsed.
type source struct {
	name   string
	data   []byte
	fields []field
}

// field is a key, an item or a scalar of a YAML file, or of the Flux object's spec.
type field struct {
	// path is such as "patches[0].path".
	path  string
	value string
	// line is where the value begins, key where its key does; 0 in a Flux object.
	line, key int
	style     yaml.Style
	scalar    bool
}

// read returns a file of the view; one without contents where there is none.
func (b Build) read(name string) *source {
	s := &source{name: name}
	if name == "" {
		return s
	}
	entry := b.View.Lookup(name)
	if entry == nil || entry.IsDir() {
		return s
	}
	data, err := b.View.Read(entry)
	if err != nil {
		return s
	}
	s.data = data
	s.fields = fieldsOf(data)
	return s
}

// fieldsOf lists what the first document of a text holds, in its order; nothing where it doesn't parse.
func fieldsOf(data []byte) []field {
	var node yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&node); err != nil || len(node.Content) == 0 {
		return nil
	}
	var fields []field
	visit(node.Content[0], "", node.Content[0].Line, 0, func(f field) { fields = append(fields, f) })
	return fields
}

// maxNesting bounds the recursion; what is deeper is of no interest here.
const maxNesting = 50

func visit(node *yaml.Node, path string, key, depth int, found func(field)) {
	if depth > maxNesting {
		return
	}
	found(field{
		path: path, value: node.Value, line: node.Line, key: key, style: node.Style, scalar: node.Kind == yaml.ScalarNode,
	})
	switch node.Kind {
	case yaml.SequenceNode:
		for index, item := range node.Content {
			visit(item, fmt.Sprintf("%s[%d]", path, index), item.Line, depth+1, found)
		}
	case yaml.MappingNode:
		for index := 0; index+1 < len(node.Content); index += 2 {
			name := node.Content[index]
			visit(node.Content[index+1], strings.TrimPrefix(path+"."+name.Value, "."), name.Line, depth+1, found)
		}
	}
}

// flatten lists the scalars of the Flux object's fields in the same way; maps in the order of their keys.
func flatten(value any) []field { return flattenAt(value, "", 0) }

func flattenAt(value any, path string, depth int) []field {
	fields := []field{}
	if depth > maxNesting {
		return fields
	}
	switch value := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(value))
		for key := range value {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			fields = append(fields, flattenAt(value[key], strings.TrimPrefix(path+"."+key, "."), depth+1)...)
		}
	case []any:
		for index, item := range value {
			fields = append(fields, flattenAt(item, fmt.Sprintf("%s[%d]", path, index), depth+1)...)
		}
	default:
		fields = append(fields, field{path: path, value: fmt.Sprint(value), scalar: true})
	}
	return fields
}

// spec returns what the Flux object adds to this scene's kustomization.
func (s *scene) spec() map[string]any {
	if !s.outermost() {
		return nil
	}
	spec, _ := s.build.Kustomization["spec"].(map[string]any)
	return spec
}

// values returns the scalars at paths that match (nil: at any).
func (s *source) values(paths *regexp.Regexp) []string {
	var values []string
	for _, f := range s.fields {
		if f.scalar && (paths == nil || paths.MatchString(f.path)) {
			values = append(values, f.value)
		}
	}
	return values
}

// find returns the first field at a path that matches (nil: any) with such a value.
func (s *source) find(paths *regexp.Regexp, matches func(string) bool) (field, bool) {
	return findIn(s.fields, paths, matches)
}

func findIn(fields []field, paths *regexp.Regexp, matches func(string) bool) (field, bool) {
	for _, f := range fields {
		if f.scalar && (paths == nil || paths.MatchString(f.path)) && matches(f.value) {
			return f, true
		}
	}
	return field{}, false
}

// lineOf returns the line of the first such value; the text is searched where the file doesn't parse. 0: none.
func (s *source) lineOf(paths *regexp.Regexp, matches func(string) bool) int {
	if f, found := s.find(paths, matches); found {
		return f.line
	}
	if s.fields != nil {
		return 0
	}
	for index, line := range strings.Split(string(s.data), "\n") {
		for _, word := range strings.Fields(line) {
			if matches(strings.Trim(word, `"',[]{}`)) {
				return index + 1
			}
		}
	}
	return 0
}

// keyLine returns the line of a key, whose path ends with the given steps; 0: none.
func (s *source) keyLine(steps string) int {
	for _, f := range s.fields {
		if plainPath(f.path) == steps || strings.HasSuffix(plainPath(f.path), "."+steps) {
			return f.key
		}
	}
	name := steps[strings.LastIndexByte(steps, '.')+1:]
	key := regexp.MustCompile(`(?m)^[\s\-{"']*` + literally(name) + `["']?\s*:`)
	if at := key.FindIndex(s.data); at != nil && s.fields == nil {
		return lineAt(s.data, at[1]-1)
	}
	return 0
}

// literally returns a regular expression for a text, which may be no UTF-8.
func literally(text string) string { return regexp.QuoteMeta(strings.ToValidUTF8(text, "\ufffd")) }

var index = regexp.MustCompile(`\[\d+\]`)

// plainPath leaves the indexes out of a path.
func plainPath(path string) string { return index.ReplaceAllString(path, "") }

func is(value string) func(string) bool { return func(other string) bool { return other == value } }

func lineAt(data []byte, offset int) int { return bytes.Count(data[:offset], []byte("\n")) + 1 }

// kustomizationFile returns the kustomization file of a directory, "" where there is none.
func (b Build) kustomizationFile(dir string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if name := strings.TrimPrefix(dir+"/"+base, "/"); b.isFile(name) {
			return name
		}
	}
	return ""
}

func (b Build) isFile(name string) bool {
	entry := b.View.Lookup(name)
	return entry != nil && !entry.IsDir()
}

func (b Build) isDir(name string) bool {
	entry := b.View.Lookup(name)
	return entry != nil && entry.IsDir()
}
