package fetch

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/tar"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/oci"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

// ociRepository fetches the artifact of an OCIRepository: the files of a layer, or the layer itself.
func (j *job) ociRepository(ctx context.Context) (Result, error) {
	var spec oci.Spec
	if err := j.spec(&spec); err != nil {
		return Result{}, err
	}
	age := namedAge
	switch {
	case spec.Fixed():
		age = forever
	case spec.Moves():
		age = movingAge
	}
	var resolved oci.Resolved
	answer, err := j.seek(ctx, quest{
		key: store.Key("OCIRepository", spec.URL, spec.Insecure, spec.Ref, spec.LayerSelector),
		age: age,
		resolve: func(ctx context.Context, _ store.Reference) (store.Reference, error) {
			var err error
			if resolved, err = j.registry.Resolve(ctx, spec); err != nil {
				return store.Reference{}, err
			}
			content := store.Key("OCI", resolved.Reference.String(), spec.LayerSelector)
			return store.Reference{Content: content, Revision: resolved.Revision}, nil
		},
		fill: func(ctx context.Context, _ store.Reference, directory string) (store.Content, error) {
			layer, err := j.registry.Layer(ctx, resolved.Reference, spec.LayerSelector.MediaType)
			if err != nil {
				return store.Content{}, err
			}
			return j.unpackLayer(ctx, layer, directory, spec.Copies())
		},
	})
	if err != nil {
		return Result{}, err
	}
	result := answer.result()
	result.Archive = answer.Join(store.Archive)
	if !spec.Copies() {
		result.Directory = answer.Join(store.Files)
	}
	return result, nil
}

func (f found) result() Result {
	return Result{Cached: f.cached, Digest: f.Digest, Revision: f.Revision, Version: f.Version}
}

// unpackLayer keeps a layer as it is sent and, unless it is to be copied, its files.
func (j *job) unpackLayer(ctx context.Context, layer v1.Layer, directory string, copied bool) (store.Content, error) {
	archive := filepath.Join(directory, store.Archive)
	size, err := download(layer, archive, j.limits.download)
	if err != nil {
		return store.Content{}, err
	}
	digest, err := layer.Digest()
	if err != nil {
		return store.Content{}, err
	}
	content := store.Content{Digest: digest.String(), Size: size}
	if copied {
		return content, nil
	}
	unpacked, err := unpack(ctx, archive, filepath.Join(directory, store.Files), j.limits)
	content.Size += unpacked
	return content, err
}

// download writes a layer's bytes into a file. They are compared with the layer's digest on the way.
func download(layer v1.Layer, path string, most int64) (int64, error) {
	if size, err := layer.Size(); err == nil && size > most {
		return 0, tooLarge(most)
	}
	blob, err := oci.Bytes(layer)
	if err != nil {
		return 0, err
	}
	defer blob.Close()
	return write(blob, path, most)
}

// write copies into a new file, up to a size.
func write(from io.Reader, path string, most int64) (int64, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fault.New(fault.Limit, "the cache for sources can't be written")
	}
	written, err := io.Copy(file, io.LimitReader(from, most+1))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && written > most {
		err = tooLarge(most)
	}
	return written, err
}

// unpack extracts a packed artifact as source-controller does, within bounds, and returns the bytes of its files.
func unpack(ctx context.Context, archive, directory string, most limits) (int64, error) {
	if err := os.Mkdir(directory, 0o700); err != nil {
		return 0, fault.New(fault.Limit, "the cache for sources can't be written")
	}
	file, err := os.Open(archive)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	counted := &entries{ctx: ctx, from: file, most: most}
	err = tar.Untar(counted, directory, tar.WithMaxUntarSize(int(most.unpacked)), tar.WithSkipSymlinks(), tar.WithFilter(counted.see))
	switch {
	case counted.err != nil:
		return 0, counted.err
	case err != nil && strings.Contains(err.Error(), "is bigger than max archive size"):
		return 0, tooLarge(most.unpacked)
	case err != nil:
		return 0, fault.New(fault.Artifact, "the artifact can't be unpacked: %s", err)
	}
	return counted.size, nil
}

// entries counts what an archive holds, and ends reading it once that is too much or takes too long.
type entries struct {
	ctx   context.Context
	from  io.Reader
	most  limits
	count int
	size  int64
	err   error
}

func (e *entries) see(_ string, info os.FileInfo) bool {
	if e.count++; e.count > e.most.files && e.err == nil {
		e.err = fault.New(fault.Limit, "it holds more than %d files", e.most.files)
	}
	e.size += info.Size()
	return e.err != nil
}

func (e *entries) Read(data []byte) (int, error) {
	if err := e.ctx.Err(); err != nil && e.err == nil {
		e.err = errors.New("it takes too long to unpack")
	}
	if e.err != nil {
		return 0, e.err
	}
	return e.from.Read(data)
}
