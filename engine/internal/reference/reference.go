// Package reference tells what a kustomization file names: files, directories and remote places.
package reference

import (
	"path"
	"regexp"
	"strings"

	"github.com/fluxcd/pkg/kustomize"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// File is what one kustomization file says.
type File struct {
	// Component is set for kind Component.
	Component bool
	// Local are the paths it names, relative to its directory, in the order of kustomize's fields.
	Local []string
	// Remote are the URLs it names.
	Remote []string
	// OpenAPI is set where it brings a schema of its own.
	OpenAPI bool
	// Charts is set where it inflates Helm charts, which Flux refuses.
	Charts bool
	// Patches are its patches of all kinds.
	Patches []Patch
	// Generated are the names of the ConfigMaps and Secrets that it generates.
	Generated []string
	// Changes is set where it has fields, other than patches, that may change any object.
	Changes bool
}

// Patch is one patch of a kustomization file.
type Patch struct {
	// Path is relative to the file's directory, "" for an inline patch.
	Path string
	// Text is an inline patch.
	Text string
	// Target selects the objects that it changes, nil where the patch itself names one.
	Target *types.Selector
}

// IsKustomization tells whether kustomize takes a file of this name for a kustomization file.
func IsKustomization(name string) bool {
	base := path.Base(name)
	for _, known := range konfig.RecognizedKustomizationFileNames() {
		if base == known {
			return true
		}
	}
	return false
}

// Parse reads a kustomization file, tolerating unknown fields.
func Parse(data []byte) (*File, error) {
	var k types.Kustomization
	if err := yaml.Unmarshal(data, &k); err != nil {
		return nil, err
	}
	k.FixKustomization()
	file := &File{
		Component: k.Kind == types.ComponentKind,
		OpenAPI:   len(k.OpenAPI) > 0,
		Charts:    len(k.HelmCharts) > 0 || len(k.HelmChartInflationGenerator) > 0,
		Patches:   patches(&k),
		Changes:   changes(&k),
	}
	for _, generator := range k.ConfigMapGenerator {
		file.Generated = append(file.Generated, generator.Name)
	}
	for _, generator := range k.SecretGenerator {
		file.Generated = append(file.Generated, generator.Name)
	}
	for _, name := range names(&k) {
		file.add(name)
	}
	return file, nil
}

func (f *File) add(name string) {
	switch {
	case name == "" || strings.Contains(name, "\n"):
		// Nothing, or an inline document.
	case IsRemote(name):
		f.Remote = append(f.Remote, name)
	default:
		f.Local = append(f.Local, name)
	}
}

// scpLike is Git's short form of an SSH URL, user@host:path.
var scpLike = regexp.MustCompile(`^[\w.+-]+@[\w.-]+[:/]`)

// IsRemote tells whether kustomize takes a path for something to be fetched.
func IsRemote(name string) bool {
	return strings.Contains(name, "://") || scpLike.MatchString(name) ||
		!strings.HasPrefix(name, "/") && !kustomize.IsLocalRelativePath(name)
}

func names(k *types.Kustomization) []string {
	var all []string
	all = append(all, k.Resources...)
	all = append(all, k.Components...)
	all = append(all, k.Crds...)
	all = append(all, k.Configurations...)
	all = append(all, k.Generators...)
	all = append(all, k.Transformers...)
	all = append(all, k.Validators...)
	for _, patch := range patches(k) {
		all = append(all, patch.Path)
	}
	for _, replacement := range k.Replacements {
		all = append(all, replacement.Path)
	}
	for _, generator := range k.ConfigMapGenerator {
		all = append(all, sources(generator.KvPairSources)...)
	}
	for _, generator := range k.SecretGenerator {
		all = append(all, sources(generator.KvPairSources)...)
	}
	return append(all, k.OpenAPI["path"])
}

func patches(k *types.Kustomization) []Patch {
	var all []Patch
	for _, patch := range append(k.Patches, k.PatchesJson6902...) {
		all = append(all, Patch{Path: patch.Path, Text: patch.Patch, Target: patch.Target})
	}
	for _, text := range k.PatchesStrategicMerge {
		if strings.Contains(string(text), "\n") {
			all = append(all, Patch{Text: string(text)})
		} else {
			all = append(all, Patch{Path: string(text)})
		}
	}
	return all
}

// changes errs on the side of yes.
func changes(k *types.Kustomization) bool {
	return k.Namespace != "" || k.NamePrefix != "" || k.NameSuffix != "" || len(k.CommonLabels) > 0 || len(k.Labels) > 0 ||
		len(k.CommonAnnotations) > 0 || len(k.Images) > 0 || len(k.Replicas) > 0 || len(k.Replacements) > 0 ||
		len(k.Vars) > 0 || len(k.Transformers) > 0
}

func sources(pairs types.KvPairSources) []string {
	var all []string
	for _, source := range pairs.FileSources {
		if _, file, keyed := strings.Cut(source, "="); keyed {
			source = file
		}
		all = append(all, source)
	}
	all = append(all, pairs.EnvSources...)
	return append(all, pairs.EnvSource)
}
