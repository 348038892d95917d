package build

import (
	"github.com/pytest-gitops/pytest-gitops/engine/internal/diagnose"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// explain says where in the tree, or in the Kustomization, a build's error comes from.
func (j *job) explain(err error) error {
	switch {
	case j.seen.remote != nil:
		err = j.seen.remote
	case j.seen.budget.Problem() != nil:
		err = j.seen.budget.Problem()
	case j.fs.Trace().Fault != nil:
		err = j.fs.Trace().Fault
	}
	dir, _ := tree.Relative(j.dir)
	failed := diagnose.Build{
		View: j.view, Dir: dir, Kustomization: j.request.Kustomization, Reads: j.fs.Trace().Reads(), Values: j.values,
	}
	if len(j.bases) == 0 && !j.seen.openAPI {
		failed.Retry = j.retry
	}
	return j.unfetched(diagnose.Explain(err, failed))
}

// retry builds a directory with a file replaced.
func (j *job) retry(dir, file string, data []byte) error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	var budget guard.Budget
	fs := tree.NewFileSystem(j.ctx, j.view)
	fs.OnRead = func(name string, data []byte) ([]byte, error) { return data, budget.Spend(name, data) }
	fs.Lay(tree.Absolute(file), data)
	_, err := shared(fs, tree.Absolute(dir))
	return err
}
