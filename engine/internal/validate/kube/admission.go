package kube

import (
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install" // adds the group's types to the scheme
	"k8s.io/kubernetes/pkg/apis/admissionregistration/validation"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// admissionStrategies are for kinds whose own strategies ask a running server what their author may do.
var admissionStrategies = map[string]strategy{
	"MutatingWebhookConfiguration": creation[*admissionregistration.MutatingWebhookConfiguration]{
		validate: validation.ValidateMutatingWebhookConfiguration,
	},
	"ValidatingWebhookConfiguration": creation[*admissionregistration.ValidatingWebhookConfiguration]{
		validate: validation.ValidateValidatingWebhookConfiguration,
	},
	"ValidatingAdmissionPolicy": creation[*admissionregistration.ValidatingAdmissionPolicy]{
		validate: validation.ValidateValidatingAdmissionPolicy,
	},
	"ValidatingAdmissionPolicyBinding": creation[*admissionregistration.ValidatingAdmissionPolicyBinding]{
		validate: validation.ValidateValidatingAdmissionPolicyBinding,
	},
	"MutatingAdmissionPolicy": creation[*admissionregistration.MutatingAdmissionPolicy]{
		validate: validation.ValidateMutatingAdmissionPolicy,
	},
	"MutatingAdmissionPolicyBinding": creation[*admissionregistration.MutatingAdmissionPolicyBinding]{
		validate: validation.ValidateMutatingAdmissionPolicyBinding,
	},
}

func admissionStrategy(kind schema.GroupKind) strategy {
	if kind.Group != admissionregistration.GroupName {
		return nil
	}
	if found, ok := admissionStrategies[kind.Kind]; ok {
		return found
	}
	return nil
}
