package build

import (
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// origin is where a resource comes from, and what changed it.
type origin struct {
	file            *string
	transformations []string
}

// kustomize builds, and asks kustomize where each resource comes from. Kustomize answers in annotations, which are
// there during the build: where anything that was read might notice them, or where a build with them fails, the
// result is that of a build without them.
func (j *job) kustomize() (resmap.ResMap, []origin, error) {
	file, plain, wanted := j.withMetadata()
	if wanted == nil {
		resources, err := j.build()
		return resources, nil, err
	}
	j.fs.Lay(file, wanted)
	annotated, err := j.build()
	var origins []origin
	if err == nil {
		origins = j.origins(annotated)
	}
	if err == nil && !j.seen.annotations {
		return annotated, origins, removeMetadata(annotated, plain.metadata)
	}
	if j.seen.remote != nil || j.seen.budget.Problem() != nil || j.ctx.Err() != nil {
		return nil, nil, err
	}
	j.restore(file, plain)
	resources, err := j.build()
	if err != nil || resources.Size() != len(origins) {
		return resources, nil, err
	}
	return resources, origins, nil
}

// original is a kustomization file before we add to it.
type original struct {
	data      []byte
	generated bool
	metadata  []string
}

// withMetadata returns the kustomization file at the top with kustomize's buildMetadata asking for origins; nil
// where there is no such file, or none that could be changed.
func (j *job) withMetadata() (name string, plain original, wanted []byte) {
	name = j.topFile()
	if name == "" {
		return name, plain, nil
	}
	data, err := j.fs.ReadFile(name)
	if err != nil {
		return name, plain, nil
	}
	plain = original{data: data, generated: name == j.manifest}
	fields := map[string]any{}
	if err := yaml.Unmarshal(data, &fields); err != nil || len(fields) == 0 {
		return name, plain, nil
	}
	plain.metadata = stringsOf(fields["buildMetadata"])
	if fields["buildMetadata"] != nil && !plain.generated {
		j.seen.annotations = true
	}
	fields["buildMetadata"] = append(slices.Clone(plain.metadata), types.OriginAnnotations, types.TransformerAnnotations)
	wanted, err = json.Marshal(fields)
	if err != nil {
		return name, plain, nil
	}
	return name, plain, wanted
}

// topFile returns the kustomization file of the directory to build, "" where there is none or more than one.
func (j *job) topFile() string {
	if j.manifest != "" {
		return j.manifest
	}
	found := ""
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		name := path.Join(j.dir, base)
		if !j.fs.Exists(name) || j.fs.IsDir(name) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

func (j *job) restore(name string, plain original) { j.fs.Lay(name, plain.data) }

// removeMetadata removes what kustomize itself would have removed, had we not asked for it.
func removeMetadata(resources resmap.ResMap, asked []string) error {
	if !slices.Contains(asked, types.OriginAnnotations) {
		if err := resources.RemoveOriginAnnotations(); err != nil {
			return err
		}
	}
	if !slices.Contains(asked, types.TransformerAnnotations) {
		return resources.RemoveTransformerAnnotations()
	}
	return nil
}

func (j *job) origins(resources resmap.ResMap) []origin {
	all := make([]origin, 0, resources.Size())
	for _, res := range resources.Resources() {
		var found origin
		if from, err := res.GetOrigin(); err == nil && from != nil && !lost(from) {
			found.file = j.fileOf(from)
		}
		if changes, err := res.GetTransformations(); err == nil {
			found.transformations = j.changed(res, found.file, j.filesOf(changes))
		}
		all = append(all, found)
	}
	return all
}

// lost tells whether an origin is that of a transformer: kustomize gives it to a resource that has none any more, once
// a patch has replaced its annotations.
func lost(from *resource.Origin) bool {
	return strings.HasSuffix(from.ConfiguredBy.Kind, "Transformer")
}

func (j *job) filesOf(changes resource.Transformations) []string {
	var files []string
	for _, change := range changes {
		if file := j.fileOf(change); file != nil && !slices.Contains(files, *file) {
			files = append(files, *file)
		}
	}
	return files
}

// fileOf returns the file of an origin, relative to the tree's root; nil where it isn't in the tree.
func (j *job) fileOf(from *resource.Origin) *string {
	name := from.Path
	if from.ConfiguredIn != "" {
		name = from.ConfiguredIn
	}
	if name == "" || from.Repo != "" {
		return nil
	}
	file, below := tree.Relative(filepath.Join(j.dir, name))
	if !below || j.view.Lookup(file) == nil {
		return nil
	}
	return &file
}

func stringsOf(value any) []string {
	list, _ := value.([]any)
	var texts []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
