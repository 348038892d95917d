package fetch

import (
	"context"
	"path/filepath"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/git"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

// gitRepository fetches the artifact of a GitRepository, less what it includes: that is other sources'.
func (j *job) gitRepository(ctx context.Context) (Result, error) {
	var spec git.Spec
	if err := j.spec(&spec); err != nil {
		return Result{}, err
	}
	age := namedAge
	switch {
	case spec.Ref.Fixed():
		age = forever
	case spec.Ref.Moves():
		age = movingAge
	}
	answer, err := j.commit(ctx, store.Key("GitRepository", spec), age, spec, func(ctx context.Context) (*git.Repository, error) {
		return j.git.Open(ctx, spec)
	})
	if err != nil {
		return Result{}, err
	}
	result := answer.result()
	result.Directory = answer.Join(store.Files)
	return result, nil
}

// commit fetches the files of a commit that open finds.
func (j *job) commit(
	ctx context.Context, key string, age time.Duration, spec git.Spec, open func(context.Context) (*git.Repository, error),
) (found, error) {
	var repository *git.Repository
	defer func() {
		if repository != nil {
			repository.Close()
		}
	}()
	return j.seek(ctx, quest{
		key: key,
		age: age,
		resolve: func(ctx context.Context, _ store.Reference) (store.Reference, error) {
			var err error
			if repository, err = open(ctx); err != nil {
				return store.Reference{}, err
			}
			content := store.Key("Git", spec.URL, repository.Commit.String(), spec.RecurseSubmodules, spec.Sparse())
			return store.Reference{Content: content, Revision: repository.Revision}, nil
		},
		fill: func(ctx context.Context, _ store.Reference, directory string) (store.Content, error) {
			work, remove, err := j.store.Scratch()
			if err != nil {
				return store.Content{}, err
			}
			defer remove()
			digest, size, err := repository.Export(ctx, spec, filepath.Join(directory, store.Files), work,
				git.Limits{Files: j.limits.files, Bytes: j.limits.unpacked})
			return store.Content{Digest: digest, Size: size}, err
		},
	})
}
