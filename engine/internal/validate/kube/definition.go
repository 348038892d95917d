package kube

import (
	"context"
	"errors"
	"slices"
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

// definitionChange validates a changed CustomResourceDefinition: of one that the API server has accepted the names, and
// objects that are stored in the version that it stored.
func definitionChange(ctx context.Context, old, object map[string]any) (change, error) {
	before, err := storedDefinition(old)
	if err != nil {
		return change{}, err
	}
	after, err := storedDefinition(object)
	if err != nil {
		return change{}, err
	}
	keep(after, before)
	if cameToBe := validation.ValidateCustomResourceDefinition(ctx, before); !onlyUnknown(cameToBe, old) {
		return change{}, nil
	}
	alone := written(validation.ValidateCustomResourceDefinition(ctx, after))
	before.Status.Conditions = []apiextensions.CustomResourceDefinitionCondition{
		{Type: apiextensions.Established, Status: apiextensions.ConditionTrue},
	}
	before.Status.AcceptedNames = before.Spec.Names
	stored := before.Status.StoredVersions
	if !slices.Contains(stored, after.Status.StoredVersions[0]) {
		stored = append(slices.Clone(stored), after.Status.StoredVersions[0])
	}
	after.Status = before.Status
	after.Status.StoredVersions = stored
	errs := Beyond(written(validation.ValidateCustomResourceDefinitionUpdate(ctx, after, before)), alone)
	for _, err := range errs {
		if strings.HasPrefix(err.Field, "status.storedVersions") {
			err.Field = "spec.versions"
		}
	}
	return change{errors: errs}, nil
}

func storedDefinition(object map[string]any) (*apiextensions.CustomResourceDefinition, error) {
	internal, err := decode(definitionScheme(), definitions, object)
	if err != nil {
		return nil, err
	}
	crd := internal.(*apiextensions.CustomResourceDefinition)
	complete(crd, false)
	crd.SetResourceVersion("1")
	crd.Status = apiextensions.CustomResourceDefinitionStatus{}
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			crd.Status.StoredVersions = []string{version.Name}
			return crd, nil
		}
	}
	return nil, errors.New("no version is stored")
}
