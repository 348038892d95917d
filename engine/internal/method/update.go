package method

import (
	"context"
	"encoding/json"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate"
)

type validateUpdateParams struct {
	Schemas int             `json:"schemas"`
	Pairs   []validate.Pair `json:"pairs"`
	cacheable
}

// validateUpdate judges changes as the API server of the schemas' cluster would.
func (e *Engine) validateUpdate(ctx context.Context, params validateUpdateParams) (any, error) {
	opened, err := e.sets.get(params.Schemas)
	if err != nil {
		return nil, err
	}
	var texts []json.RawMessage
	for _, pair := range params.Pairs {
		texts = append(texts, pair[0], pair[1])
	}
	store := params.in(opened.cache)
	key, err := store.KeyOf([]any{"validate_update", opened.key}, texts...)
	if err != nil {
		return nil, err
	}
	if entry, found := store.Get(key, nil); found {
		return protocol.Raw(entry), nil
	}
	findings, err := opened.set.ValidateUpdate(ctx, params.Pairs)
	if err != nil {
		return nil, err
	}
	result, err := protocol.Encode(validateResult{findings})
	if err == nil {
		store.Put(key, &tree.Trace{}, result)
	}
	return result, err
}
