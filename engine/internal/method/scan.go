package method

import (
	"context"
	"path/filepath"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/scan"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

func (e *Engine) scan(ctx context.Context, params treeParams) (any, error) {
	return e.kept(params.Tree, "scan", func(view *tree.View) (any, *tree.Trace, error) {
		found, err := scan.Run(ctx, view)
		if err != nil {
			return nil, nil, err
		}
		return found, scan.Trace(view), nil
	})
}

// viewKey is the key of what a method finds in a view: what tells one from another is in their traces. It keeps
// directories of different names apart, so that one repository doesn't drive out the other; another revision of one,
// written elsewhere under the same name, finds what is known of it.
type viewKey struct{ Method, Name string }

// kept returns what the cache has of a method on a tree, else what run returns, and keeps that with its trace.
func (e *Engine) kept(id int, name string, run func(*tree.View) (any, *tree.Trace, error)) (any, error) {
	opened, err := e.tree(id)
	if err != nil {
		return nil, err
	}
	key, err := opened.cache.KeyOf(viewKey{name, filepath.Base(opened.root)})
	if err != nil {
		return nil, err
	}
	if result, found := opened.cache.Get(key, opened.view); found {
		return protocol.Raw(result), nil
	}
	found, trace, err := run(opened.view)
	if err != nil {
		return nil, err
	}
	result, err := protocol.Encode(found)
	if err != nil {
		return nil, err
	}
	opened.cache.Put(key, trace, result)
	return result, nil
}
