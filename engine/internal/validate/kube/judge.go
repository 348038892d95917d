package kube

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// Judge returns what the API server of this version would say of a new object of a built-in kind.
func (s *Schemas) Judge(ctx context.Context, kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	findings := s.existence(kind)
	known, ok := s.kinds[kind.GroupVersion().String()+"/"+kind.Kind]
	if !ok {
		return findings
	}
	by := &structure{required: !judgesContent(kind)}
	by.walk(object, known.shape, nil)
	judged, err := content(ctx, kind, decodable(object, by), known.Namespaced)
	findings = append(findings, advised(kind.Kind, by.findings)...)
	if err != nil {
		return append(findings, undecodable(err, by)...)
	}
	var told []finding.Finding
	for _, problem := range withoutConsequences(asWritten(judged.errors, object)) {
		if result, ok := Translate(problem, object); ok && !by.explains(problem, result, object) {
			told = append(told, result)
		}
	}
	return append(append(findings, joinedByField(told, object)...), Warnings(judged.warnings, object)...)
}

// decodable returns the object without the values that can't be decoded, those of the wrong type and the unknown ones.
func decodable(object map[string]any, by *structure) map[string]any {
	var out []finding.Path
	for _, wrong := range by.findings {
		if wrong.Rule == finding.Type || wrong.Rule == finding.Value {
			out = append(out, wrong.Path)
		}
	}
	out = append(out, by.unknown...)
	if len(out) == 0 {
		return object
	}
	return Without(object, out)
}

// Without returns a copy of an object that lacks what the paths lead to; list entries become null.
func Without(object map[string]any, paths []finding.Path) map[string]any {
	result, _ := copied(object).(map[string]any)
	for _, path := range paths {
		parent, ok := path[:len(path)-1].Lookup(result)
		if !ok {
			continue
		}
		switch container := parent.(type) {
		case map[string]any:
			delete(container, path[len(path)-1].(string))
		case []any:
			container[path[len(path)-1].(int)] = nil
		}
	}
	return result
}

func copied(value any) any {
	switch value := value.(type) {
	case map[string]any:
		result := make(map[string]any, len(value))
		for key, child := range value {
			result[key] = copied(child)
		}
		return result
	case []any:
		result := make([]any, len(value))
		for i, child := range value {
			result[i] = copied(child)
		}
		return result
	}
	return value
}

// undecodable is the finding for an object that can't be decoded, unless its structure says why already.
func undecodable(err error, by *structure) []finding.Finding {
	if len(by.findings) > 0 || len(by.unknown) > 0 {
		return nil
	}
	return []finding.Finding{{
		Message: "the API server can't decode it: " + err.Error(), Path: finding.Path{}, Rule: finding.Type, Severity: finding.Error,
	}}
}

// explains tells whether an error follows from what the structure shows already, or from a value that isn't known.
func (s *structure) explains(problem *field.Error, result finding.Finding, object map[string]any) bool {
	if Unknowable(result, object) {
		return true
	}
	for _, path := range s.unknown {
		if result.Path.Within(path) || path.Within(result.Path) {
			return true
		}
	}
	for _, known := range s.findings {
		switch known.Rule {
		case finding.UnknownField:
			if Misspelt(known, result.Path) && isEmpty(problem) || isParent(result.Path, known.Path) {
				return true
			}
		case finding.Duplicate:
			twice := problem.Type == field.ErrorTypeDuplicate || strings.Contains(problem.Detail, "unique")
			if twice && result.Path.Within(known.Path) {
				return true
			}
		default:
			if result.Path.Within(known.Path) || known.Path.Within(result.Path) {
				return true
			}
		}
	}
	return false
}

// isEmpty tells whether an error is about a value that isn't there, which an enumeration may say in its own words.
func isEmpty(problem *field.Error) bool {
	return problem.Type == field.ErrorTypeRequired || problem.Type == field.ErrorTypeNotSupported && fmt.Sprint(problem.BadValue) == ""
}

// joinedByField makes one finding of those that say several things of one value; that it is missing, too, is no news.
func joinedByField(findings []finding.Finding, object map[string]any) []finding.Finding {
	var result []finding.Finding
	for _, each := range findings {
		i := slices.IndexFunc(result, func(known finding.Finding) bool {
			return known.Path.Compare(each.Path) == 0 && len(each.Path) > 0
		})
		_, there := each.Path.Lookup(object)
		switch {
		case i < 0:
			result = append(result, each)
		case each.Rule == finding.Required && there:
		case result[i].Rule == finding.Required && there:
			result[i] = each
		case result[i].Rule == finding.Value && each.Rule == finding.Value && each.Value == result[i].Value:
			subject := fmt.Sprintf("%s is %s: ", each.Path, each.Value)
			result[i].Message += "; " + strings.TrimPrefix(each.Message, subject)
		default:
			result = append(result, each)
		}
	}
	return result
}

func isParent(parent, child finding.Path) bool {
	return len(child) == len(parent)+1 && child.Within(parent)
}

// withoutConsequences drops errors that another one brings about: no labels match a selector that isn't there.
func withoutConsequences(errs field.ErrorList) field.ErrorList {
	missing := map[string]bool{}
	for _, err := range errs {
		if err.Type == field.ErrorTypeRequired {
			missing[err.Field] = true
		}
	}
	return slices.DeleteFunc(errs, func(err *field.Error) bool {
		template, ok := strings.CutSuffix(err.Field, ".template.metadata.labels")
		return ok && missing[template+".selector"]
	})
}

// Misspelt tells whether an unknown field is what should have been the missing one at path.
func Misspelt(unknown finding.Finding, path finding.Path) bool {
	parent := unknown.Path[:len(unknown.Path)-1]
	return len(path) > 0 && len(path) == len(unknown.Path) && path.Within(parent) && unknown.Expected == path[len(path)-1]
}

// Unknowable tells whether a finding is about a value that Git can't tell.
func Unknowable(result finding.Finding, object map[string]any) bool {
	if strings.Contains(result.Message, finding.Placeholder) || finding.IsUnknown(strings.Trim(result.Value, `"`)) {
		return true
	}
	if len(result.Path) == 0 {
		return false
	}
	if value, ok := result.Path.Lookup(object); ok && finding.HoldsUnknown(value) {
		return true
	}
	if strings.Contains(result.Message, "selector") {
		spec, _ := object["spec"].(map[string]any)
		return finding.HoldsUnknown(spec["selector"])
	}
	return false
}

// Translate makes a finding of an API server's field error; false where the error is about the server itself.
func Translate(problem *field.Error, object map[string]any) (finding.Finding, bool) {
	if problem.Type == field.ErrorTypeInternal {
		return finding.Finding{}, false
	}
	path := narrowed(finding.ParsePath(problem.Field, object), problem, object)
	result := finding.Finding{Path: path, Rule: finding.Value, Severity: finding.Error}
	if value, there := path.Lookup(object); !there {
		result.Value = scalar(problem.BadValue)
	} else if !secret(path, object) {
		result.Value = scalar(value)
	}
	describe(&result, problem)
	unmatched(&result, problem, object)
	return result, true
}

// unmatched says which label it is that a workload's selector doesn't find.
func unmatched(result *finding.Finding, problem *field.Error, object map[string]any) {
	if !strings.Contains(problem.Detail, "`selector` does not match template `labels`") {
		return
	}
	labels, _ := result.Path.Lookup(object)
	has, _ := labels.(map[string]any)
	selector, _ := finding.Path{"spec", "selector", "matchLabels"}.Lookup(object)
	wanted, _ := selector.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if value, there := has[key]; there && value != wanted[key] {
			result.Path = result.Path.With(key)
			result.Value, result.Expected = finding.Show(value), finding.Show(wanted[key])
			result.Message = fmt.Sprintf("%s is %s, but spec.selector asks for %s", result.Path, result.Value, result.Expected)
			return
		} else if !there {
			result.Expected = key + ": " + finding.Show(wanted[key])
			result.Message = fmt.Sprintf("%s has no %s, but spec.selector asks for it", result.Path, result.Expected)
		}
	}
}

// secret tells whether a path leads to what a Secret keeps.
func secret(path finding.Path, object map[string]any) bool {
	return object["kind"] == "Secret" && len(path) > 0 && (path[0] == "data" || path[0] == "stringData")
}

// narrowed makes a path more exact than the API server does: to the label that is wrong, to the request that is missing.
func narrowed(path finding.Path, problem *field.Error, object map[string]any) finding.Path {
	if len(path) > 1 && path[len(path)-1] == "storage" && path[len(path)-2] == "resources" {
		return path[:len(path)-1].With("requests").With("storage")
	}
	bad, _ := problem.BadValue.(string)
	if bad == "" {
		bad = fmt.Sprint(problem.BadValue)
	}
	switch value, _ := path.Lookup(object); value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if key == bad || value[key] == bad {
				return path.With(key)
			}
		}
	case []any:
		if index := slices.Index(value, any(bad)); index >= 0 {
			return path.With(index)
		}
	}
	return path
}

// scalar shows a value that fits into a sentence, and nothing of any other.
func scalar(value any) string {
	switch value.(type) {
	case string, bool, int, int32, int64, float64:
		return finding.Show(value)
	}
	return ""
}

// position is what CEL writes before an error.
var position = regexp.MustCompile(`ERROR: <input>:(\d+):(\d+): `)

// inOneLine leaves out what CEL adds below an error: the expression once more, with a mark.
func inOneLine(detail string) string {
	if match := position.FindStringIndex(detail); match != nil {
		first, _, _ := strings.Cut(detail, "\n")
		return strings.TrimSpace(position.ReplaceAllString(first, ""))
	}
	return detail
}

func describe(result *finding.Finding, problem *field.Error) {
	problem.Detail = inOneLine(problem.Detail)
	subject := result.Path.String()
	if subject == "" {
		subject = "the object"
	}
	is := subject
	if result.Value != "" {
		is = subject + " is " + result.Value
	}
	switch problem.Type {
	case field.ErrorTypeRequired:
		result.Rule, result.Value = finding.Required, ""
		result.Message = joined(subject+" is missing", problem.Detail)
	case field.ErrorTypeNotFound:
		result.Message = joined(is+", which does not exist", problem.Detail)
	case field.ErrorTypeDuplicate:
		result.Rule = finding.Duplicate
		result.Message = joined(strings.TrimSpace(subject+" "+result.Value)+" is there twice", problem.Detail)
	case field.ErrorTypeNotSupported:
		result.Expected = strings.TrimPrefix(problem.Detail, "supported values: ")
		result.Message = fmt.Sprintf("%s, must be one of %s", is, result.Expected)
	case field.ErrorTypeTypeInvalid:
		result.Rule = finding.Type
		result.Message = joined(is, problem.Detail)
	default:
		result.Expected = brief(problem.Detail)
		result.Message = joined(is, result.Expected)
	}
}

// brief leaves out examples and regular expressions, which take more room than what they explain.
func brief(detail string) string {
	detail, _, _ = strings.Cut(detail, " (e.g. ")
	return strings.TrimRight(detail, ",")
}

func joined(what, detail string) string {
	if detail == "" {
		return what
	}
	return what + ": " + detail
}

// Warnings makes findings of an API server's warnings: "spec.x: what of it".
func Warnings(warnings []string, object map[string]any) []finding.Finding {
	var findings []finding.Finding
	for _, warning := range warnings {
		if strings.Contains(warning, finding.Placeholder) {
			continue
		}
		path := finding.Path{}
		if where, _, ok := strings.Cut(warning, ": "); ok && !strings.ContainsAny(where, " ") {
			path = finding.ParsePath(where, object)
		}
		findings = append(findings, finding.Finding{
			Message: warning, Path: path, Rule: finding.ServerWarning, Severity: finding.Info,
		})
	}
	return findings
}

// Metadata judges the structure of an object's metadata, which all kinds share.
func (s *Schemas) Metadata(object map[string]any) []finding.Finding {
	by := &structure{}
	by.walk(object["metadata"], s.kinds["v1/ConfigMap"].shape.Properties["metadata"], finding.Path{"metadata"})
	return by.findings
}
