// Package oci fetches artifacts and charts from OCI registries, as source-controller 1.9 chooses them.
package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
)

const (
	scheme = "oci://"
	// maxManifest bounds what describes an artifact.
	maxManifest = 4 << 20
)

// Registry asks OCI registries.
type Registry struct {
	Policy   policy.Policy
	Web      *policy.Web
	Keychain authn.Keychain
}

// options are those of each request. Trying again is the Web's matter.
func (r Registry) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(r.Web), remote.WithAuthFromKeychain(r.Keychain),
		remote.WithUserAgent("pytest-gitops"),
		remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 1}),
	}
}

// repository reads an oci:// URL.
func (r Registry) repository(address string, insecure bool) (name.Repository, error) {
	rest, found := strings.CutPrefix(address, scheme)
	if !found {
		return name.Repository{}, fault.New(fault.Artifact, "the URL must begin with oci://")
	}
	var options []name.Option
	if insecure {
		options = append(options, name.Insecure)
	}
	repository, err := name.NewRepository(strings.TrimRight(rest, "/"), options...)
	if err != nil {
		if before, tag, tagged := strings.Cut(rest[strings.LastIndex(rest, "/")+1:], ":"); tagged && before != "" {
			return name.Repository{}, fault.New(fault.Artifact, "the URL must not contain a tag; remove ':%s'", tag)
		}
		return name.Repository{}, fault.New(fault.Artifact, "the URL names no repository: %s", err)
	}
	return repository, r.Policy.Check(hostname(repository.RegistryStr()))
}

func hostname(registry string) string {
	if index := strings.LastIndex(registry, ":"); index > strings.LastIndex(registry, "]") {
		return registry[:index]
	}
	return registry
}

// tags lists the tags of a repository.
func (r Registry) tags(ctx context.Context, repository name.Repository) ([]string, error) {
	tags, err := remote.List(repository, r.options(ctx)...)
	return tags, explain(err)
}

// digest returns what a reference leads to now.
func (r Registry) digest(ctx context.Context, reference name.Reference) (v1.Hash, error) {
	if digest, pinned := reference.(name.Digest); pinned {
		return v1.NewHash(digest.DigestStr())
	}
	described, err := remote.Head(reference, r.options(ctx)...)
	if err == nil {
		return described.Digest, nil
	}
	whole, err := remote.Get(reference, r.options(ctx)...)
	if err != nil {
		return v1.Hash{}, explain(err)
	}
	return whole.Digest, nil
}

// image returns the artifact of a digest.
func (r Registry) image(ctx context.Context, reference name.Digest) (v1.Image, error) {
	image, err := remote.Image(reference, r.options(ctx)...)
	if err != nil {
		return nil, explain(err)
	}
	if size, err := image.Size(); err != nil || size > maxManifest {
		return nil, fault.New(fault.Limit, "the artifact's manifest is too large")
	}
	return image, nil
}

// explain gives errors of a registry their code.
func explain(err error) error {
	var answer *transport.Error
	if err == nil || !errors.As(err, &answer) {
		return err
	}
	said := fmt.Sprintf("the registry answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	if len(answer.Errors) > 0 {
		said += ": " + string(answer.Errors[0].Code)
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Unauthorized, "%s", said)
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "%s", said)
	}
	return fault.New(fault.Unreachable, "%s", said)
}

// Bytes returns the bytes of a layer as they are sent; they are checked against the layer's digest at their end.
func Bytes(from v1.Layer) (io.ReadCloser, error) {
	blob, err := from.Compressed()
	return blob, explain(err)
}
