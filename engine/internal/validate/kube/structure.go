package kube

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

const quantity = "api.resource.Quantity"

// structure judges a value by a published schema as server-side apply does: every field must be declared, have the
// declared type, and lists with keys hold each key once.
type structure struct {
	findings []finding.Finding
	// required has missing fields reported. That is for kinds whose own validation isn't there: the API server itself
	// fills in some of the fields that the published schemas call required.
	required bool
	// unknown are the paths of values that Git can't tell and that aren't plain text: they can't be decoded.
	unknown []finding.Path
}

func (s *structure) report(path finding.Path, rule, message string, value any, expected string) {
	s.findings = append(s.findings, finding.Finding{
		Expected: expected, Message: message, Path: path, Rule: rule, Severity: finding.Error, Value: finding.Show(value),
	})
}

func (s *structure) walk(value any, by *shape, path finding.Path) {
	if by == nil || value == nil {
		return
	}
	if by.referred != nil {
		by = by.referred
	}
	if finding.IsUnknown(value) && !by.holdsAnyText() {
		s.unknown = append(s.unknown, path)
		return
	}
	switch {
	case by.Type == "object":
		s.object(value, by, path)
	case by.Type == "array":
		s.array(value, by, path)
	case by.Type != "":
		s.scalar(value, by, path)
	}
}

func (s *shape) holdsAnyText() bool {
	return s.Type == "" || s.Type == "string" && s.Format == "" && s.name != quantity
}

func (s *structure) object(value any, by *shape, path finding.Path) {
	fields, ok := value.(map[string]any)
	if !ok {
		s.wrongType(value, "a map", path)
		return
	}
	s.missing(fields, by, path)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		child := path.With(name)
		switch property := by.Properties[name]; {
		case property != nil:
			s.walk(fields[name], property, child)
		case by.AdditionalProperties != nil:
			s.walk(fields[name], by.AdditionalProperties, child)
		case len(by.Properties) > 0:
			s.undeclared(fields[name], name, by, child)
		}
	}
}

func (s *structure) missing(fields map[string]any, by *shape, path finding.Path) {
	if !s.required {
		return
	}
	for _, name := range by.RequiredNames {
		if fields[name] == nil {
			child := path.With(name)
			s.findings = append(s.findings, finding.Finding{
				Message: child.String() + " is missing", Path: child, Rule: finding.Required, Severity: finding.Error,
			})
		}
	}
}

func (s *structure) undeclared(value any, name string, by *shape, path finding.Path) {
	if strings.Contains(name, finding.Placeholder) {
		return
	}
	s.findings = append(s.findings, Undeclared(path, slices.Collect(maps.Keys(by.Properties))))
}

// Undeclared is the finding for a field that its object doesn't have.
func Undeclared(path finding.Path, names []string) finding.Finding {
	name := fmt.Sprint(path[len(path)-1])
	result := finding.Finding{
		Message: fmt.Sprintf("%s is not a known field", path), Path: path, Rule: finding.UnknownField, Severity: finding.Error,
	}
	if nearest := finding.Nearest(name, names); nearest != "" {
		result.Expected = nearest
		result.Remedy = fmt.Sprintf("write %s instead of %s", nearest, name)
	} else if len(names) > 0 && len(names) <= 12 {
		slices.Sort(names)
		result.Expected = "one of " + strings.Join(names, ", ")
	}
	return result
}

func (s *structure) array(value any, by *shape, path finding.Path) {
	items, ok := value.([]any)
	if !ok {
		s.wrongType(value, "a list", path)
		return
	}
	for i, item := range items {
		s.walk(item, by.Items, path.With(i))
	}
	switch by.ListType {
	case "map":
		s.unique(items, path, func(item any) (string, bool) { return listKey(item, by.ListKeys) })
	case "set":
		s.unique(items, path, func(item any) (string, bool) { return finding.Show(item), !finding.HoldsUnknown(item) })
	}
}

// unique reports the entries whose key another one before them has. Server-side apply refuses them.
func (s *structure) unique(items []any, path finding.Path, key func(any) (string, bool)) {
	first := map[string]int{}
	for i, item := range items {
		name, ok := key(item)
		if !ok {
			continue
		}
		if before, twice := first[name]; twice {
			s.report(path.With(i), finding.Duplicate,
				fmt.Sprintf("%s has two entries %s: [%d] and [%d]", path, name, before, i), nil, "")
			s.findings[len(s.findings)-1].Value = ""
			continue
		}
		first[name] = i
	}
}

// listKey returns the text of an entry's keys; false where one is missing or unknown.
func listKey(item any, keys []string) (string, bool) {
	fields, ok := item.(map[string]any)
	if !ok {
		return "", false
	}
	parts := make([]string, 0, len(keys))
	for _, key := range keys {
		value, ok := fields[key]
		if !ok && key == "protocol" {
			value, ok = "TCP", true // The default, which the published schemas leave out.
		}
		if !ok || finding.HoldsUnknown(value) {
			return "", false
		}
		parts = append(parts, key+"="+strings.Trim(finding.Show(value), `"`))
	}
	return strings.Join(parts, ", "), len(parts) > 0
}

func (s *structure) wrongType(value any, expected string, path finding.Path) {
	s.report(path, finding.Type, fmt.Sprintf("%s is %s, must be %s", path, finding.TypeName(value), expected), value, expected)
}

func (s *structure) scalar(value any, by *shape, path finding.Path) {
	switch {
	case by.name == quantity:
		s.quantity(value, path)
	case by.Format == "int-or-string":
		s.intOrString(value, path)
	case by.Type == "string":
		s.text(value, by.Format, path)
	case by.Type == "integer":
		s.integer(value, by.Format, path)
	case by.Type == "number":
		if !isNumber(value) {
			s.wrongType(value, "a number", path)
		}
	case by.Type == "boolean":
		if _, ok := value.(bool); !ok {
			s.wrongType(value, "a boolean", path)
		}
	}
}

func (s *structure) quantity(value any, path finding.Path) {
	if isNumber(value) {
		return
	}
	text, ok := value.(string)
	if !ok {
		s.wrongType(value, "a quantity", path)
		return
	}
	if _, err := resource.ParseQuantity(strings.TrimSpace(text)); err != nil {
		s.report(path, finding.Value, fmt.Sprintf("%s is %s, which is not a quantity", path, finding.Show(value)), value,
			"a quantity such as 500m, 2, 128Mi or 1.5Gi")
	}
}

func (s *structure) intOrString(value any, path finding.Path) {
	if _, ok := value.(string); ok {
		return
	}
	if isNumber(value) {
		s.integer(value, "int32", path)
		return
	}
	s.wrongType(value, "an integer or a string", path)
}

func (s *structure) text(value any, format string, path finding.Path) {
	text, ok := value.(string)
	if !ok {
		s.wrongType(value, "a string", path)
		return
	}
	switch format {
	case "date-time":
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			s.report(path, finding.Value, fmt.Sprintf("%s is %s, which is not a time", path, finding.Show(value)), value,
				"a time such as 2006-01-02T15:04:05Z")
		}
	case "byte":
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			s.report(path, finding.Value, fmt.Sprintf("%s is not base64: %s", path, err), value, "base64")
		}
	}
}

func (s *structure) integer(value any, format string, path finding.Path) {
	number, ok := integer(value)
	if !ok {
		s.wrongType(value, "an integer", path)
		return
	}
	if format == "int32" && (number < math.MinInt32 || number > math.MaxInt32) {
		s.report(path, finding.Value, fmt.Sprintf("%s is %d, which does not fit 32 bits", path, number), value, "a 32 bit integer")
	}
}

func integer(value any) (int64, bool) {
	switch number := value.(type) {
	case int64:
		return number, true
	case float64:
		return int64(number), number == math.Trunc(number) && math.Abs(number) < 1<<53
	}
	return 0, false
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, float64:
		return true
	}
	return false
}
