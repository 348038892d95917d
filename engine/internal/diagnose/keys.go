package diagnose

import (
	"regexp"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// notAKey is how the libraries end where a mapping is another one's key, as unquoted {{ … }} is in YAML.
var notAKey = regexp.MustCompile(`invalid map key: map\[|wrong node kind: expected ScalarNode but got MappingNode`)

// mappingAsKey returns a fault at the first key that is a mapping in the files that were read, nil where the error is
// about something else.
func (b Build) mappingAsKey(text string) *fault.Error {
	if !notAKey.MatchString(text) {
		return nil
	}
	for _, file := range b.Reads {
		for _, doc := range split(b.read(file).data) {
			var node yaml.Node
			if yaml.Unmarshal(doc.data, &node) != nil {
				continue
			}
			if line := lineOfMappingAsKey(&node); line > 0 {
				return &fault.Error{
					Code: fault.YAML, File: file, Line: doc.first + line - 1, Chain: b.chainTo(file),
					Message: "a mapping stands in place of a key, which YAML allows and Kubernetes doesn't",
					Remedy:  "put the text in quotes; if it is a template of Helm's ({{ … }}), it belongs into a chart",
				}
			}
		}
	}
	return nil
}

func lineOfMappingAsKey(node *yaml.Node) int {
	for index, below := range node.Content {
		if node.Kind == yaml.MappingNode && index%2 == 0 && below.Kind == yaml.MappingNode {
			return below.Line
		}
		if line := lineOfMappingAsKey(below); line > 0 {
			return line
		}
	}
	return 0
}
