package build

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// subject is a resource, as far as it matters for whom it is that a patch changes.
type subject struct {
	gvk resid.Gvk
	// names returns the name that it has in the end, and the one that it had in its file.
	names func() []string
}

// changed returns, of the files that kustomize names as having transformed a resource, those that changed it, and
// after each the files of its patches that did. kustomize names every file that a resource has passed; whether a patch
// is meant for the resource is told from its kind and name, its selectors of labels and annotations apart.
func (j *job) changed(res *resource.Resource, origin *string, passed []string) []string {
	var files []string
	s := subject{res.GetGvk(), sync.OnceValue(func() []string { return j.namesOf(res, origin) })}
	for _, name := range passed {
		file := j.original(name)
		if file == nil {
			continue
		}
		patches, meant := j.patchesFor(s, name, file)
		if !meant && !file.Changes {
			continue
		}
		for _, changed := range append([]string{name}, patches...) {
			if !slices.Contains(files, changed) {
				files = append(files, changed)
			}
		}
	}
	return files
}

// original returns the kustomization file as it is in the tree: what a Kustomization adds has no file.
func (j *job) original(name string) *reference.File {
	entry := j.view.Lookup(name)
	if entry == nil || entry.IsDir() {
		return nil
	}
	data, err := j.view.Read(entry)
	if err != nil {
		return nil
	}
	file, err := j.parsed(name, data)
	if err != nil {
		return nil
	}
	return file
}

// patchesFor returns the files of the patches that are meant for a resource, and whether any patch is.
func (j *job) patchesFor(s subject, name string, file *reference.File) (files []string, meant bool) {
	for _, patch := range file.Patches {
		at, inTree := "", false
		if patch.Path != "" {
			at, inTree = tree.Relative(path.Join(tree.Root, path.Dir(name), patch.Path))
		}
		if !j.meant(s, patch, at) {
			continue
		}
		meant = true
		if inTree {
			files = append(files, at)
		}
	}
	return files, meant
}

func (j *job) meant(s subject, patch reference.Patch, at string) bool {
	if patch.Target != nil {
		return selects(s, patch.Target)
	}
	ids := idsIn([]byte(patch.Text))
	if at != "" {
		ids = j.idsOf(at)
	}
	for _, id := range ids {
		if id.kind == s.gvk.Kind && slices.Contains(s.names(), id.name) {
			return true
		}
	}
	return false
}

func selects(s subject, target *types.Selector) bool {
	expressions, err := types.NewSelectorRegex(target)
	return err == nil && expressions.MatchGvk(s.gvk) &&
		(target.Name == "" || slices.ContainsFunc(s.names(), expressions.MatchName))
}

// namesOf returns the name of a resource, and the one that it seems to have in the file that it comes from: prefixes,
// suffixes and hashes only add to a name.
func (j *job) namesOf(res *resource.Resource, origin *string) []string {
	names := []string{res.GetName()}
	if origin == nil {
		return names
	}
	if reference.IsKustomization(*origin) {
		if file := j.original(*origin); file != nil {
			names = append(names, slices.DeleteFunc(slices.Clone(file.Generated), func(name string) bool {
				return !strings.Contains(res.GetName(), name)
			})...)
		}
		return names
	}
	for _, id := range j.idsOf(*origin) {
		if id.kind == res.GetKind() && strings.Contains(res.GetName(), id.name) {
			names = append(names, id.name)
		}
	}
	return names
}

// objectID is the kind and the name of an object in a file.
type objectID struct{ kind, name string }

// idsOf returns the ids of a file's objects, once a view.
func (j *job) idsOf(name string) []objectID {
	key := memoKey{"ids", name}
	if known, found := j.view.Memo.Load(key); found {
		return known.([]objectID)
	}
	var ids []objectID
	if entry := j.view.Lookup(name); entry != nil && !entry.IsDir() {
		if data, err := j.view.Read(entry); err == nil {
			ids = idsIn(data)
		}
	}
	j.view.Memo.Store(key, ids)
	return ids
}

func idsIn(data []byte) []objectID {
	var ids []objectID
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return ids
		}
		if len(document.Content) == 1 {
			ids = appendIDs(ids, document.Content[0])
		}
	}
}

func appendIDs(ids []objectID, object *yaml.Node) []objectID {
	if items := field(object, "items"); items != nil && items.Kind == yaml.SequenceNode {
		for _, item := range items.Content {
			ids = appendIDs(ids, item)
		}
	}
	id := objectID{textOf(field(object, "kind")), textOf(field(field(object, "metadata"), "name"))}
	if id.kind == "" || id.name == "" {
		return ids
	}
	return append(ids, id)
}
