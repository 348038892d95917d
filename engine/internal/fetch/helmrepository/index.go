// Package helmrepository finds charts in Helm repositories that are served over HTTP, as source-controller 1.9 does.
package helmrepository

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	repo "helm.sh/helm/v4/pkg/repo/v1"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
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

// Parse reads an index.yaml, YAML or JSON; entries that Helm takes for invalid are left out. A large YAML index is read
// chart by chart: as a whole, it would take twenty times its size in memory.
func Parse(data []byte) (Index, error) {
	if len(data) == 0 {
		return nil, fault.New(fault.Artifact, "the index is empty")
	}
	if head, charts, regular := split(data); regular {
		if index, err := parseParts(head, charts); err == nil {
			return index, nil
		}
	}
	return parseWhole(data)
}

func parseWhole(data []byte) (Index, error) {
	var file repo.IndexFile
	if err := unmarshal(data, &file); err != nil {
		return nil, fault.New(fault.Artifact, "the index can't be read: %s", firstLine(err))
	}
	index := make(Index, len(file.Entries))
	return index, index.add(&file)
}

func parseParts(head []byte, charts [][]byte) (Index, error) {
	var file repo.IndexFile
	if err := yaml.UnmarshalStrict(head, &file); err != nil {
		return nil, err
	}
	index := make(Index, len(charts))
	for _, part := range charts {
		file.Entries = nil
		if err := yaml.UnmarshalStrict(part, &file.Entries); err != nil {
			return nil, err
		}
		for name := range file.Entries {
			if _, twice := index[name]; twice {
				return nil, fault.New(fault.Artifact, "the index lists the chart %s twice", name)
			}
		}
		if err := index.add(&file); err != nil {
			return nil, err
		}
	}
	return index, nil
}

// add takes the valid entries of a file.
func (i Index) add(file *repo.IndexFile) error {
	if file.APIVersion == "" {
		return fault.New(fault.Artifact, "the index has no apiVersion")
	}
	for name, versions := range file.Entries {
		i[name] = []Version{}
		for _, listed := range versions {
			if listed != nil && valid(listed) {
				i[name] = append(i[name], Version{listed.Version, listed.URLs, listed.Digest, listed.Created})
			}
		}
	}
	return nil
}

// split takes a YAML index of the usual shape apart: what is beside its entries, and each entry as a mapping of its own.
// What it takes apart wrongly is no YAML, or has aliases to what is elsewhere, and is then read as a whole.
func split(data []byte) (head []byte, charts [][]byte, regular bool) {
	start, indent := -1, 0
	var within, seen bool
	for at := 0; at < len(data); {
		end := at + lineLength(data[at:])
		line := bytes.TrimRight(data[at:end], "\r\n ")
		depth := len(line) - len(bytes.TrimLeft(line, " "))
		blank := len(line) == depth || line[depth] == '#'
		switch {
		case !within && string(line) == "entries:" && !seen:
			within, seen = true, true
		case !within || blank:
			if !within {
				head = append(head, data[at:end]...)
			}
		case depth == 0:
			within = false
			if start >= 0 {
				charts = append(charts, data[start:at])
			}
			start, head = -1, append(head, data[at:end]...)
		case indent == 0 || depth == indent && line[depth] != '-':
			if start >= 0 {
				charts = append(charts, data[start:at])
			}
			start, indent = at, depth
		case depth < indent:
			return nil, nil, false
		}
		at = end
	}
	if start >= 0 {
		charts = append(charts, data[start:])
	}
	return head, charts, seen
}

func lineLength(data []byte) int {
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		return end + 1
	}
	return len(data)
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
		problem := fault.New(fault.NotFound, "the repository has no chart %s", name)
		problem.Field = "chart"
		if near := finding.Nearest(name, slices.Sorted(maps.Keys(i))); near != "" {
			problem.Remedy = "did you mean " + near + "?"
		}
		return Version{}, problem
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
		problem := fault.New(fault.NotFound, "none of the %d versions of the chart %s matches %s", len(versions), name, text)
		if all := within(versions, everything); len(all) > 0 {
			problem.Remedy = "take a version that there is: the newest is " + all[0].Version.Version
		}
		return Version{}, problem
	}
	return matching[0].Version, nil
}

// everything is the range of all versions, prereleases too.
var everything, _ = semver.NewConstraint(">=0.0.0-0")

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
		problem := fault.New(fault.Artifact, "a Helm repository's URL begins with https:// or http://, with type: oci it is oci://")
		problem.Field = "url"
		return "", problem
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
