package flux

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

const overlayField = "that is a field of kustomization.yaml: put it into the one at spec.path"

// noAccess is what became of the field that was to let other namespaces use a source.
const noAccess = "remove it: it never took effect (gone since v1)"

// fields says what to do about fields that a kind never had, by kind and path without list indices: fields of
// kustomization.yaml, and places where people look for another field.
var fields = map[string]map[string]string{
	"Kustomization": {
		"spec.configMapGenerator": overlayField,
		"spec.secretGenerator":    overlayField,
		"spec.generatorOptions":   overlayField,
		"spec.generators":         overlayField,
		"spec.transformers":       overlayField,
		"spec.replacements":       overlayField,
		"spec.resources":          overlayField,
		"spec.bases":              overlayField,
		"spec.crds":               overlayField,
		"spec.vars":               overlayField,
		"spec.replicas":           overlayField + ", or use spec.patches",
		"spec.namespace":          "use spec.targetNamespace (or metadata.namespace for the Kustomization's own)",
		"spec.commonLabels":       "use spec.commonMetadata.labels",
		"spec.commonAnnotations":  "use spec.commonMetadata.annotations",
		"spec.labels":             "use spec.commonMetadata.labels",
		"spec.annotations":        "use spec.commonMetadata.annotations",
		"spec.substitute":         "use spec.postBuild.substitute",
		"spec.substituteFrom":     "use spec.postBuild.substituteFrom",
		"spec.source":             "use spec.sourceRef",
		"spec.secretRef":          "use spec.decryption.secretRef for keys, or spec.kubeConfig.secretRef for a remote cluster",
	},
	"HelmRelease": {
		"spec.chart.name":       "use spec.chart.spec.chart",
		"spec.chart.version":    "use spec.chart.spec.version",
		"spec.chart.repository": "use spec.chart.spec.sourceRef, which names a HelmRepository",
		"spec.chart.chart":      "use spec.chart.spec.chart",
		"spec.chart.sourceRef":  "use spec.chart.spec.sourceRef",
		"spec.chartName":        "use spec.chart.spec.chart",
		"spec.version":          "use spec.chart.spec.version",
		"spec.sourceRef":        "use spec.chart.spec.sourceRef, or spec.chartRef for an OCIRepository",
		"spec.namespace":        "use spec.targetNamespace",
		"spec.createNamespace":  "use spec.install.createNamespace",
		"spec.valuesFiles":      "use spec.chart.spec.valuesFiles, or spec.valuesFrom",
	},
	"GitRepository": {
		"spec.branch": "use spec.ref.branch",
		"spec.tag":    "use spec.ref.tag",
		"spec.semver": "use spec.ref.semver",
		"spec.commit": "use spec.ref.commit",
		"spec.path":   "a source has no path: set spec.path in the Kustomization",
	},
	"OCIRepository": {
		"spec.tag":     "use spec.ref.tag",
		"spec.semver":  "use spec.ref.semver",
		"spec.digest":  "use spec.ref.digest",
		"spec.version": "use spec.ref.semver or spec.ref.tag",
	},
	"ImageUpdateAutomation": {
		"spec.checkout":         "use spec.git.checkout",
		"spec.commit":           "use spec.git.commit",
		"spec.push":             "use spec.git.push",
		"spec.gitRepositoryRef": "use spec.sourceRef with kind GitRepository",
	},
	"Receiver": {"spec.events.name": "events are plain strings"},
}

// gone says what to do about the fields that only former versions of a kind have, by kind and path as well.
var gone = map[string]map[string]string{
	"Kustomization": {
		"spec.validation":            "remove it: kustomize-controller always validates with a server-side dry run (gone since v1beta2)",
		"spec.patchesStrategicMerge": "use spec.patches (gone since v1)",
		"spec.patchesJson6902":       "use spec.patches (gone since v1)",
	},
	"HelmRelease": {
		"spec.chart.spec.valuesFile":                         "use valuesFiles, a list (gone since v2)",
		"spec.postRenderers.kustomize.patchesStrategicMerge": "use patches (gone since v2)",
		"spec.postRenderers.kustomize.patchesJson6902":       "use patches (gone since v2)",
	},
	"GitRepository": {
		"spec.gitImplementation": "remove it: source-controller has one implementation (gone since v1)",
		"spec.accessFrom":        noAccess,
	},
	"HelmRepository": {
		"spec.accessFrom": noAccess,
	},
	"HelmChart": {
		"spec.accessFrom": noAccess,
		"spec.valuesFile": "use valuesFiles, a list (gone since v1)",
	},
	"Bucket": {
		"spec.accessFrom": noAccess,
	},
	"ImageRepository": {
		"spec.accessFrom": noAccess,
	},
}

// missing says what a required field is for.
var missing = map[string]string{
	"spec.interval":         "add spec.interval, how often to reconcile: interval: 10m",
	"spec.prune":            "add spec.prune: true deletes what leaves Git, false keeps it",
	"spec.sourceRef":        "add spec.sourceRef with kind and name of the source",
	"spec.sourceRef.kind":   "say which kind of source: GitRepository, OCIRepository or Bucket",
	"spec.sourceRef.name":   "say the source's name",
	"spec.url":              "add spec.url, where the source is",
	"spec.chart.spec.chart": "add the chart's name",
}

// Former returns findings about an object of a former version, by the definition of its successor, less those about
// fields that the former had.
func Former(kind schema.GroupVersionKind, findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(findings, func(found finding.Finding) bool {
		return found.Rule == finding.UnknownField && gone[kind.Kind][found.Path.Names()] != ""
	})
}

// Advise adds to findings about Flux's kinds what to write instead.
func Advise(kind schema.GroupVersionKind, findings []finding.Finding) []finding.Finding {
	if !strings.HasSuffix(kind.Group, ".fluxcd.io") {
		return findings
	}
	for i, result := range findings {
		switch result.Rule {
		case finding.UnknownField:
			advice := cmp.Or(fields[kind.Kind][result.Path.Names()], gone[kind.Kind][result.Path.Names()])
			if advice != "" {
				findings[i].Remedy, findings[i].Expected = advice, ""
			}
		case finding.Value:
			if kind.Kind == "GitRepository" && result.Path.Names() == "spec.url" && strings.Contains(result.Value, "@") {
				findings[i].Remedy = "write ssh://git@host/organisation/repository"
			}
		case finding.Required:
			if advice := missing[result.Path.Names()]; advice != "" {
				findings[i].Remedy = advice
			}
		}
	}
	return findings
}
