package oci

import (
	"context"
	"net/url"
	"path"
	"sort"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// configType is the media type of a chart's metadata, legacyLayer that of charts which Helm 3 pushed while it was trying.
const (
	configType  = "application/vnd.cncf.helm.config.v1+json"
	legacyLayer = "application/tar+gzip"
)

// ResolveChart follows a chart's version, which may be a range, in the repository of a HelmRepository of type oci.
func (r Registry) ResolveChart(ctx context.Context, address, chart, wanted string, insecure bool) (Resolved, error) {
	joined, err := join(address, chart)
	if err != nil {
		return Resolved{}, err
	}
	repository, err := r.repository(joined, insecure)
	if err != nil {
		return Resolved{}, err
	}
	chosen := wanted
	if _, err := version.ParseVersion(wanted); err != nil {
		if chosen, err = r.newestChart(ctx, repository, chart, wanted); err != nil {
			return Resolved{}, err
		}
	}
	resolved, err := r.resolveTag(ctx, repository, strings.ReplaceAll(chosen, "+", "_"))
	if err != nil {
		return Resolved{}, err
	}
	resolved.Revision = chosen
	return resolved, nil
}

func join(address, chart string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", fault.New(fault.Artifact, "the URL can't be read")
	}
	parsed.Path = path.Join(parsed.Path, chart)
	return parsed.String(), nil
}

// newestChart returns the highest version within a range; without one, the highest that is no prerelease.
func (r Registry) newestChart(ctx context.Context, repository name.Repository, chart, wanted string) (string, error) {
	tags, err := r.tags(ctx, repository)
	if err != nil {
		return "", named(err, "chart "+chart)
	}
	if wanted == "" {
		wanted = "*"
	}
	constraint, err := semver.NewConstraint(wanted)
	if err != nil {
		return "", fault.New(fault.Artifact, "the version %q can't be read: %s", wanted, err)
	}
	var all, matching []*semver.Version
	for _, tag := range tags {
		tag = strings.ReplaceAll(tag, "_", "+")
		// As Helm has it, a tag such as v1.2.3 is no version.
		parsed, err := semver.StrictNewVersion(tag)
		if err != nil {
			continue
		}
		if tag == wanted {
			return tag, nil
		}
		all = append(all, parsed)
		if constraint.Check(parsed) {
			matching = append(matching, parsed)
		}
	}
	if len(matching) == 0 {
		problem := fault.New(fault.NotFound, "no version of %d of the chart %s matches %s", len(tags), chart, wanted)
		if len(all) > 0 {
			sort.Sort(sort.Reverse(semver.Collection(all)))
			problem.Remedy = "take a version that there is: the newest is " + all[0].Original()
		}
		return "", problem
	}
	sort.Sort(sort.Reverse(semver.Collection(matching)))
	return matching[0].Original(), nil
}

// ChartLayer returns the packed chart of an artifact.
func (r Registry) ChartLayer(ctx context.Context, at name.Digest) (v1.Layer, error) {
	image, err := r.image(ctx, at)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, explain(err)
	}
	if string(manifest.Config.MediaType) != configType {
		return nil, fault.New(fault.Artifact, "the artifact is no chart: its config has the media type %s", manifest.Config.MediaType)
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, explain(err)
	}
	for _, layer := range layers {
		if found, err := layer.MediaType(); err == nil && (string(found) == chartLayer || string(found) == legacyLayer) {
			return layer, nil
		}
	}
	return nil, fault.New(fault.Artifact, "the artifact holds no chart")
}
