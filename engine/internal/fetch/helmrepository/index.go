// Package helmrepository finds charts in Helm repositories that are served over HTTP, as source-controller 1.9 does.
package helmrepository

import (
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	repo "helm.sh/helm/v4/pkg/repo/v1"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Version is a chart's version as an index lists it.
type Version struct {
	Version string    `json:"version"`
	URLs    []string  `json:"urls"`
	Digest  string    `json:"digest,omitempty"`
	Created time.Time `json:"created"`
}

// Index holds the versions of each chart, and no more of what an index says.
type Index map[string][]Version

// Parse reads an index.yaml, YAML or JSON; entries that Helm takes for invalid are left out.
func Parse(data []byte) (Index, error) {
	if len(data) == 0 {
		return nil, fault.New(fault.Artifact, "the index is empty")
	}
	var file repo.IndexFile
	if err := unmarshal(data, &file); err != nil {
		return nil, fault.New(fault.Artifact, "the index can't be read: %s", firstLine(err))
	}
	if file.APIVersion == "" {
		return nil, fault.New(fault.Artifact, "the index has no apiVersion")
	}
	index := make(Index, len(file.Entries))
	for name, versions := range file.Entries {
		index[name] = []Version{}
		for _, listed := range versions {
			if listed != nil && valid(listed) {
				index[name] = append(index[name], Version{listed.Version, listed.URLs, listed.Digest, listed.Created})
			}
		}
	}
	return index, nil
}

func unmarshal(data []byte, file *repo.IndexFile) error {
	if json.Valid(data) {
		return json.Unmarshal(data, file)
	}
	return yaml.UnmarshalStrict(data, file)
}

func valid(listed *repo.ChartVersion) bool {
	if listed.Metadata == nil {
		listed.Metadata = &chart.Metadata{}
	}
	if listed.APIVersion == "" {
		listed.APIVersion = chart.APIVersionV1
	}
	err := listed.Validate()
	var invalid chart.ValidationError
	// Some repositories strip the alias of dependencies.
	return err == nil || errors.As(err, &invalid) &&
		strings.HasPrefix(invalid.Error(), "validation: more than one dependency with name or alias")
}

// Find returns the version of a chart that a version or a range means: one that is spelt like it, else the highest
// within the range; without any, the highest that is no prerelease.
func (i Index) Find(name, wanted string) (Version, error) {
	versions, found := i[name]
	if !found || len(versions) == 0 {
		return Version{}, fault.New(fault.NotFound, "the repository has no chart %s", name)
	}
	for _, listed := range versions {
		if wanted != "" && listed.Version == wanted {
			return listed, nil
		}
	}
	text := wanted
	if text == "" {
		text = "*"
	}
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return Version{}, fault.New(fault.Artifact, "the version %q can't be read: %s", wanted, err)
	}
	matching := within(versions, constraint)
	if len(matching) == 0 {
		return Version{}, fault.New(fault.NotFound, "none of the %d versions of the chart %s matches %s", len(versions), name, text)
	}
	return matching[0].Version, nil
}

type match struct {
	Version
	parsed *semver.Version
}

// within returns what matches, the highest first; what is equally high, the newest first.
func within(versions []Version, constraint *semver.Constraints) []match {
	var matching []match
	for _, listed := range versions {
		if parsed, err := version.ParseVersion(listed.Version); err == nil && constraint.Check(parsed) {
			matching = append(matching, match{listed, parsed})
		}
	}
	sort.SliceStable(matching, func(i, j int) bool {
		left, right := matching[i], matching[j]
		if !left.parsed.Equal(right.parsed) {
			return left.parsed.GreaterThan(right.parsed)
		}
		return left.Created.After(right.Created)
	})
	return matching
}

// Address returns the URL of the index of a repository.
func Address(repository string) (string, error) {
	parsed, err := url.Parse(repository)
	if err != nil {
		return "", fault.New(fault.Artifact, "the URL can't be read")
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" {
		return "", fault.New(fault.Artifact, "a Helm repository's URL begins with https://, http:// or oci://")
	}
	if parsed.RawPath != "" {
		parsed.RawPath = path.Join(parsed.RawPath, "index.yaml")
	}
	parsed.Path = path.Join("/", parsed.Path, "index.yaml")
	return parsed.String(), nil
}

// Archive returns the URL of a chart's archive: the first that the index gives, relative to the repository's.
func (v Version) Archive(repository string) (string, error) {
	if len(v.URLs) == 0 {
		return "", fault.New(fault.Artifact, "the index gives no URL for version %s", v.Version)
	}
	address, err := repo.ResolveReferenceURL(repository, v.URLs[0])
	if err != nil {
		return "", fault.New(fault.Artifact, "the index gives a URL that can't be read: %q", v.URLs[0])
	}
	return address, nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
