package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/kubernetes/pkg/api/persistentvolume"
	"k8s.io/kubernetes/pkg/api/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/discovery"
	discoveryvalidation "k8s.io/kubernetes/pkg/apis/discovery/validation"
)

// renewal is an updateStrategy made of functions of one internal type, each but validate may be missing.
//
// live completes both objects with what the cluster adds to the old one and server-side apply keeps in the new one. It
// returns the fields that the old object left to the server and the new one sets.
type renewal[T runtime.Object] struct {
	live     func(object, old T) []string
	prepare  func(object, old T)
	validate func(object, old T) field.ErrorList
}

func (r renewal[T]) inherit(object, old runtime.Object) []string {
	if r.live == nil {
		return nil
	}
	return r.live(object.(T), old.(T))
}

// PrepareForUpdate clears and fills in fields as the API server does.
func (r renewal[T]) PrepareForUpdate(_ context.Context, object, old runtime.Object) {
	if r.prepare != nil {
		r.prepare(object.(T), old.(T))
	}
}

// ValidateUpdate returns what the API server would refuse.
func (r renewal[T]) ValidateUpdate(_ context.Context, object, old runtime.Object) field.ErrorList {
	return r.validate(object.(T), old.(T))
}

var ownUpdates = map[schema.GroupKind]updateStrategy{
	{Kind: "ConfigMap"}: renewal[*core.ConfigMap]{validate: validation.ValidateConfigMapUpdate},
	{Kind: "Endpoints"}: renewal[*core.Endpoints]{validate: validation.ValidateEndpointsUpdate},
	{Kind: "PersistentVolume"}: renewal[*core.PersistentVolume]{
		live: liveVolume,
		prepare: func(pv, old *core.PersistentVolume) {
			pv.Status = old.Status
			persistentvolume.DropDisabledSpecFields(&pv.Spec, &old.Spec)
		},
		validate: func(pv, old *core.PersistentVolume) field.ErrorList {
			return validation.ValidatePersistentVolumeUpdate(pv, old, validation.ValidationOptionsForPersistentVolume(pv, old))
		},
	},
	{Kind: "PersistentVolumeClaim"}: renewal[*core.PersistentVolumeClaim]{
		live:    liveClaim,
		prepare: prepareChangedClaim,
		validate: func(claim, old *core.PersistentVolumeClaim) field.ErrorList {
			options := validation.ValidationOptionsForPersistentVolumeClaim(claim, old)
			return validation.ValidatePersistentVolumeClaimUpdate(claim, old, options)
		},
	},
	{Kind: "Pod"}: renewal[*core.Pod]{
		prepare: func(p, old *core.Pod) {
			p.Status = old.Status
			pod.DropDisabledPodFields(p, old)
		},
		validate: func(p, old *core.Pod) field.ErrorList {
			options := pod.GetValidationOptionsFromPodSpecAndMeta(&p.Spec, &old.Spec, &p.ObjectMeta, &old.ObjectMeta)
			options.ResourceIsPod = true
			return validation.ValidatePodUpdate(p, old, options)
		},
	},
	{Kind: "Secret"}: renewal[*core.Secret]{validate: validation.ValidateSecretUpdate},
	{Kind: "Service"}: renewal[*core.Service]{
		live:     liveService,
		prepare:  func(s, old *core.Service) { s.Status = old.Status },
		validate: validation.ValidateServiceUpdate,
	},
	{Group: "apps", Kind: "ReplicaSet"}: renewal[*apps.ReplicaSet]{
		prepare: func(set, old *apps.ReplicaSet) { set.Status = old.Status },
		validate: func(set, old *apps.ReplicaSet) field.ErrorList {
			options := pod.GetValidationOptionsFromPodTemplate(&set.Spec.Template, &old.Spec.Template)
			return appsvalidation.ValidateReplicaSetUpdate(set, old, options)
		},
	},
	{Group: "batch", Kind: "Job"}: renewal[*batch.Job]{
		live: func(j, old *batch.Job) []string {
			prepareJob(j)
			if j.Spec.Completions == nil {
				j.Spec.Completions = old.Spec.Completions // A default that the server stored stays.
			}
			return nil
		},
		prepare:  func(j, old *batch.Job) { j.Status = old.Status },
		validate: validateChangedJob,
	},
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}: renewal[*discovery.EndpointSlice]{
		validate: discoveryvalidation.ValidateEndpointSliceUpdate,
	},
}

func prepareChangedClaim(claim, old *core.PersistentVolumeClaim) {
	claim.Status = old.Status
	persistentvolumeclaim.DropDisabledFields(&claim.Spec, &old.Spec)
	persistentvolumeclaim.EnforceDataSourceBackwardsCompatibility(&claim.Spec, &old.Spec)
	persistentvolumeclaim.NormalizeDataSources(&claim.Spec)
}

// validateChangedJob takes the old job for one that has begun, unless it is suspended.
func validateChangedJob(j, old *batch.Job) field.ErrorList {
	suspended := old.Spec.Suspend != nil && *old.Spec.Suspend
	options := batchvalidation.JobValidationOptions{
		PodValidationOptions:             pod.GetValidationOptionsFromPodTemplate(&j.Spec.Template, &old.Spec.Template),
		RequirePrefixedLabels:            true,
		AllowMutableSchedulingDirectives: suspended,
		AllowMutablePodResources:         suspended,
	}
	return batchvalidation.ValidateJobUpdate(j, old, options)
}

// liveClaim binds the old claim: to a volume, in the storage class that the cluster chose where it names none.
func liveClaim(claim, old *core.PersistentVolumeClaim) []string {
	old.Status.Phase = core.ClaimBound
	if size, ok := old.Spec.Resources.Requests[core.ResourceStorage]; ok {
		old.Status.Capacity = core.ResourceList{core.ResourceStorage: resource.Quantity.DeepCopy(size)}
	}
	var assumed []string
	switch {
	case claim.Spec.StorageClassName == nil && old.Spec.StorageClassName == nil:
	case old.Spec.StorageClassName == nil:
		old.Spec.StorageClassName = claim.Spec.StorageClassName
		assumed = append(assumed, "spec.storageClassName")
	}
	// The server writes either data source as the other, too, which is then nobody's to remove.
	if claim.Spec.DataSource == nil && claim.Spec.DataSourceRef == nil {
		claim.Spec.DataSource, claim.Spec.DataSourceRef = old.Spec.DataSource, old.Spec.DataSourceRef
	}
	switch {
	case claim.Spec.VolumeName == "":
		claim.Spec.VolumeName = old.Spec.VolumeName
	case old.Spec.VolumeName == "":
		old.Spec.VolumeName = claim.Spec.VolumeName
		assumed = append(assumed, "spec.volumeName")
	}
	return assumed
}

func liveVolume(volume, old *core.PersistentVolume) []string {
	switch {
	case volume.Spec.ClaimRef == nil:
		volume.Spec.ClaimRef = old.Spec.ClaimRef
	case old.Spec.ClaimRef == nil:
		old.Spec.ClaimRef = volume.Spec.ClaimRef
	}
	return nil
}

// What stands for an address that the API server allocated.
const (
	someAddress  = "10.96.0.10"
	someAddress6 = "fd00::10"
)

// liveService gives the old service the addresses, families and policy that the API server allocates, and the new one
// what it keeps of them (patchAllocatedValues and defaultOnReadInternal of registry/core/service/storage).
func liveService(s, old *core.Service) []string {
	for _, each := range []*core.Service{s, old} {
		prepareService(each)
	}
	if old.Spec.Type == core.ServiceTypeExternalName || s.Spec.Type == core.ServiceTypeExternalName {
		return nil
	}
	liveFamilies(s, old)
	var assumed []string
	if old.Spec.ClusterIP == "" {
		old.Spec.ClusterIP = someAddress
		if len(old.Spec.IPFamilies) > 0 && old.Spec.IPFamilies[0] == core.IPv6Protocol {
			old.Spec.ClusterIP = someAddress6
		}
		if s.Spec.ClusterIP != "" && s.Spec.ClusterIP != core.ClusterIPNone {
			old.Spec.ClusterIP = s.Spec.ClusterIP
			assumed = append(assumed, "spec.clusterIP")
		}
		old.Spec.ClusterIPs = []string{old.Spec.ClusterIP}
	}
	if s.Spec.ClusterIP == "" {
		s.Spec.ClusterIP, s.Spec.ClusterIPs = old.Spec.ClusterIP, old.Spec.ClusterIPs
	}
	return assumed
}

func liveFamilies(s, old *core.Service) {
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = old.Spec.IPFamilies
	} else if len(old.Spec.IPFamilies) == 0 {
		old.Spec.IPFamilies = s.Spec.IPFamilies
	}
	if s.Spec.IPFamilyPolicy == nil {
		s.Spec.IPFamilyPolicy = old.Spec.IPFamilyPolicy
	}
}
