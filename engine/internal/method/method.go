// Package method holds the methods of the protocol, and the trees that are open.
package method

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/cache"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Engine answers the methods.
type Engine struct {
	// Version is the engine's, and part of every key of the cache.
	Version string
	// Watch watches over work that can't be stopped, until the function that it returns is called; nil for none.
	Watch func(context.Context) (done func())

	mutex  sync.Mutex
	trees  []*openTree
	caches map[string]*cache.Cache
	sets   schemaSets
}

// openTree is a view and what was asked for when it was opened.
type openTree struct {
	root  string
	view  *tree.View
	cache *cache.Cache
}

// Table returns the methods by name; a new method is one entry here.
func (e *Engine) Table() map[string]protocol.Handler {
	return map[string]protocol.Handler{
		"open":  method(e.open),
		"scan":  method(e.scan),
		"build": method(e.build),
		"chart": method(e.chart),
		"helm":  method(e.helm),

		"resourceset": method(e.resourceset),

		"lint":     method(e.lint),
		"schemas":  method(e.schemas),
		"validate": method(e.validate),
		"admit":    method(e.admit),
		"compile":  method(e.compile),

		"validate_update": method(e.validateUpdate),
	}
}

// method decodes a method's parameters.
func method[P any, R any](run func(context.Context, P) (R, error)) protocol.Handler {
	return func(ctx context.Context, data json.RawMessage) (any, error) {
		var params P
		if err := json.Unmarshal(data, &params); err != nil {
			return nil, fault.Of(err, fault.Protocol)
		}
		return run(ctx, params)
	}
}

type openParams struct {
	Root   string   `json:"root"`
	Hidden []string `json:"hidden"`
	Ignore *string  `json:"ignore"`
	Cache  *string  `json:"cache"`
}

type openResult struct {
	Tree int `json:"tree"`
}

func (e *Engine) open(_ context.Context, params openParams) (openResult, error) {
	view, err := tree.Open(params.Root, tree.Options{Hidden: params.Hidden, Ignore: params.Ignore, Guard: guard.File})
	if err != nil {
		return openResult{}, err
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.trees = append(e.trees, &openTree{
		root: params.Root, view: view, cache: e.cache(params.Cache),
	})
	return openResult{Tree: len(e.trees)}, nil
}

// cache opens each directory once.
func (e *Engine) cache(directory *string) *cache.Cache {
	if directory == nil || *directory == "" {
		return nil
	}
	if opened, known := e.caches[*directory]; known {
		return opened
	}
	if e.caches == nil {
		e.caches = map[string]*cache.Cache{}
	}
	opened := cache.Open(*directory, fmt.Sprintf("%s protocol %d", e.Version, protocol.Version))
	e.caches[*directory] = opened
	return opened
}

// Close waits for what the engine still does in the background.
func (e *Engine) Close() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for _, opened := range e.caches {
		opened.Close()
	}
}

func (e *Engine) tree(id int) (*openTree, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if id < 1 || id > len(e.trees) {
		return nil, fault.New(fault.Protocol, "tree %d is not open", id)
	}
	return e.trees[id-1], nil
}

type treeParams struct {
	Tree int `json:"tree"`
}
