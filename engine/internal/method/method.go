// Package method holds the methods of the protocol, and the trees that are open.
package method

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/network"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/scan"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Engine answers the methods.
type Engine struct {
	mutex sync.Mutex
	trees []*openTree
}

// openTree is a view and what was asked for when it was opened.
type openTree struct {
	view   *tree.View
	remote bool
}

// Table returns the methods by name; a new method is one entry here.
func (e *Engine) Table() map[string]protocol.Handler {
	return map[string]protocol.Handler{
		"open":  method(e.open),
		"scan":  method(e.scan),
		"build": method(e.build),
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
	Remote bool     `json:"remote"`
}

type openResult struct {
	Tree int `json:"tree"`
}

func (e *Engine) open(_ context.Context, params openParams) (openResult, error) {
	view, err := tree.Open(params.Root, tree.Options{Hidden: params.Hidden, Ignore: params.Ignore})
	if err != nil {
		return openResult{}, err
	}
	if params.Remote {
		network.Allow()
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.trees = append(e.trees, &openTree{view: view, remote: params.Remote})
	return openResult{Tree: len(e.trees)}, nil
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

func (e *Engine) scan(ctx context.Context, params treeParams) (*scan.Result, error) {
	opened, err := e.tree(params.Tree)
	if err != nil {
		return nil, err
	}
	return scan.Run(ctx, opened.view)
}

type buildParams struct {
	treeParams
	build.Request
	Cacheable *bool `json:"cacheable"`
}

// UnmarshalJSON decodes both halves; the embedded Request brings its own decoder.
func (p *buildParams) UnmarshalJSON(data []byte) error {
	fields := struct {
		Tree      int   `json:"tree"`
		Cacheable *bool `json:"cacheable"`
	}{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	p.Tree, p.Cacheable = fields.Tree, fields.Cacheable
	return json.Unmarshal(data, &p.Request)
}

type buildResult struct {
	Cached bool `json:"cached"`
	*build.Result
}

func (e *Engine) build(ctx context.Context, params buildParams) (*buildResult, error) {
	opened, err := e.tree(params.Tree)
	if err != nil {
		return nil, err
	}
	params.Request.Remote = opened.remote
	result, _, err := build.Run(ctx, opened.view, params.Request)
	if err != nil {
		return nil, err
	}
	return &buildResult{Result: result}, nil
}
