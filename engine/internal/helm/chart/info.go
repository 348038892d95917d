package chart

import (
	helmchart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Info is what a chart says of itself. Its fields are in the order of their JSON keys.
type Info struct {
	AppVersion   string   `json:"app_version"`
	Dependencies []Needed `json:"dependencies"`
	KubeVersion  string   `json:"kube_version"`
	Library      bool     `json:"library"`
	Name         string   `json:"name"`
	Version      string   `json:"version"`
}

// Needed is a dependency.
type Needed struct {
	Alias      string `json:"alias"`
	Name       string `json:"name"`
	Present    bool   `json:"present"`
	Repository string `json:"repository"`
	Version    string `json:"version"`
}

// Describe tells what a chart is. Present are the dependencies that need not be fetched: those in charts/, those of
// the same tree, and all of an archive, to which source-controller adds none.
func Describe(reference Reference, fs *tree.FileSystem) (*Info, error) {
	loaded, err := find(reference, fs)
	if err != nil {
		return nil, bad(err)
	}
	info := &Info{
		AppVersion: loaded.Metadata.AppVersion, KubeVersion: loaded.Metadata.KubeVersion, Name: loaded.Name(),
		Library: loaded.Metadata.Type == "library", Version: loaded.Metadata.Version, Dependencies: []Needed{},
	}
	all, missing := requested(loaded.Chart)
	if fs == nil || !fs.IsDir(tree.Absolute(clean(reference.Path))) {
		all, missing = loaded.Metadata.Dependencies, nil
	}
	for _, dependency := range all {
		if dependency != nil {
			info.Dependencies = append(info.Dependencies, needed(dependency, missing))
		}
	}
	return info, nil
}

func needed(dependency *helmchart.Dependency, missing []*helmchart.Dependency) Needed {
	present := true
	for _, absent := range missing {
		present = present && (absent != dependency || isLocal(dependency))
	}
	return Needed{
		Alias: dependency.Alias, Name: dependency.Name, Present: present,
		Repository: dependency.Repository, Version: dependency.Version,
	}
}
