package kube

import (
	"context"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var definitions = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

var definitionScheme = sync.OnceValue(func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return scheme
})

// definition validates a CustomResourceDefinition as its own API server does: names, structural schemas, defaults, rules.
func definition(ctx context.Context, object map[string]any) (verdict, error) {
	internal, err := decode(definitionScheme(), definitions, object)
	if err != nil {
		return verdict{}, err
	}
	crd := internal.(*apiextensions.CustomResourceDefinition)
	crd.Status = apiextensions.CustomResourceDefinitionStatus{}
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			crd.Status.StoredVersions = append(crd.Status.StoredVersions, version.Name)
			break
		}
	}
	return verdict{errors: written(validation.ValidateCustomResourceDefinition(ctx, crd))}, nil
}

// written leads errors to the fields of v1: what all versions have in common is elsewhere in the internal form.
func written(errs field.ErrorList) field.ErrorList {
	for _, err := range errs {
		if rest, ok := strings.CutPrefix(err.Field, "spec.validation"); ok {
			err.Field = "spec.versions[0].schema" + rest
		}
	}
	return errs
}
