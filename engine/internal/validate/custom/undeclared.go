package custom

import (
	"maps"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// undeclared collects the fields that the API server would refuse in an apply request since the schema doesn't have
// them. It goes the way of apiextensions-apiserver's pruning, which tells their paths as text only.
type undeclared struct {
	findings []finding.Finding
}

func (u *undeclared) value(value any, by *schema.Structural, path finding.Path) {
	switch value := value.(type) {
	case map[string]any:
		u.object(value, by, path, by != nil && by.XEmbeddedResource)
	case []any:
		if by == nil || by.Items == nil {
			return
		}
		for i, item := range value {
			u.value(item, by.Items, path.With(i))
		}
	}
}

func (u *undeclared) object(fields map[string]any, by *schema.Structural, path finding.Path, isResource bool) {
	if by == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if isResource && isObjectField(name, len(path) == 0) {
			continue
		}
		child := path.With(name)
		if property, ok := by.Properties[name]; ok {
			u.value(fields[name], &property, child)
		} else if by.AdditionalProperties != nil {
			u.value(fields[name], by.AdditionalProperties.Structural, child)
		} else if !by.XPreserveUnknownFields && !finding.IsUnknown(name) && !free(by) {
			u.findings = append(u.findings, kube.Undeclared(child, slices.Collect(maps.Keys(by.Properties))))
		}
	}
}

// isObjectField tells whether every object has this field; kustomize-controller removes sops.
func isObjectField(name string, root bool) bool {
	return name == "apiVersion" || name == "kind" || name == "metadata" || root && name == "sops"
}

// free tells whether a schema says nothing of its fields because it isn't one of an object.
func free(by *schema.Structural) bool {
	return by.Type != "object" && by.Type != ""
}
