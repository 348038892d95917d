// Package lint finds what kustomize or Flux pass over without a word: keys that a mapping of a kustomization file or a
// patch holds twice, where the last one is taken, and fields of kustomization files that don't exist, which
// kustomize-controller drops where the file is the one its path leads to. Of resources kustomize says so itself.
package lint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Duplicate is a key that its mapping holds before, at line First. Its fields are in the order of their JSON keys.
type Duplicate struct {
	File  string `json:"file"`
	First int    `json:"first"`
	Key   string `json:"key"`
	Line  int    `json:"line"`
}

// Result is what a view holds, sorted by file and line.
type Result struct {
	Duplicates []Duplicate `json:"duplicates"`
	Unknown    []Unknown   `json:"unknown"`
}

// Run reads all kustomization files of a view and the patches they name. The trace is of those.
func Run(ctx context.Context, view *tree.View) (*Result, *tree.Trace, error) {
	result := &Result{Duplicates: []Duplicate{}, Unknown: []Unknown{}}
	done := map[string]bool{}
	for _, name := range view.Files() {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if reference.IsKustomization(name) {
			result.overlay(view, name, done)
		}
	}
	slices.SortFunc(result.Duplicates, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(result.Unknown, func(a, b Unknown) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return result, tree.TraceOf(view, slices.Collect(maps.Keys(done))), nil
}

func (r *Result) overlay(view *tree.View, name string, done map[string]bool) {
	data := r.file(view, name, done)
	file, err := reference.Parse(data)
	if err != nil {
		return
	}
	r.Unknown = append(r.Unknown, unknownFields(name, data)...)
	for _, patch := range file.Patches {
		if patch.Path != "" {
			r.file(view, path.Join(path.Dir(name), patch.Path), done)
		}
	}
}

// file adds the duplicates of a file and returns its content; a file that can't be read is told of by the build.
func (r *Result) file(view *tree.View, name string, done map[string]bool) []byte {
	entry := view.Lookup(name)
	if done[name] || entry == nil || entry.IsDir() {
		return nil
	}
	done[name] = true
	data, err := view.Read(entry)
	if err != nil {
		return nil
	}
	r.documents(name, data, 0)
	return data
}

// documents adds the duplicates of a text that begins after so many lines of its file.
func (r *Result) documents(name string, data []byte, before int) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) || err != nil {
			return
		}
		r.node(name, &node, before)
	}
}

func (r *Result) node(name string, node *yaml.Node, before int) {
	if node.Kind == yaml.MappingNode {
		r.mapping(name, node, before)
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && isInline(node.Content[i-1], child) {
			r.documents(name, []byte(child.Value), before+child.Line)
			continue
		}
		r.node(name, child, before)
	}
}

// isInline tells whether a value is a patch written into a kustomization file, on the lines after its key.
func isInline(key, value *yaml.Node) bool {
	return key.Value == "patch" && value.Style == yaml.LiteralStyle
}

func (r *Result) mapping(name string, node *yaml.Node, before int) {
	first := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			continue
		}
		if line, twice := first[key.Value]; twice {
			r.Duplicates = append(r.Duplicates, Duplicate{
				File: name, First: line + before, Key: key.Value, Line: key.Line + before,
			})
			continue
		}
		first[key.Value] = key.Line
	}
}
