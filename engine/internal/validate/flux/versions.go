// Package flux knows what Flux's API has been: versions that came and went, and fields that never were or are gone.
package flux

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// release is the minor version of Flux 2 that the bundled definitions are of.
const release = 9

// span is an API version's life in minor versions of Flux 2; 0 is before 2.0, or not yet.
type span struct {
	version                    string
	since, deprecated, removed int
}

// spans are the versions of each kind, oldest first.
// Source: the changelogs of Flux's controllers and the release notes of Flux.
var spans = map[string][]span{
	"kustomize.toolkit.fluxcd.io/Kustomization":     {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 0, 8}, {"v1", 0, 0, 0}},
	"source.toolkit.fluxcd.io/GitRepository":        {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 0, 8}, {"v1", 0, 0, 0}},
	"source.toolkit.fluxcd.io/HelmRepository":       {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 3, 8}, {"v1", 3, 0, 0}},
	"source.toolkit.fluxcd.io/HelmChart":            {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 3, 8}, {"v1", 3, 0, 0}},
	"source.toolkit.fluxcd.io/Bucket":               {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 5, 8}, {"v1", 5, 0, 0}},
	"source.toolkit.fluxcd.io/OCIRepository":        {{"v1beta2", 0, 6, 8}, {"v1", 6, 0, 0}},
	"helm.toolkit.fluxcd.io/HelmRelease":            {{"v2beta1", 0, 2, 7}, {"v2beta2", 2, 3, 8}, {"v2", 3, 0, 0}},
	"notification.toolkit.fluxcd.io/Alert":          {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 2, 9}, {"v1beta3", 2, 0, 0}},
	"notification.toolkit.fluxcd.io/Provider":       {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 2, 9}, {"v1beta3", 2, 0, 0}},
	"notification.toolkit.fluxcd.io/Receiver":       {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 0, 9}, {"v1", 0, 0, 0}},
	"image.toolkit.fluxcd.io/ImageRepository":       {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 7, 9}, {"v1", 7, 0, 0}},
	"image.toolkit.fluxcd.io/ImagePolicy":           {{"v1beta1", 0, 0, 7}, {"v1beta2", 0, 7, 9}, {"v1", 7, 0, 0}},
	"image.toolkit.fluxcd.io/ImageUpdateAutomation": {{"v1beta1", 0, 3, 7}, {"v1beta2", 3, 7, 9}, {"v1", 7, 0, 0}},
}

// Ended judges the API version of one of Flux's kinds by the cluster's Flux version. The second result says that
// there is nothing more to judge, since the bundled definitions don't have that version.
func Ended(kind schema.GroupVersionKind, version string) ([]finding.Finding, bool) {
	versions := spans[kind.Group+"/"+kind.Kind]
	index := slices.IndexFunc(versions, func(s span) bool { return s.version == kind.Version })
	if index < 0 {
		return nil, false
	}
	life, newest := versions[index], versions[len(versions)-1]
	minor, declared := minorOf(version)
	switch {
	case declared && life.since > minor:
		return []finding.Finding{tooNew(kind, life, minor)}, true
	case life.removed > 0 && life.removed <= minor:
		return []finding.Finding{removed(kind, life, newest, declared)}, true
	case life.removed > 0:
		return []finding.Finding{deprecated(kind, life, newest)}, true
	}
	return nil, false
}

// Successor returns a kind at its newest version, whose definition judges what has a former one.
func Successor(kind schema.GroupVersionKind) schema.GroupVersionKind {
	versions := spans[kind.Group+"/"+kind.Kind]
	return schema.GroupVersionKind{Group: kind.Group, Version: versions[len(versions)-1].version, Kind: kind.Kind}
}

// minorOf reads v2.9.5, 2.9 or 2.7.x; 2.x stands for the newest. Where nothing is declared, the newest is assumed.
func minorOf(version string) (minor int, declared bool) {
	parts := strings.Split(strings.TrimLeft(version, "v=^~ "), ".")
	if parts[0] != "2" {
		return release, false
	}
	if len(parts) > 1 {
		if minor, err := strconv.Atoi(parts[1]); err == nil {
			return minor, true
		}
	}
	return release, true
}

// Newer tells whether a cluster declares a Flux that is newer than the bundled definitions.
func Newer(version string) bool {
	minor, declared := minorOf(version)
	return declared && minor > release
}

// Doubt makes warnings of errors by definitions that are older than the cluster's Flux: it may know more.
func Doubt(findings []finding.Finding) []finding.Finding {
	for i := range findings {
		if findings[i].Severity == finding.Error {
			findings[i].Severity = finding.Warning
			findings[i].Message += fmt.Sprintf(" (as of Flux 2.%d, the cluster's is newer)", release)
		}
	}
	return findings
}

func named(kind schema.GroupVersionKind) string {
	return kind.GroupVersion().String() + " " + kind.Kind
}

func instead(kind schema.GroupVersionKind, newest span) string {
	return fmt.Sprintf("write apiVersion: %s/%s (flux migrate -f . rewrites the files)", kind.Group, newest.version)
}

func removed(kind schema.GroupVersionKind, life, newest span, declared bool) finding.Finding {
	result := finding.Finding{
		Expected: kind.Group + "/" + newest.version,
		Message:  fmt.Sprintf("%s was removed in Flux 2.%d", named(kind), life.removed),
		Path:     finding.Path{"apiVersion"}, Remedy: instead(kind, newest), Rule: finding.RemovedVersion, Severity: finding.Error,
	}
	if !declared {
		result.Severity = finding.Warning
		result.Message += "; which Flux the cluster runs is not declared"
	}
	return result
}

func deprecated(kind schema.GroupVersionKind, life, newest span) finding.Finding {
	return finding.Finding{
		Expected: kind.Group + "/" + newest.version,
		Message:  fmt.Sprintf("%s is deprecated and removed in Flux 2.%d", named(kind), life.removed),
		Path:     finding.Path{"apiVersion"}, Remedy: instead(kind, newest), Rule: finding.DeprecatedVersion, Severity: finding.Warning,
	}
}

func tooNew(kind schema.GroupVersionKind, life span, minor int) finding.Finding {
	return finding.Finding{
		Message: fmt.Sprintf("%s comes with Flux 2.%d, the cluster runs 2.%d", named(kind), life.since, minor),
		Path:    finding.Path{"apiVersion"}, Remedy: "update Flux first, or write the older apiVersion",
		Rule: finding.UnknownVersion, Severity: finding.Error,
	}
}
