package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/expression"
)

type compileParams struct {
	Expressions []expression.Expression `json:"expressions"`
}

type compileResult struct {
	Problems []string `json:"problems"`
}

// compile tells which CEL expressions Flux could not read.
func (e *Engine) compile(_ context.Context, params compileParams) (compileResult, error) {
	result := compileResult{Problems: make([]string, len(params.Expressions))}
	for i, each := range params.Expressions {
		problem, err := each.Problem()
		if err != nil {
			return result, err
		}
		result.Problems[i] = problem
	}
	return result, nil
}
