// Package scan reads a whole tree once and tells what discovery needs to know of it.
package scan

import (
	"context"
	"encoding/json"
	"path"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Object is an object of Flux's, where it was found. Fields are in the order of their JSON keys, here as below.
type Object struct {
	File   string          `json:"file"`
	Line   int             `json:"line"`
	Object json.RawMessage `json:"object"`
}

// Kustomization is a directory with a kustomization file.
type Kustomization struct {
	Component  bool     `json:"component"`
	File       string   `json:"file"`
	Path       string   `json:"path"`
	References []string `json:"references"`
	Remote     []string `json:"remote"`
}

// Version is the version of Flux that a file declares to install.
type Version struct {
	File string `json:"file"`
	Flux string `json:"flux"`
}

// Problem is a file that can't be read or parsed.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// Result is what a scan found, sorted by file and line.
type Result struct {
	Charts         []string        `json:"charts"`
	Errors         []Problem       `json:"errors"`
	Files          int             `json:"files"`
	Kustomizations []Kustomization `json:"kustomizations"`
	Objects        []Object        `json:"objects"`
	Versions       []Version       `json:"versions"`
}

// Run scans all YAML files of a view.
func Run(ctx context.Context, view *tree.View) (*Result, error) {
	files := view.Files()
	parts := make([]part, len(files))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				index := int(next.Add(1)) - 1
				if index >= len(files) || ctx.Err() != nil {
					return
				}
				parts[index].read(view, files[index])
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return merge(files, parts), nil
}

// Trace returns what a scan reads of a view.
func Trace(view *tree.View) *tree.Trace {
	return tree.TraceOf(view, slices.DeleteFunc(view.Files(), func(name string) bool { return !isRead(name) }))
}

func isRead(name string) bool { return isYAML(name) || reference.IsKustomization(name) }

func merge(files []string, parts []part) *Result {
	result := &Result{
		Charts: []string{}, Errors: []Problem{}, Files: len(files),
		Kustomizations: []Kustomization{}, Objects: []Object{}, Versions: []Version{},
	}
	for index, name := range files {
		p := &parts[index]
		if path.Base(name) == "Chart.yaml" {
			result.Charts = append(result.Charts, directoryOf(name))
		}
		if p.kustomization != nil {
			result.Kustomizations = append(result.Kustomizations, *p.kustomization)
		}
		result.Errors = append(result.Errors, p.errors...)
		result.Objects = append(result.Objects, p.objects...)
		result.Versions = append(result.Versions, p.versions...)
	}
	return result
}

// directoryOf returns a file's directory relative to the root, "" for the root itself.
func directoryOf(name string) string {
	if directory := path.Dir(name); directory != "." {
		return directory
	}
	return ""
}

func kustomizationOf(name string, file *reference.File) *Kustomization {
	directory := directoryOf(name)
	found := &Kustomization{
		Component: file.Component, File: name, Path: directory,
		References: []string{}, Remote: append([]string{}, file.Remote...),
	}
	for _, local := range file.Local {
		if resolved, inside := resolve(directory, local); inside {
			found.References = append(found.References, resolved)
		}
	}
	return found
}

// resolve returns the path relative to the root, and whether it is in the tree at all.
func resolve(directory, name string) (string, bool) {
	if path.IsAbs(name) {
		return "", false
	}
	return tree.Relative(path.Join(tree.Root, directory, name))
}
