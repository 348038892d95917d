package lint

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// Unknown is a field that kustomize doesn't know, in the place named by Within ("" for the file itself). Nearest is the
// field most likely meant, "" where none is near. Its fields are in the order of their JSON keys.
type Unknown struct {
	File    string `json:"file"`
	Key     string `json:"key"`
	Line    int    `json:"line"`
	Nearest string `json:"nearest"`
	Within  string `json:"within"`
}

// unknownFields compares a kustomization file with the Go types that kustomize decodes it into, as both kustomize and
// kustomize-controller do: names of fields are told apart without regard to case.
func unknownFields(name string, data []byte) []Unknown {
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	walk := &fieldWalk{file: name}
	walk.value(document.Content[0], reflect.TypeFor[types.Kustomization](), "")
	return walk.found
}

type fieldWalk struct {
	file  string
	found []Unknown
}

func (w *fieldWalk) value(node *yaml.Node, typ reflect.Type, within string) {
	if node.Kind == yaml.AliasNode {
		return // told at its anchor
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, child := range node.Content {
			w.value(child, typ.Elem(), within)
		}
	case typ.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		w.fields(node, typ, within)
	}
}

func (w *fieldWalk) fields(node *yaml.Node, typ reflect.Type, within string) {
	known := map[string]reflect.Type{}
	addFields(typ, known)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			continue
		}
		if name, found := match(key.Value, known); found {
			w.value(node.Content[i+1], known[name], name)
			continue
		}
		if isTemplate(key.Value, node.Content[i+1]) {
			continue
		}
		w.found = append(w.found, Unknown{
			File: w.file, Key: key.Value, Line: key.Line, Nearest: nearest(key.Value, known), Within: within,
		})
	}
}

// isTemplate tells whether a field is there to hold what others refer to by anchors, as its name or value says.
func isTemplate(name string, value *yaml.Node) bool {
	return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, ".") || anchors(value)
}

func anchors(node *yaml.Node) bool {
	return node.Anchor != "" || slices.ContainsFunc(node.Content, anchors)
}

// addFields adds the JSON names of a struct's fields, those of embedded structs included.
func addFields(typ reflect.Type, known map[string]reflect.Type) {
	for field := range typ.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && (name == "" || options == "inline"):
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			addFields(embedded, known)
		case field.IsExported() && name != "" && name != "-":
			known[name] = field.Type
		case field.IsExported() && name == "":
			known[field.Name] = field.Type
		}
	}
}

func match(key string, known map[string]reflect.Type) (string, bool) {
	if _, found := known[key]; found {
		return key, true
	}
	for name := range known {
		if strings.EqualFold(key, name) {
			return name, true
		}
	}
	return "", false
}

// nearest returns the field that a misspelt one most likely means: the nearest name, or the only one that ends in it.
func nearest(key string, known map[string]reflect.Type) string {
	names := slices.Collect(maps.Keys(known))
	if name := finding.Nearest(key, names); name != "" {
		return name
	}
	ending := slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasSuffix(strings.ToLower(name), strings.ToLower(key))
	})
	if len(ending) == 1 {
		return ending[0]
	}
	return ""
}
