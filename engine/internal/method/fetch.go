package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
)

// Fetching answers the one method of an engine that fetches. It renders nothing: what it knows of its user's
// environment must not get into what is rendered.
func Fetching() map[string]protocol.Handler {
	fetcher := &fetch.Fetcher{}
	return map[string]protocol.Handler{
		"fetch": method(func(ctx context.Context, request fetch.Request) (fetch.Result, error) {
			return fetcher.Run(ctx, request)
		}),
	}
}
