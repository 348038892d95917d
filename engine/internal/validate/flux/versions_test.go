package flux

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestEnded(t *testing.T) {
	kustomization := func(version string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: "kustomize.toolkit.fluxcd.io", Version: version, Kind: "Kustomization"}
	}
	policy := schema.GroupVersionKind{Group: "image.toolkit.fluxcd.io", Version: "v1", Kind: "ImagePolicy"}
	for _, test := range []struct {
		kind  schema.GroupVersionKind
		flux  string
		said  string
		ended bool
	}{
		{kustomization("v1"), "v2.9.5", "", false},
		{kustomization("v1"), "", "", false},
		{kustomization("v1beta2"), "v2.9.5", "error: kustomize.toolkit.fluxcd.io/v1beta2 Kustomization was removed in Flux 2.8", true},
		{kustomization("v1beta2"), "2.x", "error: kustomize.toolkit.fluxcd.io/v1beta2 Kustomization was removed in Flux 2.8", true},
		{
			kustomization("v1beta2"), "v2.7.0",
			"warning: kustomize.toolkit.fluxcd.io/v1beta2 Kustomization is deprecated and removed in Flux 2.8", true,
		},
		{
			kustomization("v1beta2"), "",
			"warning: kustomize.toolkit.fluxcd.io/v1beta2 Kustomization was removed in Flux 2.8; which Flux the cluster runs is not declared",
			true,
		},
		{kustomization("v7"), "v2.9.5", "", false},
		{policy, "2.6.x", "error: image.toolkit.fluxcd.io/v1 ImagePolicy comes with Flux 2.7, the cluster runs 2.6", true},
		{policy, "=2.7.0", "", false},
	} {
		findings, ended := Ended(test.kind, test.flux)
		said := ""
		for _, f := range findings {
			said += string(f.Severity) + ": " + f.Message
		}
		if said != test.said || ended != test.ended {
			t.Errorf("%s with Flux %q: %q, %t; expected %q, %t", test.kind, test.flux, said, ended, test.said, test.ended)
		}
	}
}
