package flux

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// language is what a text must be written in, of which the definitions know nothing.
type language struct {
	read     func(string) error
	expected string
}

var (
	versions = language{expected: "a range of versions such as 1.x or >=1.2.0 <2.0.0", read: func(text string) error {
		_, err := semver.NewConstraint(text)
		return err
	}}
	patterns = language{expected: "a regular expression (RE2)", read: func(text string) error {
		_, err := regexp.Compile(text)
		return err
	}}
)

// texts are the fields that the controllers read with a language of their own, by kind and path.
var texts = map[string]map[string]language{
	"GitRepository": {"spec.ref.semver": versions},
	"OCIRepository": {"spec.ref.semver": versions, "spec.ref.semverFilter": patterns},
	"HelmRelease":   {"spec.chart.spec.version": versions},
	"HelmChart":     {"spec.version": versions},
	"ImagePolicy":   {"spec.policy.semver.range": versions, "spec.filterTags.pattern": patterns},
}

// Values judges what a Flux object holds in the languages that its controller reads: ranges of versions
// (github.com/Masterminds/semver), regular expressions. The controller stalls on those it can't read.
func Values(kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	if !strings.HasSuffix(kind.Group, ".toolkit.fluxcd.io") {
		return nil
	}
	var findings []finding.Finding
	for name, language := range texts[kind.Kind] {
		path := finding.Path{}
		for _, element := range strings.Split(name, ".") {
			path = path.With(element)
		}
		value, _ := path.Lookup(object)
		text, ok := value.(string)
		if !ok || text == "" || finding.IsUnknown(text) || strings.Contains(text, "${") || !charted(kind.Kind, object) {
			continue
		}
		if err := language.read(text); err != nil {
			findings = append(findings, finding.Finding{
				Expected: language.expected,
				Message:  fmt.Sprintf("%s is %s, which is not %s: %s", name, finding.Show(text), language.expected, err),
				Path:     path, Rule: finding.Value, Severity: finding.Error, Value: finding.Show(text),
			})
		}
	}
	return findings
}

// charted tells whether a version counts: that of a chart in a GitRepository or Bucket does not.
func charted(kind string, object map[string]any) bool {
	path := finding.Path{"spec", "sourceRef", "kind"}
	switch kind {
	case "HelmRelease":
		path = finding.Path{"spec", "chart", "spec", "sourceRef", "kind"}
	case "HelmChart":
	default:
		return true
	}
	source, _ := path.Lookup(object)
	return source == "HelmRepository"
}
