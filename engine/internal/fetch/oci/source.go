package oci

import (
	"context"
	"regexp"
	"sort"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// chartLayer is the media type of a packed chart.
const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// Spec is the part of an OCIRepository's spec that tells what is fetched.
type Spec struct {
	URL      string `json:"url"`
	Insecure bool   `json:"insecure"`
	Ref      struct {
		Digest       string `json:"digest"`
		SemVer       string `json:"semver"`
		SemVerFilter string `json:"semverFilter"`
		Tag          string `json:"tag"`
	} `json:"ref"`
	LayerSelector struct {
		MediaType string `json:"mediaType"`
		Operation string `json:"operation"`
	} `json:"layerSelector"`
	Verify any `json:"verify"`
}

// Copies tells whether the layer is the artifact, in place of the files in it.
func (s Spec) Copies() bool { return s.LayerSelector.Operation == "copy" }

// Moves tells whether the reference may well lead elsewhere tomorrow; Fixed, that it never can.
func (s Spec) Moves() bool {
	return s.Ref.Digest == "" && (s.Ref.SemVer != "" || s.tag() == name.DefaultTag)
}

// Fixed tells whether the reference can lead to one thing only.
func (s Spec) Fixed() bool { return s.Ref.Digest != "" }

func (s Spec) tag() string {
	if s.Ref.Tag == "" {
		return name.DefaultTag
	}
	return s.Ref.Tag
}

// Resolved is what a reference leads to.
type Resolved struct {
	Reference name.Digest
	Revision  string
	// Tag is the tag that was chosen, "" with a digest.
	Tag string
}

// Resolve follows the reference: digest before semver before tag, latest without any.
func (r Registry) Resolve(ctx context.Context, spec Spec) (Resolved, error) {
	repository, err := r.repository(spec.URL, spec.Insecure)
	if err != nil {
		return Resolved{}, err
	}
	if spec.Ref.Digest != "" {
		digest, err := v1.NewHash(spec.Ref.Digest)
		if err != nil {
			return Resolved{}, fault.New(fault.Artifact, "spec.ref.digest: %s", err)
		}
		return Resolved{Reference: repository.Digest(digest.String()), Revision: digest.String()}, nil
	}
	tag := spec.tag()
	if spec.Ref.SemVer != "" {
		if tag, err = r.newest(ctx, repository, spec); err != nil {
			return Resolved{}, err
		}
	}
	return r.resolveTag(ctx, repository, tag)
}

func (r Registry) resolveTag(ctx context.Context, repository name.Repository, tag string) (Resolved, error) {
	if _, err := name.NewTag(repository.Name()+":"+tag, name.WeakValidation); err != nil {
		return Resolved{}, fault.New(fault.Artifact, "%q is no tag", tag)
	}
	digest, err := r.digest(ctx, repository.Tag(tag))
	if err != nil {
		return Resolved{}, named(err, "tag "+tag)
	}
	return Resolved{repository.Digest(digest.String()), tag + "@" + digest.String(), tag}, nil
}

// named says what it is that isn't there.
func named(err error, what string) error {
	problem := fault.Of(err, fault.Unreachable)
	if problem.Code != fault.NotFound {
		return err
	}
	return fault.New(fault.NotFound, "there is no %s (%s)", what, problem.Message)
}

// newest returns the tag of the highest version within the range; of a chart's tags, `_` stands for `+`.
func (r Registry) newest(ctx context.Context, repository name.Repository, spec Spec) (string, error) {
	constraint, err := semver.NewConstraint(spec.Ref.SemVer)
	if err != nil {
		return "", fault.New(fault.Artifact, "spec.ref.semver %q: %s", spec.Ref.SemVer, err)
	}
	filter, err := regexp.Compile(spec.Ref.SemVerFilter)
	if err != nil {
		return "", fault.New(fault.Artifact, "spec.ref.semverFilter %q: %s", spec.Ref.SemVerFilter, err)
	}
	tags, err := r.tags(ctx, repository)
	if err != nil {
		return "", named(err, "repository")
	}
	var matching []*semver.Version
	for _, tag := range tags {
		if !filter.MatchString(tag) {
			continue
		}
		if spec.LayerSelector.MediaType == chartLayer {
			tag = strings.ReplaceAll(tag, "_", "+")
		}
		if parsed, err := version.ParseVersion(tag); err == nil && constraint.Check(parsed) {
			matching = append(matching, parsed)
		}
	}
	if len(matching) == 0 {
		return "", fault.New(fault.NotFound, "none of %d tags is a version within %s", len(tags), spec.Ref.SemVer)
	}
	sort.Sort(sort.Reverse(semver.Collection(matching)))
	chosen := matching[0].Original()
	if spec.LayerSelector.MediaType == chartLayer {
		chosen = strings.ReplaceAll(chosen, "+", "_")
	}
	return chosen, nil
}

// Layer returns the layer that the selector names, the first one without a selector.
func (r Registry) Layer(ctx context.Context, at name.Digest, mediaType string) (v1.Layer, error) {
	image, err := r.image(ctx, at)
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, explain(err)
	}
	for _, layer := range layers {
		if mediaType == "" {
			return layer, nil
		}
		if found, err := layer.MediaType(); err == nil && string(found) == mediaType {
			return layer, nil
		}
	}
	if mediaType == "" {
		return nil, fault.New(fault.Artifact, "the artifact has no layers")
	}
	return nil, fault.New(fault.Artifact, "the artifact has no layer with media type '%s'", mediaType)
}
