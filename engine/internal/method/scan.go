package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/scan"
)

// scanKey is the key of all scans: what tells one from another is in their traces.
const scanKey = "scan"

func (e *Engine) scan(ctx context.Context, params treeParams) (any, error) {
	opened, err := e.tree(params.Tree)
	if err != nil {
		return nil, err
	}
	key, err := opened.cache.KeyOf(scanRequest{scanKey, opened.root})
	if err != nil {
		return nil, err
	}
	if result, found := opened.cache.Get(key, opened.view); found {
		return protocol.Raw(result), nil
	}
	found, err := scan.Run(ctx, opened.view)
	if err != nil {
		return nil, err
	}
	result, err := protocol.Encode(found)
	if err != nil {
		return nil, err
	}
	opened.cache.Put(key, scan.Trace(opened.view), result)
	return result, nil
}

// scanRequest keeps the scans of different directories apart, so that one doesn't drive out the other.
type scanRequest struct{ Method, Root string }
