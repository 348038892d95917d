package custom

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	genericvalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// Judge returns what the API server would say of a new object of this kind. The second result is false where the kind
// has no schema for the object's version, so that nothing can be said. An error means an unusable schema.
func (k *Kind) Judge(ctx context.Context, versionName string, object map[string]any) ([]finding.Finding, bool, error) {
	version := k.version(versionName)
	if version == nil {
		return []finding.Finding{k.notServed(versionName)}, true, nil
	}
	compiled, err := version.compiled()
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", k.Source, err)
	}
	findings := k.lifecycle(version)
	if compiled == nil {
		return findings, false, nil
	}
	return append(findings, compiled.judge(ctx, object, k.Namespaced)...), true, nil
}

func (k *Kind) notServed(name string) finding.Finding {
	served := make([]string, 0, len(k.versions))
	for _, version := range k.Served() {
		served = append(served, k.Group+"/"+version)
	}
	result := finding.Finding{
		Message:  fmt.Sprintf("%s serves no version %s/%s of %s", k.Source, k.Group, name, k.Name),
		Expected: strings.Join(served, ", "), Path: finding.Path{"apiVersion"},
		Rule: finding.UnknownVersion, Severity: finding.Error,
	}
	if len(served) > 0 {
		result.Remedy = "use " + served[0]
	}
	return result
}

func (k *Kind) lifecycle(version *version) []finding.Finding {
	if !version.deprecated {
		return nil
	}
	message := version.warning
	if message == "" {
		message = fmt.Sprintf("%s/%s %s is deprecated", k.Group, version.name, k.Name)
	}
	return []finding.Finding{{
		Message: message, Path: finding.Path{"apiVersion"}, Rule: finding.DeprecatedVersion, Severity: finding.Warning,
	}}
}

// judge does what the API server does with a request to create the object: it drops fields, fills in defaults and validates.
func (r *resource) judge(ctx context.Context, object map[string]any, namespaced bool) []finding.Finding {
	fields := &undeclared{}
	fields.object(object, r.structural, nil, true)
	complete := r.completed(object)
	meta := &unstructured.Unstructured{Object: complete}
	if namespaced && meta.GetNamespace() == "" {
		meta.SetNamespace(metav1.NamespaceDefault)
	}
	if !namespaced {
		meta.SetNamespace("")
	}
	errs := genericvalidation.ValidateObjectMetaAccessor(
		meta, namespaced, genericvalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, complete, r.validator)...)
	errs = append(errs, objectmeta.Validate(nil, complete, r.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.structural, complete)...)
	findings := fields.findings
	findings = append(findings, translated(errs, object, fields.findings, "")...)
	if r.rules != nil && !blocking(errs) {
		broken, _ := r.rules.Validate(ctx, nil, r.structural, complete, nil, celconfig.RuntimeCELCostBudget)
		findings = append(findings, translated(broken, object, fields.findings, finding.Expression)...)
	}
	return findings
}

func (r *resource) completed(object map[string]any) map[string]any {
	complete := runtime.DeepCopyJSON(object)
	delete(complete, "sops")
	if r.hasStatus {
		delete(complete, "status")
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(complete, r.structural)
	defaulting.Default(complete, r.structural)
	return complete
}

// blocking tells whether errors keep the API server from evaluating rules.
func blocking(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany,
			field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func translated(errs field.ErrorList, object map[string]any, unknown []finding.Finding, rule string) []finding.Finding {
	var findings []finding.Finding
	for _, err := range errs {
		if strings.HasPrefix(err.Detail, "rule compile error") {
			continue // That is the definition's fault, and told of it.
		}
		tidy(err)
		result, ok := kube.Translate(err, object)
		if !ok || kube.Unknowable(result, object) || err.Type == field.ErrorTypeRequired && misspelt(unknown, result.Path) {
			continue
		}
		if rule == finding.Expression && speaksOf(unknown, result.Path, err.Detail) {
			continue
		}
		if rule != "" {
			result.Rule, result.Value = rule, ""
			result.Message = strings.TrimPrefix(result.Path.String()+": ", ": ") + err.Detail
			result.Expected = ""
		}
		typed(&result, err, object)
		findings = append(findings, result)
	}
	return findings
}

func misspelt(unknown []finding.Finding, path finding.Path) bool {
	for _, known := range unknown {
		if kube.Misspelt(known, path) {
			return true
		}
	}
	return false
}

// speaksOf tells whether a rule's message names a field that is there, but misspelt: "either chart or chartRef must be
// set" is what comes of a chartReff.
func speaksOf(unknown []finding.Finding, path finding.Path, message string) bool {
	words := strings.FieldsFunc(message, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(unknown, func(known finding.Finding) bool {
		return slices.Equal(known.Path[:len(known.Path)-1], path) && slices.Contains(words, known.Expected)
	})
}

// duration is the pattern that Flux's definitions give for durations.
const duration = `'^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$'`

// tidy takes from a detail what the message says already: "spec.interval in body should match '…'".
func tidy(err *field.Error) {
	if _, rest, ok := strings.Cut(err.Detail, " in body "); ok {
		err.Detail = rest
	}
	err.Detail = strings.Replace(err.Detail, "should match "+duration, "must be a duration such as 30s, 10m or 1h30m", 1)
}

// typed says of a value of the wrong type what the built-in kinds' findings say: what it is and what it must be.
func typed(result *finding.Finding, err *field.Error, object map[string]any) {
	_, name, ok := strings.Cut(err.Detail, "must be of type ")
	if err.Type != field.ErrorTypeTypeInvalid || !ok {
		return
	}
	name, _, _ = strings.Cut(name, ":")
	value, _ := result.Path.Lookup(object)
	if expected, ok := types[name]; ok {
		result.Expected = expected
		result.Message = fmt.Sprintf("%s is %s, must be %s", result.Path, finding.TypeName(value), expected)
		return
	}
	result.Rule, result.Expected = finding.Value, "a "+name
	result.Message = fmt.Sprintf("%s is %s, must be a %s", result.Path, result.Value, name)
}

var types = map[string]string{
	"array": "a list", "boolean": "a boolean", "integer": "an integer", "null": "null", "number": "a number",
	"object": "a map", "string": "a string", "[integer,string]": "an integer or a string",
}

// Metadata returns what the API server would say of a custom resource's metadata, whatever its kind.
func Metadata(object map[string]any) []finding.Finding {
	meta := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(object)}
	if meta.GetNamespace() == "" {
		meta.SetNamespace(metav1.NamespaceDefault)
	}
	errs := genericvalidation.ValidateObjectMetaAccessor(
		meta, true, genericvalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	return translated(errs, object, nil, "")
}
