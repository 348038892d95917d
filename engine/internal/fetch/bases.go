package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/base"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/git"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

// base fetches what a kustomization file names by its URL: a file, or a directory of a Git repository. kustomize asks for
// a file first, whatever the URL looks like; here, what can only be a repository is asked for as one.
func (j *job) base(ctx context.Context) (Result, error) {
	repository, invalid := base.Parse(j.request.Base)
	var problem *fault.Error
	if errors.As(invalid, &problem) && problem.Code == fault.Refused {
		return Result{}, invalid
	}
	if invalid == nil && base.Explicit(j.request.Base) {
		return j.baseRepository(ctx, repository)
	}
	if !base.IsHTTP(j.request.Base) {
		return Result{}, invalid
	}
	result, err := j.baseFile(ctx)
	if err == nil || invalid != nil || !errors.As(err, &problem) {
		return result, err
	}
	switch problem.Code {
	case fault.NotFound, fault.Artifact, fault.Unauthorized:
		if result, other := j.baseRepository(ctx, repository); other == nil {
			return result, nil
		}
	}
	return Result{}, err
}

var commitHash = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (j *job) baseRepository(ctx context.Context, from base.Repository) (Result, error) {
	spec := git.Spec{URL: from.URL, RecurseSubmodules: from.Submodules}
	age := movingAge
	if commitHash.MatchString(from.Revision) {
		age = forever
	}
	answer, err := j.commit(ctx, store.Key("base", from.URL, from.Revision, from.Submodules), age, spec,
		func(ctx context.Context) (*git.Repository, error) {
			return j.git.OpenHead(ctx, from.URL, from.Revision)
		})
	if err != nil {
		return Result{}, err
	}
	if _, err := os.Stat(answer.Join(store.Files, filepath.FromSlash(from.Path))); err != nil {
		return Result{}, fault.New(fault.NotFound, "the repository has no directory %s at %s", from.Path, answer.Revision)
	}
	result := answer.result()
	result.Directory = answer.Join(store.Files)
	result.Path = from.Path
	return result, nil
}

func (j *job) baseFile(ctx context.Context) (Result, error) {
	parsed, err := url.Parse(j.request.Base)
	if err != nil {
		return Result{}, fault.New(fault.Artifact, "the URL can't be read")
	}
	if err := j.request.Policy.CheckURL(parsed); err != nil {
		return Result{}, err
	}
	name := fileName(parsed.Path)
	var fetched []byte
	answer, err := j.seek(ctx, quest{
		key: store.Key("file", j.request.Base),
		age: movingAge,
		resolve: func(ctx context.Context, _ store.Reference) (store.Reference, error) {
			fetched, err = j.file(ctx)
			sum := sha256.Sum256(fetched)
			digest := "sha256:" + hex.EncodeToString(sum[:])
			return store.Reference{Content: store.Key("file", name, digest), Revision: digest}, err
		},
		fill: func(_ context.Context, reference store.Reference, directory string) (store.Content, error) {
			folder := filepath.Join(directory, store.Files)
			if err := os.Mkdir(folder, 0o700); err != nil {
				return store.Content{}, err
			}
			content := store.Content{Digest: reference.Revision, Size: int64(len(fetched))}
			return content, os.WriteFile(filepath.Join(folder, name), fetched, 0o600)
		},
	})
	if err != nil {
		return Result{}, err
	}
	result := answer.result()
	result.Directory = answer.Join(store.Files)
	result.Path = name
	return result, nil
}

func (j *job) file(ctx context.Context) ([]byte, error) {
	response, err := j.web.Get(ctx, j.request.Base, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		return nil, fault.New(fault.Artifact, "the server answers with a web page")
	}
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(response.Body, j.limits.file+1)); err != nil {
		return nil, err
	}
	if int64(body.Len()) > j.limits.file {
		return nil, tooLarge(j.limits.file)
	}
	return body.Bytes(), nil
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// fileName is the last part of a URL's path, which a generator may take for a key, as any file system takes it.
func fileName(from string) string {
	name := unfit.ReplaceAllString(path.Base(from), "_")
	if strings.Trim(name, "._") == "" {
		return "file"
	}
	return name[max(0, len(name)-100):]
}
