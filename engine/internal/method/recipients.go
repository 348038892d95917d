package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
)

type recipientsResult struct {
	Recipients []string `json:"recipients"`
}

// recipients tells for whom the keys decrypt, so that a caller can say so, and finds a key that can't be read before
// anything is built.
func (e *Engine) recipients(_ context.Context, keys build.Decryption) (recipientsResult, error) {
	return recipientsResult{append([]string{}, keys.Recipients()...)}, nil
}
