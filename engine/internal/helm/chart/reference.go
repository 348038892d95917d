// Package chart makes of what a Flux source holds the chart that helm-controller gets: it loads directories and
// archives, adds dependencies and merges values files, as source-controller 1.9 does.
package chart

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Bad is the code of charts that can't be used.
const Bad fault.Code = "chart"

// Reference says where a chart is: an archive on disk, or a directory or archive in a tree.
type Reference struct {
	Tree    int    `json:"tree,omitempty"`
	Path    string `json:"path,omitempty"`
	Archive string `json:"archive,omitempty"`
}

// Spec is what of a HelmChart's spec changes what is in the chart.
type Spec struct {
	ValuesFiles              []string `json:"valuesFiles"`
	IgnoreMissingValuesFiles bool     `json:"ignoreMissingValuesFiles"`
	ReconcileStrategy        string   `json:"reconcileStrategy"`
}

// Dependency is a chart that a chart directory asks for and that doesn't lie in its tree.
type Dependency struct {
	Name    string `json:"name"`
	Alias   string `json:"alias"`
	Archive string `json:"archive"`
}

// Order is all that a chart is made from.
type Order struct {
	Chart        Reference    `json:"chart"`
	Spec         *Spec        `json:"chart_spec"`
	Dependencies []Dependency `json:"dependencies"`
	// Revision is the artifact's, empty where it isn't known.
	Revision string `json:"revision"`
}

// Content returns the order with each archive named by its digest.
func (o Order) Content() (Order, error) {
	var err error
	if o.Chart.Archive != "" {
		if o.Chart.Archive, err = digestOf(o.Chart.Archive); err != nil {
			return o, err
		}
	}
	o.Chart.Tree = 0
	o.Dependencies = slices.Clone(o.Dependencies)
	for at := range o.Dependencies {
		if o.Dependencies[at].Archive, err = digestOf(o.Dependencies[at].Archive); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Loaded is a chart that may be changed, and where its files come from.
type Loaded struct {
	*helmchart.Chart
	// Skipped are the references of values.schema.json that leave it; what they ask for is not checked.
	Skipped []string
	place   *place
}

// Load makes the chart. view is the tree of the reference, nil for an archive on disk; what is read of it is recorded
// in fs.
func Load(_ context.Context, order Order, fs *tree.FileSystem) (*Loaded, error) {
	loaded, err := load(order, fs)
	if err != nil {
		return nil, err
	}
	if err := order.mark(loaded.Chart); err != nil {
		return nil, bad(err)
	}
	loaded.Skipped = closeSchemas(loaded.Chart)
	return loaded, nil
}

func load(order Order, fs *tree.FileSystem) (*Loaded, error) {
	loaded, err := find(order.Chart, fs)
	switch {
	case err != nil:
		return nil, bad(err)
	case fs == nil:
		return loaded, order.mergeChartFiles(loaded.Chart)
	}
	if err := order.mergeTreeFiles(loaded.Chart, fs); err != nil {
		return nil, err
	}
	if at := clean(order.Chart.Path); fs.IsDir(tree.Absolute(at)) {
		return loaded, order.addDependencies(loaded, at, directory{fs: fs})
	}
	return loaded, nil
}

// find loads the chart as it is.
func find(reference Reference, fs *tree.FileSystem) (*Loaded, error) {
	if fs != nil {
		return directory{fs: fs}.load(clean(reference.Path))
	}
	kept, err := fromDisk(reference.Archive)
	if err != nil {
		return nil, err
	}
	return &Loaded{Chart: kept.chart(), place: &place{}}, nil
}

// clean returns a path relative to the tree's root, which it can't leave.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Track adds the digest of an artifact's revision to the chart's version, as helm-controller does with the charts of an
// OCIRepository or ExternalArtifact, so that a change of the artifact shows.
func (l *Loaded) Track(kind, revision string) {
	_, digest, found := strings.Cut(revision, ":")
	if kind == "HelmChart" || !found || len(digest) < shown {
		return
	}
	if version, err := semver.NewVersion(l.Metadata.Version); err == nil {
		if tracked, err := version.SetMetadata(digest[:shown]); err == nil {
			l.Metadata.Version = tracked.String()
		}
	}
}

// Mentions tells whether a template of the chart, or of one that it depends on, holds a text.
func (l *Loaded) Mentions(text string) bool { return mentions(l.Chart, []byte(text)) }

func mentions(of *helmchart.Chart, text []byte) bool {
	for _, file := range of.Raw {
		if (strings.HasPrefix(file.Name, "templates/") || file.Name == "values.yaml") && bytes.Contains(file.Data, text) {
			return true
		}
	}
	return slices.ContainsFunc(of.Dependencies(), func(child *helmchart.Chart) bool { return mentions(child, text) })
}

// bad returns an error as a fault with the code chart, unless it is a fault already.
func bad(err error) *fault.Error { return fault.Of(err, Bad) }

// place is where the files of a chart are in the tree.
type place struct {
	// directory is relative to the tree's root; archive is set where the chart is within an archive of the tree.
	directory, archive string
	inTree             bool
	children           map[string]*place
}

// Origin returns the file that a template's path within the chart names: of the tree where the chart is there, else
// the path itself.
func (l *Loaded) Origin(name string) string {
	at, rest := l.place, name
	if !at.inTree {
		return name
	}
	_, rest, _ = strings.Cut(rest, "/")
	for {
		below, found := strings.CutPrefix(rest, "charts/")
		if !found {
			break
		}
		child, after, _ := strings.Cut(below, "/")
		next := at.child(child)
		if next == nil {
			break
		}
		at, rest = next, after
	}
	if at.archive != "" {
		return at.archive
	}
	return path.Join(at.directory, rest)
}

// InTree tells whether a template's path within the chart names a file of the tree.
func (l *Loaded) InTree(name string) (string, bool) {
	if !l.place.inTree {
		return "", false
	}
	origin := l.Origin(name)
	return origin, strings.HasSuffix(name, path.Base(origin))
}

func (p *place) child(name string) *place {
	if p.archive != "" {
		return nil
	}
	return p.children[name]
}

// placed records where a chart and those below it were loaded from.
func placed(of *helmchart.Chart, directory string, names map[string]string) *place {
	at := &place{directory: directory, inTree: true, children: map[string]*place{}}
	for _, child := range of.Dependencies() {
		entry := names[child.Name()]
		if entry == "" {
			entry = child.Name()
		}
		file := path.Join(directory, "charts", entry)
		if strings.HasSuffix(entry, ".tgz") {
			at.children[child.Name()] = &place{archive: file, inTree: true}
			continue
		}
		at.children[child.Name()] = placed(child, file, nil)
	}
	for _, wanted := range of.Metadata.Dependencies {
		if known := at.children[wanted.Name]; wanted.Alias != "" && known != nil {
			at.children[wanted.Alias] = known
		}
	}
	return at
}
