package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/admission"
)

type admitParams struct {
	admission.Params
	Objects []map[string]any `json:"objects"`
}

type admitResult struct {
	Findings [][]admission.Finding `json:"findings"`
}

// admit judges objects by the admission policies that their cluster holds.
func (e *Engine) admit(ctx context.Context, params admitParams) (admitResult, error) {
	judge := admission.New(params.Params)
	result := admitResult{Findings: make([][]admission.Finding, len(params.Objects))}
	for i, object := range params.Objects {
		findings, err := judge.Validate(ctx, object)
		if err != nil {
			return result, err
		}
		result.Findings[i] = findings
	}
	return result, nil
}
