package fetch

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// base fetches what a kustomization file names as a remote base.
func (j *job) base(context.Context) (Result, error) {
	return Result{}, fault.New(fault.Refused, "remote bases are not fetched")
}
