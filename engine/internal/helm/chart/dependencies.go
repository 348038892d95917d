package chart

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// requested returns the dependencies of a chart directory, those of its lock file where it has one, and those of them
// that its charts/ lacks. It follows the DependencyManager of source-controller, which takes as many charts as are
// asked for to be the right ones.
func requested(of *helmchart.Chart) (all, missing []*helmchart.Dependency) {
	all = of.Metadata.Dependencies
	if of.Lock != nil {
		all = of.Lock.Dependencies
	}
	if len(of.Dependencies()) == len(all) {
		return all, nil
	}
	for _, wanted := range all {
		if wanted != nil && !has(of, nameOf(wanted)) {
			missing = append(missing, wanted)
		}
	}
	return all, missing
}

func has(of *helmchart.Chart, name string) bool {
	for _, existing := range of.Dependencies() {
		if existing.Name() == name {
			return true
		}
	}
	return false
}

func nameOf(dependency *helmchart.Dependency) string {
	if dependency.Alias != "" {
		return dependency.Alias
	}
	return dependency.Name
}

func isLocal(dependency *helmchart.Dependency) bool {
	return dependency.Repository == "" || strings.HasPrefix(dependency.Repository, "file://")
}

// addDependencies adds what charts/ lacks: charts of the tree, and those that the caller has fetched.
func (o Order) addDependencies(loaded *Loaded, at string, from directory) error {
	_, missing := requested(loaded.Chart)
	for _, wanted := range missing {
		if err := o.addDependency(loaded, wanted, at, from); err != nil {
			problem := *bad(err)
			kind := "remote"
			if isLocal(wanted) {
				kind = "local"
			}
			problem.Message = fmt.Sprintf("failed to add %s dependency '%s': %s", kind, nameOf(wanted), problem.Message)
			problem.File = path.Join(at, "Chart.yaml")
			return &problem
		}
	}
	return nil
}

func (o Order) addDependency(loaded *Loaded, wanted *helmchart.Dependency, at string, from directory) error {
	var added *helmchart.Chart
	var where *place
	if isLocal(wanted) {
		local, err := from.local(at, wanted)
		if err != nil {
			return err
		}
		added, where = local.Chart, local.place
	} else {
		archive, err := o.given(wanted)
		if err != nil {
			return err
		}
		added = archive.chart()
	}
	if wanted.Alias != "" {
		added.Metadata.Name = wanted.Alias
	}
	loaded.AddDependency(added)
	if where != nil {
		loaded.place.children[added.Name()] = where
	} else {
		loaded.place.children[added.Name()] = &place{archive: path.Join(at, "Chart.yaml"), inTree: true}
	}
	return nil
}

// given returns the archive that the caller has fetched for a dependency.
func (o Order) given(wanted *helmchart.Dependency) (*pristine, error) {
	for _, dependency := range o.Dependencies {
		if dependency.Name == wanted.Name && (dependency.Alias == "" || dependency.Alias == wanted.Alias) {
			return fromDisk(dependency.Archive)
		}
	}
	problem := fault.New(Bad, "the chart %s %s of %s is not there", wanted.Name, wanted.Version, wanted.Repository)
	problem.URL = wanted.Repository
	return nil, problem
}

// local loads a dependency that lies in the same tree.
func (d directory) local(at string, wanted *helmchart.Dependency) (*Loaded, error) {
	where, err := locate(at, wanted)
	if err != nil {
		return nil, err
	}
	if !d.fs.Exists(tree.Absolute(where)) {
		return nil, fault.New(Bad, "no chart found at '/%s' (reference '%s')", where, wanted.Repository)
	}
	constraint, err := semver.NewConstraint(wanted.Version)
	if err != nil {
		return nil, fmt.Errorf("invalid version/constraint format '%s': %w", wanted.Version, err)
	}
	loaded, err := d.load(where)
	if err != nil {
		return nil, fmt.Errorf("failed to load chart from '/%s' (reference '%s'): %w", where, wanted.Repository, err)
	}
	version, err := semver.NewVersion(loaded.Metadata.Version)
	if err != nil {
		return nil, err
	}
	if !constraint.Check(version) {
		return nil, fault.New(Bad, "can't get a valid version for constraint '%s': the chart at '/%s' is %s",
			wanted.Version, where, loaded.Metadata.Version)
	}
	return loaded, nil
}

// locate returns where a dependency lies; a path that leaves the tree is taken as one below its root.
func locate(at string, wanted *helmchart.Dependency) (string, error) {
	if wanted.Repository == "" {
		return path.Join(at, "charts", wanted.Name), nil
	}
	parsed, err := url.Parse(wanted.Repository)
	if err != nil {
		return "", fmt.Errorf("failed to parse alleged local chart reference: %w", err)
	}
	return strings.TrimPrefix(path.Clean("/"+path.Join(at, parsed.Host, parsed.Path)), "/"), nil
}
