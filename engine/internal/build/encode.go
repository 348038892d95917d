package build

import (
	"errors"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/canonical"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
)

const group = "kustomize.toolkit.fluxcd.io"

// encoder turns what kustomize built into what the API server gets.
type encoder struct {
	metadata *metadata
	encoded  []Resource
	// places has for each of kustomize's resources the indices of the objects it became.
	places [][]int
	buffer []byte
}

// encode writes the resources as JSON, with the labels and annotations that kustomize-controller adds.
func (j *job) encode(resources resmap.ResMap, origins []origin) (*encoder, error) {
	e := &encoder{metadata: newMetadata(j.request.Kustomization), encoded: make([]Resource, 0, resources.Size())}
	for index, res := range resources.Resources() {
		node, err := e.plainNode(res)
		if err != nil {
			return nil, fault.New(fault.YAML, "%s: %s", identity(res.GetKind(), res.GetNamespace(), res.GetName()), err)
		}
		var from origin
		if index < len(origins) {
			from = origins[index]
		}
		first := len(e.encoded)
		for _, object := range objectsOf(node, j.request.Kustomization != nil) {
			if err := e.add(object, from); err != nil {
				return nil, err
			}
		}
		e.places = append(e.places, upTo(first, len(e.encoded)))
	}
	return e, nil
}

func upTo(first, end int) []int {
	indices := []int{}
	for index := first; index < end; index++ {
		indices = append(indices, index)
	}
	return indices
}

// place replaces the indices of kustomize's resources in variables by those of the encoded objects.
func (e *encoder) place(variables []substitute.Variable) []substitute.Variable {
	for at := range variables {
		placed := []int{}
		for _, index := range variables[at].Resources {
			placed = append(placed, e.places[index]...)
		}
		variables[at].Resources = placed
	}
	return variables
}

func (e *encoder) add(object *yaml.Node, from origin) error {
	e.metadata.apply(object)
	var err error
	if e.buffer, err = canonical.Append(e.buffer[:0], object); err != nil {
		return err
	}
	meta := field(object, "metadata")
	e.encoded = append(e.encoded, Resource{
		APIVersion: textOf(field(object, "apiVersion")), Kind: textOf(field(object, "kind")),
		Name: textOf(field(meta, "name")), Namespace: textOf(field(meta, "namespace")),
		Object: string(e.buffer), Origin: from.file, Transformations: append([]string{}, from.transformations...),
	})
	return nil
}

// plainNode returns a resource's YAML node without aliases, merge keys and other things that JSON doesn't know.
func (e *encoder) plainNode(res *resource.Resource) (*yaml.Node, error) {
	node := res.YNode()
	var err error
	if e.buffer, err = canonical.Append(e.buffer[:0], node); !errors.Is(err, canonical.ErrUnusual) {
		return node, err
	}
	data, err := res.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	return document.Content[0], nil
}

// objectsOf follows ReadObjects of fluxcd/pkg/ssa: the items of a list count on their own; kustomization files and
// what is not a Kubernetes object are left out.
func objectsOf(node *yaml.Node, flux bool) []*yaml.Node {
	if !flux {
		return []*yaml.Node{node}
	}
	if items := field(node, "items"); items != nil && items.Kind == yaml.SequenceNode {
		return items.Content
	}
	kind, version := textOf(field(node, "kind")), textOf(field(node, "apiVersion"))
	if kind == "" || version == "" || textOf(field(field(node, "metadata"), "name")) == "" {
		return nil
	}
	if isKustomizationFile(kind, version) {
		return nil
	}
	return []*yaml.Node{node}
}

// metadata is what kustomize-controller adds to each object: the owner's labels, then commonMetadata.
type metadata struct{ labels, annotations map[string]string }

func newMetadata(kustomization map[string]any) *metadata {
	if kustomization == nil {
		return nil
	}
	owner := unstructured.Unstructured{Object: kustomization}
	m := &metadata{labels: map[string]string{
		group + "/name": owner.GetName(), group + "/namespace": owner.GetNamespace(),
	}}
	common, _, _ := unstructured.NestedStringMap(kustomization, "spec", "commonMetadata", "labels")
	maps.Copy(m.labels, common)
	m.annotations, _, _ = unstructured.NestedStringMap(kustomization, "spec", "commonMetadata", "annotations")
	return m
}

// apply follows SetOwnerLabels and SetCommonMetadata of fluxcd/pkg/ssa.
func (m *metadata) apply(object *yaml.Node) {
	if m == nil || object.Kind != yaml.MappingNode {
		return
	}
	meta := field(object, "metadata")
	if meta == nil || meta.Kind != yaml.MappingNode {
		meta = setField(object, "metadata", &yaml.Node{Kind: yaml.MappingNode, Tag: kyaml.NodeTagMap})
	}
	addTexts(meta, "labels", m.labels)
	addTexts(meta, "annotations", m.annotations)
}

// addTexts adds to a mapping of strings; one that holds anything else counts as absent, as it does for the controller.
func addTexts(meta *yaml.Node, name string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	texts := field(meta, name)
	if !onlyTexts(texts) {
		texts = setField(meta, name, &yaml.Node{Kind: yaml.MappingNode, Tag: kyaml.NodeTagMap})
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		setField(texts, key, text(values[key]))
	}
}

func onlyTexts(node *yaml.Node) bool {
	if node == nil || node.Kind != yaml.MappingNode {
		return false
	}
	for at := 1; at < len(node.Content); at += 2 {
		if value := node.Content[at]; value.Kind != yaml.ScalarNode || value.ShortTag() != kyaml.NodeTagString {
			return false
		}
	}
	return true
}

// text returns the node of a text, quoted so that there is no doubt about what it is in any place.
func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: kyaml.NodeTagString, Style: yaml.DoubleQuotedStyle, Value: value}
}

// field returns the value of a mapping's key, nil where there is none.
func field(node *yaml.Node, name string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for at := 0; at+1 < len(node.Content); at += 2 {
		if node.Content[at].Value == name {
			return node.Content[at+1]
		}
	}
	return nil
}

// setField sets a mapping's key and returns the value.
func setField(node *yaml.Node, name string, value *yaml.Node) *yaml.Node {
	for at := 0; at+1 < len(node.Content); at += 2 {
		if node.Content[at].Value == name {
			node.Content[at+1] = value
			return value
		}
	}
	node.Content = append(node.Content, text(name), value)
	return value
}

func textOf(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode || node.ShortTag() != kyaml.NodeTagString {
		return ""
	}
	return node.Value
}

func identity(kind, namespace, name string) string {
	if namespace == "" {
		return kind + "/" + name
	}
	return kind + "/" + namespace + "/" + name
}
