package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/kubernetes/pkg/api/job"
	"k8s.io/kubernetes/pkg/api/persistentvolume"
	"k8s.io/kubernetes/pkg/api/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/api/service"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/discovery"
	discoveryvalidation "k8s.io/kubernetes/pkg/apis/discovery/validation"
	volumevalidation "k8s.io/kubernetes/pkg/volume/validation"
)

// creation is a strategy made of functions of one internal type, each of which may be missing.
type creation[T runtime.Object] struct {
	prepare  func(T)
	validate func(T) field.ErrorList
	warnings func(context.Context, T) []string
}

// PrepareForCreate clears and fills in fields as the API server does.
func (c creation[T]) PrepareForCreate(_ context.Context, object runtime.Object) {
	if c.prepare != nil {
		c.prepare(object.(T))
	}
}

// Validate returns what the API server would refuse.
func (c creation[T]) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	return c.validate(object.(T))
}

// WarningsOnCreate returns what the API server would warn of.
func (c creation[T]) WarningsOnCreate(ctx context.Context, object runtime.Object) []string {
	if c.warnings == nil {
		return nil
	}
	return c.warnings(ctx, object.(T))
}

var ownStrategies = map[schema.GroupKind]strategy{
	{Kind: "ConfigMap"}: creation[*core.ConfigMap]{validate: validation.ValidateConfigMap},
	{Kind: "Endpoints"}: creation[*core.Endpoints]{validate: validation.ValidateEndpointsCreate},
	{Kind: "Namespace"}: creation[*core.Namespace]{
		prepare:  func(n *core.Namespace) { n.Status = core.NamespaceStatus{Phase: core.NamespaceActive} },
		validate: validation.ValidateNamespace,
	},
	{Kind: "PersistentVolume"}: creation[*core.PersistentVolume]{
		prepare: func(pv *core.PersistentVolume) {
			pv.Status = core.PersistentVolumeStatus{}
			persistentvolume.DropDisabledSpecFields(&pv.Spec, nil)
		},
		validate: func(pv *core.PersistentVolume) field.ErrorList {
			errs := validation.ValidatePersistentVolume(pv, validation.ValidationOptionsForPersistentVolume(pv, nil))
			return append(errs, volumevalidation.ValidatePersistentVolume(pv)...)
		},
		warnings: func(_ context.Context, pv *core.PersistentVolume) []string {
			return persistentvolume.GetWarningsForPersistentVolume(pv)
		},
	},
	{Kind: "PersistentVolumeClaim"}: creation[*core.PersistentVolumeClaim]{
		prepare: prepareClaim,
		validate: func(claim *core.PersistentVolumeClaim) field.ErrorList {
			return validation.ValidatePersistentVolumeClaim(claim, validation.ValidationOptionsForPersistentVolumeClaim(claim, nil))
		},
		warnings: func(_ context.Context, claim *core.PersistentVolumeClaim) []string {
			return persistentvolumeclaim.GetWarningsForPersistentVolumeClaim(claim)
		},
	},
	{Kind: "Pod"}: creation[*core.Pod]{
		prepare: func(p *core.Pod) {
			p.Status = core.PodStatus{Phase: core.PodPending}
			pod.DropDisabledPodFields(p, nil)
		},
		validate: func(p *core.Pod) field.ErrorList {
			options := pod.GetValidationOptionsFromPodSpecAndMeta(&p.Spec, nil, &p.ObjectMeta, nil)
			options.ResourceIsPod = true
			return validation.ValidatePodCreate(p, options)
		},
		warnings: func(ctx context.Context, p *core.Pod) []string { return pod.GetWarningsForPod(ctx, p, nil) },
	},
	{Kind: "ReplicationController"}: creation[*core.ReplicationController]{
		prepare: func(rc *core.ReplicationController) {
			rc.Status = core.ReplicationControllerStatus{}
			pod.DropDisabledTemplateFields(rc.Spec.Template, nil)
		},
		validate: func(rc *core.ReplicationController) field.ErrorList {
			return validation.ValidateReplicationController(rc, pod.GetValidationOptionsFromPodTemplate(rc.Spec.Template, nil))
		},
	},
	{Kind: "Secret"}: creation[*core.Secret]{validate: validation.ValidateSecret},
	{Kind: "Service"}: creation[*core.Service]{
		prepare:  prepareService,
		validate: validation.ValidateServiceCreate,
		warnings: func(_ context.Context, s *core.Service) []string { return service.GetWarningsForService(s, nil) },
	},
	{Kind: "ServiceAccount"}: creation[*core.ServiceAccount]{validate: validation.ValidateServiceAccount},
	{Group: "apps", Kind: "ReplicaSet"}: creation[*apps.ReplicaSet]{
		prepare: func(set *apps.ReplicaSet) {
			set.Status = apps.ReplicaSetStatus{}
			pod.DropDisabledTemplateFields(&set.Spec.Template, nil)
		},
		validate: func(set *apps.ReplicaSet) field.ErrorList {
			return appsvalidation.ValidateReplicaSet(set, pod.GetValidationOptionsFromPodTemplate(&set.Spec.Template, nil))
		},
		warnings: func(ctx context.Context, set *apps.ReplicaSet) []string {
			return pod.GetWarningsForPodTemplate(ctx, field.NewPath("spec", "template"), &set.Spec.Template, nil)
		},
	},
	{Group: "batch", Kind: "Job"}: creation[*batch.Job]{
		prepare: prepareJob,
		validate: func(j *batch.Job) field.ErrorList {
			return batchvalidation.ValidateJob(j, batchvalidation.JobValidationOptions{
				PodValidationOptions:  pod.GetValidationOptionsFromPodTemplate(&j.Spec.Template, nil),
				RequirePrefixedLabels: true,
			})
		},
		warnings: func(ctx context.Context, j *batch.Job) []string {
			return job.WarningsForJobSpec(ctx, field.NewPath("spec"), &j.Spec, nil)
		},
	},
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}: creation[*discovery.EndpointSlice]{
		validate: discoveryvalidation.ValidateEndpointSliceCreate,
	},
}

func prepareClaim(claim *core.PersistentVolumeClaim) {
	claim.Status = core.PersistentVolumeClaimStatus{}
	persistentvolumeclaim.DropDisabledFields(&claim.Spec, nil)
	persistentvolumeclaim.EnforceDataSourceBackwardsCompatibility(&claim.Spec, nil)
	persistentvolumeclaim.NormalizeDataSources(&claim.Spec)
}

// someNodePort stands for a port that the API server allocates.
const someNodePort = 30000

// prepareService does what the allocation of addresses and ports does before validation.
func prepareService(s *core.Service) {
	s.Status = core.ServiceStatus{}
	if service.NeedsHealthCheck(s) && s.Spec.HealthCheckNodePort == 0 {
		s.Spec.HealthCheckNodePort = someNodePort
	}
	switch {
	case s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0:
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	case s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) > 0:
		s.Spec.ClusterIP = s.Spec.ClusterIPs[0]
	}
}

// prepareJob labels the pods and selects them by the job's name and uid, unless the user chose to do so.
func prepareJob(j *batch.Job) {
	j.Status = batch.JobStatus{}
	pod.DropDisabledTemplateFields(&j.Spec.Template, nil)
	if j.Spec.ManualSelector != nil && *j.Spec.ManualSelector {
		return
	}
	labels := j.Spec.Template.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	for label, value := range map[string]string{
		batch.LegacyJobNameLabel: j.Name, batch.JobNameLabel: j.Name,
		batch.LegacyControllerUidLabel: string(j.UID), batch.ControllerUidLabel: string(j.UID),
	} {
		if _, set := labels[label]; !set {
			labels[label] = value
		}
	}
	j.Spec.Template.Labels = labels
	if j.Spec.Selector == nil {
		j.Spec.Selector = &v1.LabelSelector{}
	}
	if j.Spec.Selector.MatchLabels == nil {
		j.Spec.Selector.MatchLabels = map[string]string{}
	}
	if _, set := j.Spec.Selector.MatchLabels[batch.ControllerUidLabel]; !set {
		j.Spec.Selector.MatchLabels[batch.ControllerUidLabel] = string(j.UID)
	}
}
