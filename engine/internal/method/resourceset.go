package method

import (
	"context"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/resourceset"
)

// resourceSetParams are a ResourceSet and the inputs that its providers give, its own first.
type resourceSetParams struct {
	object    map[string]any
	providers []resourceset.Provider
}

// UnmarshalJSON keeps integers integers, as Kubernetes does.
func (p *resourceSetParams) UnmarshalJSON(data []byte) error {
	var fields map[string]any
	if err := utiljson.Unmarshal(data, &fields); err != nil {
		return fault.Of(err, fault.Protocol)
	}
	p.object, _ = fields["object"].(map[string]any)
	providers, _ := fields["providers"].([]any)
	for _, one := range providers {
		given, _ := one.(map[string]any)
		provider := resourceset.Provider{}
		provider.Name, _ = given["name"].(string)
		sets, _ := given["sets"].([]any)
		for _, set := range sets {
			if inputs, isMapping := set.(map[string]any); isMapping {
				provider.Sets = append(provider.Sets, inputs)
			}
		}
		if static, isStatic := given["static"].(map[string]any); isStatic {
			provider.Sets = append(provider.Sets, resourceset.Static(provider.Name, static))
		}
		p.providers = append(p.providers, provider)
	}
	return nil
}

type resourceSetResult struct {
	Steps []resourceset.Step `json:"steps"`
}

func (e *Engine) resourceset(ctx context.Context, params resourceSetParams) (resourceSetResult, error) {
	steps, err := resourceset.Build(ctx, params.object, params.providers)
	return resourceSetResult{steps}, err
}
