// Package custom judges custom resources as the API server does: by the structural schema of their
// CustomResourceDefinition, its defaults and its rules.
package custom

import (
	"fmt"
	"slices"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	kjson "sigs.k8s.io/json"
)

// Kind is what a CustomResourceDefinition says of one kind.
type Kind struct {
	Group, Name string
	Namespaced  bool
	// Converted tells that a webhook converts objects between versions, by what only it knows.
	Converted bool
	// Source says where the definition is from, for messages.
	Source   string
	versions []version
}

type version struct {
	name       string
	served     bool
	deprecated bool
	warning    string
	compiled   func() (*resource, error)
}

// resource holds the validators of one version of a kind.
type resource struct {
	structural *schema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
	hasStatus  bool
}

// Served returns the versions that the API server would serve.
func (k *Kind) Served() []string {
	var names []string
	for _, version := range k.versions {
		if version.served {
			names = append(names, version.name)
		}
	}
	return names
}

func (k *Kind) version(name string) *version {
	index := slices.IndexFunc(k.versions, func(v version) bool { return v.name == name && v.served })
	if index < 0 {
		return nil
	}
	return &k.versions[index]
}

// Parse reads a CustomResourceDefinition (apiextensions.k8s.io/v1) from JSON. Its schemas are compiled when they are needed.
func Parse(text []byte, source string) (*Kind, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &definition); err != nil {
		return nil, fmt.Errorf("%s: not a CustomResourceDefinition: %w", source, err)
	}
	spec := definition.Spec
	if spec.Group == "" || spec.Names.Kind == "" {
		return nil, fmt.Errorf("%s: a CustomResourceDefinition needs a group and a kind", source)
	}
	kind := &Kind{
		Group: spec.Group, Name: spec.Names.Kind, Source: source,
		Namespaced: spec.Scope != apiextensionsv1.ClusterScoped,
		Converted:  spec.Conversion != nil && spec.Conversion.Strategy == apiextensionsv1.WebhookConverter,
	}
	for _, each := range spec.Versions {
		kind.versions = append(kind.versions, versionOf(each, spec.PreserveUnknownFields))
	}
	return kind, nil
}

func versionOf(from apiextensionsv1.CustomResourceDefinitionVersion, open bool) version {
	result := version{name: from.Name, served: from.Served, deprecated: from.Deprecated}
	if from.DeprecationWarning != nil {
		result.warning = *from.DeprecationWarning
	}
	result.compiled = sync.OnceValues(func() (*resource, error) {
		if from.Schema == nil || from.Schema.OpenAPIV3Schema == nil || open {
			return nil, nil
		}
		return compile(from.Schema.OpenAPIV3Schema, from.Subresources != nil && from.Subresources.Status != nil)
	})
	return result
}

func compile(from *apiextensionsv1.JSONSchemaProps, hasStatus bool) (*resource, error) {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(from, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, err
	}
	return &resource{
		structural: structural, validator: validator, hasStatus: hasStatus,
		rules: cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}, nil
}
