package custom

import (
	"context"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// Update returns what the rules of a version (x-kubernetes-validations with oldSelf) refuse about the way from one object
// to another. The old one is taken to be converted to that version.
func (k *Kind) Update(ctx context.Context, versionName string, old, object map[string]any) []finding.Finding {
	version := k.version(versionName)
	if version == nil {
		return nil
	}
	compiled, err := version.compiled()
	if err != nil || compiled == nil || compiled.rules == nil {
		return nil
	}
	before, after := compiled.completed(old), compiled.completed(object)
	validate := func(object, old map[string]any) field.ErrorList {
		var previous any
		if old != nil {
			previous = old
		}
		errs, _ := compiled.rules.Validate(ctx, nil, compiled.structural, object, previous, celconfig.RuntimeCELCostBudget)
		return errs
	}
	if compiled.invalid(before) || compiled.invalid(after) || len(validate(before, nil)) > 0 {
		return nil
	}
	return kube.Refused(kube.Beyond(validate(after, before), validate(after, nil)), nil, old, object)
}

// invalid tells whether an object breaks its schema, so that rules would not be asked.
func (r *resource) invalid(object map[string]any) bool {
	return blocking(validation.ValidateCustomResource(nil, object, r.validator))
}
