package render

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	release "helm.sh/helm/v4/pkg/release/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	jsonyaml "sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/canonical"
)

// Document is one object of a manifest, and the template that it comes from.
type Document struct {
	Source string
	node   *yaml.Node
}

const source = "# Source: "

// Documents splits a manifest as Helm writes it: each object is preceded by a comment that names its template.
func Documents(manifest string) ([]Document, error) {
	var documents []Document
	for at, part := range strings.Split("\n"+manifest, "\n---\n"+source) {
		if at == 0 {
			continue
		}
		name, text, _ := strings.Cut(part, "\n")
		parsed, err := parse(name, []byte(text))
		if err != nil {
			return nil, err
		}
		documents = append(documents, parsed...)
	}
	return documents, nil
}

// Hook returns the object of a hook.
func Hook(hook *release.Hook) ([]Document, error) { return parse(hook.Path, []byte(hook.Manifest)) }

// parse reads YAML as the API server's clients do; the items of a list count on their own.
func parse(name string, data []byte) ([]Document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var documents []Document
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		node, err := nodeOf(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, object := range objectsIn(node) {
			documents = append(documents, Document{name, object})
		}
	}
}

// nodeOf parses one document, nil where it is empty. What isn't written plainly is taken as the Kubernetes decoders
// take it.
func nodeOf(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if document.Kind == 0 || len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null" {
		return nil, nil
	}
	_, err := canonical.Append(nil, document.Content[0])
	if err == nil {
		return document.Content[0], nil
	}
	if !errors.Is(err, canonical.ErrUnusual) {
		return nil, err
	}
	data, err := jsonyaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	var plain yaml.Node
	if err := yaml.Unmarshal(data, &plain); err != nil {
		return nil, err
	}
	return plain.Content[0], nil
}

func objectsIn(node *yaml.Node) []*yaml.Node {
	if node == nil {
		return nil
	}
	items := field(node, "items")
	if items != nil && items.Kind == yaml.SequenceNode && strings.HasSuffix(text(field(node, "kind")), "List") {
		return items.Content
	}
	return []*yaml.Node{node}
}

// Identity is what an object is.
type Identity struct{ APIVersion, Kind, Name, Namespace string }

// Identity returns what the object says it is.
func (d Document) Identity() Identity {
	meta := field(d.node, "metadata")
	return Identity{
		APIVersion: text(field(d.node, "apiVersion")), Kind: text(field(d.node, "kind")),
		Name: text(field(meta, "name")), Namespace: text(field(meta, "namespace")),
	}
}

// JSON returns the object as JSON with sorted keys.
func (d Document) JSON() (string, error) {
	data, err := canonical.Append(nil, d.node)
	return string(data), err
}

// Place puts an object without namespace into that of the release, as Helm's client does where its kind belongs into
// one. It returns the object's identity; that of a kind whose scope isn't known has the namespace, and the object does
// not.
func (d Document) Place(in string, cluster Cluster) Identity {
	identity := d.Identity()
	if identity.Namespace != "" {
		return identity
	}
	switch cluster.scope(identity.APIVersion, identity.Kind) {
	case namespaced:
		set(child(d.node, "metadata"), "namespace", in)
		identity.Namespace = in
	case unknown:
		if !strings.HasPrefix(identity.Kind, "Cluster") {
			identity.Namespace = in
		}
	}
	return identity
}

// definitions returns the CustomResourceDefinitions in a file; helm-controller leaves out all other kinds.
func definitions(name string, data []byte) ([]Document, error) {
	documents, err := parse(name, data)
	if err != nil {
		return nil, fmt.Errorf("failed to parse CustomResourceDefinitions from %w", err)
	}
	var found []Document
	for _, document := range documents {
		if isDefinition(document) {
			found = append(found, document)
		}
	}
	return found, nil
}

func isDefinition(document Document) bool {
	identity := document.Identity()
	return identity.Kind == "CustomResourceDefinition" && strings.HasPrefix(identity.APIVersion, "apiextensions.k8s.io/")
}

// servedBy returns the API versions that a CustomResourceDefinition adds.
func servedBy(crd Document) []string {
	spec := field(crd.node, "spec")
	group, kind := text(field(spec, "group")), text(field(field(spec, "names"), "kind"))
	versions := field(spec, "versions")
	if versions == nil {
		return nil
	}
	var served []string
	for _, version := range versions.Content {
		if flag := field(version, "served"); flag != nil && flag.Value == "true" {
			apiVersion := group + "/" + text(field(version, "name"))
			served = append(served, apiVersion, apiVersion+"/"+kind)
		}
	}
	return served
}

// label adds labels to an object.
func label(document Document, labels map[string]string) error {
	at := child(child(document.node, "metadata"), "labels")
	if at.Kind != yaml.MappingNode {
		return fmt.Errorf("%s: metadata.labels is no mapping", document.Source)
	}
	for name, value := range labels {
		set(at, name, value)
	}
	return nil
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

// child returns the mapping under a key, which is made where there is none.
func child(node *yaml.Node, name string) *yaml.Node {
	found := field(node, name)
	if found != nil && found.ShortTag() != "!!null" {
		return found
	}
	if found == nil {
		found = &yaml.Node{}
		node.Content = append(node.Content, quoted(name), found)
	}
	*found = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	return found
}

func set(node *yaml.Node, name, value string) {
	if found := field(node, name); found != nil {
		*found = *quoted(value)
		return
	}
	if node.Kind == yaml.MappingNode {
		node.Content = append(node.Content, quoted(name), quoted(value))
	}
}

func quoted(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: value}
}

func text(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}
