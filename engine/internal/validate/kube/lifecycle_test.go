package kube

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestLifecycles follows https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
func TestLifecycles(t *testing.T) {
	for _, test := range []struct{ target, group, version, kind, said, remedy string }{
		{"1.36", "extensions", "v1beta1", "Deployment", "was removed in Kubernetes 1.16; the target is 1.36", "use apps/v1 Deployment"},
		{"1.36", "apps", "v1beta1", "StatefulSet", "was removed in Kubernetes 1.16; the target is 1.36", "use apps/v1 StatefulSet"},
		{"1.36", "apps", "v1beta2", "DaemonSet", "was removed in Kubernetes 1.16; the target is 1.36", "use apps/v1 DaemonSet"},
		{
			"1.36", "networking.k8s.io", "v1beta1", "Ingress",
			"was removed in Kubernetes 1.22; the target is 1.36", "use networking.k8s.io/v1 Ingress",
		},
		{
			"1.36", "rbac.authorization.k8s.io", "v1beta1", "ClusterRole",
			"was removed in Kubernetes 1.22; the target is 1.36", "use rbac.authorization.k8s.io/v1 ClusterRole",
		},
		{
			"1.36", "admissionregistration.k8s.io", "v1beta1", "ValidatingWebhookConfiguration",
			"was removed in Kubernetes 1.22; the target is 1.36", "use admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
		},
		{
			"1.36", "apiextensions.k8s.io", "v1beta1", "CustomResourceDefinition",
			"was removed in Kubernetes 1.22; the target is 1.36", "use apiextensions.k8s.io/v1 CustomResourceDefinition",
		},
		{"1.36", "batch", "v1beta1", "CronJob", "was removed in Kubernetes 1.25; the target is 1.36", "use batch/v1 CronJob"},
		{
			"1.36", "discovery.k8s.io", "v1beta1", "EndpointSlice",
			"was removed in Kubernetes 1.25; the target is 1.36", "use discovery.k8s.io/v1 EndpointSlice",
		},
		{
			"1.36", "autoscaling", "v2beta1", "HorizontalPodAutoscaler",
			"was removed in Kubernetes 1.25; the target is 1.36", "use autoscaling/v2 HorizontalPodAutoscaler",
		},
		{
			"1.36", "storage.k8s.io", "v1beta1", "CSIStorageCapacity",
			"was removed in Kubernetes 1.27; the target is 1.36", "use storage.k8s.io/v1 CSIStorageCapacity",
		},
		{
			"1.36", "flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema",
			"was removed in Kubernetes 1.32; the target is 1.36", "use flowcontrol.apiserver.k8s.io/v1 FlowSchema",
		},
		{
			"1.30", "flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema",
			"is deprecated since Kubernetes 1.29 and removed in 1.32", "use flowcontrol.apiserver.k8s.io/v1 FlowSchema",
		},
		{"1.30", "apps", "v1", "Deployment", "", ""},
		{"1.36", "settings.k8s.io", "v1alpha1", "PodPreset", "was removed in Kubernetes 1.20; the target is 1.36", "there is no replacement"},
	} {
		schemas, err := Load(test.target)
		if err != nil {
			t.Fatal(err)
		}
		kind := schema.GroupVersionKind{Group: test.group, Version: test.version, Kind: test.kind}
		findings := schemas.existence(kind)
		said, remedy := "", ""
		for _, f := range findings {
			said, remedy = said+f.Message, remedy+f.Remedy
		}
		expected := test.said
		if expected != "" {
			expected = fmt.Sprintf("%s/%s %s %s", test.group, test.version, test.kind, test.said)
		}
		if said != expected || remedy != test.remedy {
			t.Errorf("%s: %q (%q), expected %q (%q)", kind, said, remedy, expected, test.remedy)
		}
	}
}

// TestEveryKind says that every kind of every version can be looked at, with nothing in it.
func TestEveryKind(t *testing.T) {
	for _, version := range Versions() {
		schemas, err := Load(version)
		if err != nil {
			t.Fatal(err)
		}
		for name := range schemas.kinds {
			group, of, bare := split(name)
			kind := schema.GroupVersionKind{Group: group, Version: of, Kind: bare}
			object := map[string]any{
				"apiVersion": kind.GroupVersion().String(), "kind": bare, "metadata": map[string]any{"name": "a", "namespace": "b"},
			}
			for _, f := range schemas.Judge(context.Background(), kind, object) {
				if f.Message == "" || f.Rule == "" || f.Path == nil {
					t.Errorf("%s: %#v", kind, f)
				}
			}
		}
	}
}
