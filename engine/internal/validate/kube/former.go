package kube

import "github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"

// former says what took the place of fields that older API versions of a kind had, by path without list indices.
var former = map[string]map[string]string{
	"Ingress": {
		"spec.backend": "use spec.defaultBackend",
		"spec.rules.http.paths.backend.serviceName": "use service.name (networking.k8s.io/v1)",
		"spec.rules.http.paths.backend.servicePort": "use service.port.number or service.port.name (networking.k8s.io/v1)",
		"spec.defaultBackend.serviceName":           "use service.name (networking.k8s.io/v1)",
		"spec.defaultBackend.servicePort":           "use service.port.number or service.port.name (networking.k8s.io/v1)",
	},
	"HorizontalPodAutoscaler": {
		"spec.targetCPUUtilizationPercentage":            "use spec.metrics with type Resource, or apiVersion autoscaling/v1",
		"spec.metrics.resource.targetAverageUtilization": "use target.averageUtilization with target.type Utilization",
		"spec.metrics.resource.targetAverageValue":       "use target.averageValue with target.type AverageValue",
	},
	"Deployment": {"spec.rollbackTo": "remove it: kubectl rollout undo does it"},
}

func advised(kind string, findings []finding.Finding) []finding.Finding {
	for i, result := range findings {
		if advice := former[kind][result.Path.Names()]; advice != "" && result.Rule == finding.UnknownField {
			findings[i].Remedy, findings[i].Expected = advice, ""
		}
	}
	return findings
}
