package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	genericvalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	kjson "sigs.k8s.io/json"

	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install" // each install package adds its group's types to the scheme
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/capabilities"
)

// gated are features that allow more where a cluster turns them on. Git can't tell whether it does, so that what they
// allow is no error.
var gated = map[string]bool{
	"ClusterTrustBundle": true, "ClusterTrustBundleProjection": true, "ContainerStopSignals": true,
	"CrossNamespaceVolumeDataSource": true, "HPAScaleToZero": true, "ImageVolumeWithDigest": true,
	"MaxUnavailableStatefulSet": true, "PodCertificateRequest": true, "SELinuxMount": true,
	"TaintTolerationComparisonOperators": true, "UserNamespacesHostNetworkSupport": true,
}

// allowGated also lets containers be privileged, as the API servers of all distributions do (--allow-privileged).
var allowGated = sync.OnceValue(func() error {
	capabilities.Setup(true, 0)
	return utilfeature.DefaultMutableFeatureGate.SetFromMap(gated)
})

// verdict is what the API server's validation says of an object it could decode.
type verdict struct {
	errors   field.ErrorList
	warnings []string
}

// content decodes, defaults, converts and validates an object as the API server does on creation. An error means that
// the object can't be decoded.
func content(ctx context.Context, kind schema.GroupVersionKind, object map[string]any, namespaced bool) (verdict, error) {
	if kind == definitions {
		return definition(ctx, object)
	}
	judge := strategyOf(kind.GroupKind())
	if judge == nil || !legacyscheme.Scheme.Recognizes(kind) {
		return verdict{}, nil
	}
	if err := allowGated(); err != nil {
		return verdict{}, err
	}
	internal, err := decode(legacyscheme.Scheme, kind, object)
	if err != nil {
		return verdict{}, err
	}
	meta, ok := internal.(metav1.Object)
	if !ok {
		return verdict{}, fmt.Errorf("%s has no metadata", kind.Kind)
	}
	complete(meta, namespaced)
	ctx = requestFor(ctx, kind, meta)
	judge.PrepareForCreate(ctx, internal)
	errs := judge.Validate(ctx, internal)
	errs = append(errs, commonErrors(meta, namespaced, errs)...)
	if len(errs) > 0 {
		return verdict{errors: errs}, nil
	}
	return verdict{warnings: judge.WarningsOnCreate(ctx, internal)}, nil
}

// commonErrors are those of the metadata, which the API server asks for only where the kind's own validation passed;
// most kinds' own does the same and more.
func commonErrors(meta metav1.Object, namespaced bool, known field.ErrorList) field.ErrorList {
	if len(known) > 0 {
		return nil
	}
	return genericvalidation.ValidateObjectMetaAccessor(meta, namespaced, func(name string, prefix bool) []string {
		if prefix {
			return path.IsValidPathSegmentPrefix(name)
		}
		return path.IsValidPathSegmentName(name)
	}, field.NewPath("metadata"))
}

func decode(scheme *runtime.Scheme, kind schema.GroupVersionKind, object map[string]any) (runtime.Object, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	versioned, err := scheme.New(kind)
	if err != nil {
		return nil, err
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, versioned); err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	scheme.Default(versioned)
	return scheme.ConvertToVersion(versioned, schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
}

// complete fills in what a request to create the object would.
func complete(meta metav1.Object, namespaced bool) {
	rest.FillObjectMetaSystemFields(meta)
	switch {
	case !namespaced:
		meta.SetNamespace("")
	case meta.GetNamespace() == "":
		meta.SetNamespace(metav1.NamespaceDefault)
	}
}

func requestFor(ctx context.Context, kind schema.GroupVersionKind, meta metav1.Object) context.Context {
	ctx = genericapirequest.WithNamespace(ctx, meta.GetNamespace())
	return genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{
		IsResourceRequest: true, Verb: "create", APIGroup: kind.Group, APIVersion: kind.Version, Name: meta.GetName(),
		Namespace: meta.GetNamespace(), Resource: strings.ToLower(kind.Kind) + "s",
	})
}
