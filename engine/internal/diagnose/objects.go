package diagnose

import (
	"bytes"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// object is a document, or an item of a List, as a file has it.
type object struct {
	file                        string
	version, kind, space, title string
	line, name                  int
	text                        []byte
	hasMetadata                 bool
}

func (o object) identity() string { return identity(o.kind, o.space, o.title) }

func identity(kind, space, name string) string {
	if space == "" {
		return kind + "/" + name
	}
	return kind + "/" + space + "/" + name
}

// objects returns what a file declares.
func (b Build) objects(file string) []object {
	return objectsOf(file, b.read(file).data)
}

func objectsOf(file string, data []byte) []object {
	var found []object
	for _, doc := range split(data) {
		var node yaml.Node
		if yaml.NewDecoder(bytes.NewReader(doc.data)).Decode(&node) != nil || len(node.Content) == 0 {
			continue
		}
		top := node.Content[0]
		if top.Tag == yaml.NodeTagNull {
			continue
		}
		items := lookup(top, "items")
		if items == nil || !strings.HasSuffix(scalar(top, "kind"), "List") {
			found = append(found, objectOf(file, doc, top))
			continue
		}
		for _, item := range items.Content {
			found = append(found, objectOf(file, doc, item))
		}
	}
	return found
}

func objectOf(file string, doc document, node *yaml.Node) object {
	metadata := lookup(node, "metadata")
	o := object{
		file: file, version: scalar(node, "apiVersion"), kind: scalar(node, "kind"), line: doc.first + node.Line - 1,
		space: scalar(metadata, "namespace"), title: scalar(metadata, "name"), text: doc.data, hasMetadata: metadata != nil,
	}
	o.name = o.line
	if name := lookup(metadata, "name"); name != nil {
		o.name = doc.first + name.Line - 1
	}
	return o
}

// lookup returns the value of a mapping's key, nil where there is none.
func lookup(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for at := 0; at+1 < len(node.Content); at += 2 {
		if node.Content[at].Value == key {
			return node.Content[at+1]
		}
	}
	return nil
}

func scalar(node *yaml.Node, key string) string {
	if value := lookup(node, key); value != nil && value.Kind == yaml.ScalarNode && value.Tag != yaml.NodeTagNull {
		return value.Value
	}
	return ""
}

// lacking returns the first object of a file that isn't one of Kubernetes', and what it lacks.
func lacking(objects []object) (object, string) {
	for _, o := range objects {
		switch {
		case !o.hasMetadata && o.kind == "" && o.version == "":
			return o, "apiVersion, kind and metadata"
		case o.version == "" && o.kind != "":
			return o, "apiVersion"
		case o.kind == "":
			return o, "kind"
		case o.title == "":
			return o, "metadata.name"
		}
	}
	return object{}, ""
}

// resID is an id as kustomize prints it: Kind.version.group/name.namespace, with [noGrp] and the like.
type resID struct{ kind, version, group, name, space string }

func parseID(text string) resID {
	var id resID
	before, after, _ := strings.Cut(text, "/")
	parts := strings.SplitN(before, ".", 3)
	id.kind = parts[0]
	if len(parts) > 1 {
		id.version = known(parts[1])
	}
	if len(parts) > 2 {
		id.group = known(parts[2])
	}
	id.name = after
	if at := strings.LastIndexByte(after, '.'); at >= 0 {
		id.name, id.space = known(after[:at]), known(after[at+1:])
	}
	return id
}

func known(part string) string {
	if strings.HasPrefix(part, "[no") {
		return ""
	}
	return part
}

func (id resID) apiVersion() string { return strings.TrimPrefix(id.group+"/"+id.version, "/") }

func (id resID) String() string { return identity(id.kind, id.space, id.name) }

// like tells whether an object may be the one with an id: names get prefixes and suffixes, namespaces are set later.
func (id resID) like(o object) bool {
	return o.kind == id.kind && (o.title == id.name || o.title != "" && strings.Contains(id.name, o.title))
}

func (id resID) equals(o object) bool { return o.kind == id.kind && o.title == id.name }

// declaring returns the objects with an id in the files read, the exact ones if there are any.
func (b Build) declaring(id resID, files []string) []object {
	var exact, alike []object
	for _, file := range files {
		for _, o := range b.objects(file) {
			if id.equals(o) {
				exact = append(exact, o)
			} else if id.like(o) {
				alike = append(alike, o)
			}
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return alike
}

// instead returns an object that has the name of a patch's target, but is of another version or a kind that is
// written much like it; the patch's own type decides what is meant where that is one of Kubernetes' own.
func (b Build) instead(id resID) (object, bool) {
	for _, file := range b.manifests(b.Dir) {
		for _, o := range b.objects(file) {
			group, _, grouped := strings.Cut(o.version, "/")
			if !grouped {
				group = ""
			}
			near := o.kind == id.kind && group != id.group || o.kind != id.kind && nearest(id.kind, []string{o.kind}) != ""
			if o.title == id.name && near && (o.space == id.space || o.space == "" || id.space == "") {
				return o, true
			}
		}
	}
	return object{}, false
}

// candidates lists the names of a kind in the files read, for "did you mean".
func (b Build) candidates(id resID) string {
	const most = 10
	var names []string
	seen := map[string]bool{}
	for _, file := range b.manifests(b.Dir) {
		for _, o := range b.objects(file) {
			if o.kind == id.kind && o.title != "" && !seen[o.title] {
				seen[o.title] = true
				names = append(names, o.title)
			}
		}
	}
	switch {
	case len(names) == 0:
		return "no " + id.kind + " is built here"
	case len(names) > most:
		return fmt.Sprintf("the %ss built here: %s and %d more", id.kind, strings.Join(names[:most], ", "), len(names)-most)
	default:
		return "the " + id.kind + " built here: " + strings.Join(names, ", ")
	}
}

// manifests returns the files of resources that the kustomization of a directory comes to, in kustomize's order.
func (b Build) manifests(dir string) []string {
	var files []string
	b.collect(dir, map[string]bool{}, &files)
	return files
}

func (b Build) collect(dir string, seen map[string]bool, files *[]string) {
	if seen[dir] {
		return
	}
	seen[dir] = true
	s := b.scene(dir)
	if s.file == "" {
		*files = append(*files, b.readsBelow(dir)...)
		return
	}
	for _, value := range s.source.values(bases) {
		target := s.resolve(value)
		switch {
		case b.isFile(target):
			*files = append(*files, target)
		case b.isDir(target):
			b.collect(target, seen, files)
		}
	}
}

// readsBelow returns the files read below a directory that has no kustomization file.
func (b Build) readsBelow(dir string) []string {
	var files []string
	for _, file := range b.Reads {
		if dir == "" || strings.HasPrefix(file, dir+"/") {
			files = append(files, file)
		}
	}
	return files
}
