package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/flowschema"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/prioritylevelconfiguration"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/csistoragecapacity"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattributesclass"
)

// strategy is what the API server does with a new object of a kind before it stores it.
type strategy interface {
	PrepareForCreate(ctx context.Context, object runtime.Object)
	Validate(ctx context.Context, object runtime.Object) field.ErrorList
	WarningsOnCreate(ctx context.Context, object runtime.Object) []string
}

// strategies are the API server's own, by kind; ownStrategies the rest, whose packages would bring etcd's client along.
var strategies = map[schema.GroupKind]strategy{
	{Group: "apps", Kind: "ControllerRevision"}:                                 controllerrevision.Strategy,
	{Group: "apps", Kind: "DaemonSet"}:                                          daemonset.Strategy,
	{Group: "apps", Kind: "Deployment"}:                                         deployment.Strategy,
	{Group: "apps", Kind: "StatefulSet"}:                                        statefulset.Strategy,
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:                     horizontalpodautoscaler.Strategy,
	{Group: "batch", Kind: "CronJob"}:                                           cronjob.Strategy,
	{Group: "coordination.k8s.io", Kind: "Lease"}:                               lease.Strategy,
	{Group: "", Kind: "LimitRange"}:                                             limitrange.Strategy,
	{Group: "", Kind: "PodTemplate"}:                                            podtemplate.Strategy,
	{Group: "", Kind: "ResourceQuota"}:                                          resourcequota.Strategy,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "FlowSchema"}:                 flowschema.Strategy,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration"}: prioritylevelconfiguration.Strategy,
	{Group: "networking.k8s.io", Kind: "Ingress"}:                               ingress.Strategy,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                          ingressclass.Strategy,
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}:                         networkpolicy.Strategy,
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                runtimeclass.Strategy,
	{Group: "policy", Kind: "PodDisruptionBudget"}:                              poddisruptionbudget.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                   clusterrole.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:            clusterrolebinding.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:                          role.Strategy,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:                   rolebinding.Strategy,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                         priorityclass.Strategy,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                                csidriver.Strategy,
	{Group: "storage.k8s.io", Kind: "CSIStorageCapacity"}:                       csistoragecapacity.Strategy,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                             storageclass.Strategy,
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:                    volumeattributesclass.Strategy,
}

// judgesContent tells whether the API server's own validation of a kind is there.
func judgesContent(kind schema.GroupVersionKind) bool {
	return kind == definitions || strategyOf(kind.GroupKind()) != nil && legacyscheme.Scheme.Recognizes(kind)
}

func strategyOf(kind schema.GroupKind) strategy {
	if found, ok := strategies[kind]; ok {
		return found
	}
	if found, ok := ownStrategies[kind]; ok {
		return found
	}
	return admissionStrategy(kind)
}
