package kube

import (
	"fmt"
	"strings"
	"sync"

	admissionregistrationv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	eventsv1beta1 "k8s.io/api/events/v1beta1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"k8s.io/kubernetes/pkg/api/legacyscheme"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// lifecycle says since which minor version an API version is deprecated and removed (0 where it isn't), and what to use.
type lifecycle struct {
	deprecated, removed int
	replacement         string
}

// oldTypes holds types of groups that the validation doesn't need, for what they say of their own end.
var oldTypes = sync.OnceValue(func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistrationv1beta1.AddToScheme, certificatesv1beta1.AddToScheme, eventsv1beta1.AddToScheme,
		extensionsv1beta1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
})

// gone are API versions whose types are no longer in Kubernetes' modules, or never said when they end.
// Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
var gone = map[string]lifecycle{
	"apiextensions.k8s.io/v1beta1/CustomResourceDefinition": {16, 22, "apiextensions.k8s.io/v1 CustomResourceDefinition"},
	"apiregistration.k8s.io/v1beta1/APIService":             {19, 22, "apiregistration.k8s.io/v1 APIService"},
	"autoscaling/v2beta1/HorizontalPodAutoscaler":           {22, 25, "autoscaling/v2 HorizontalPodAutoscaler"},
	"autoscaling/v2beta2/HorizontalPodAutoscaler":           {23, 26, "autoscaling/v2 HorizontalPodAutoscaler"},
	"batch/v2alpha1/CronJob":                                {20, 21, "batch/v1 CronJob"},
	"events.k8s.io/v1beta1/Event":                           {22, 25, "events.k8s.io/v1 Event"},
	"node.k8s.io/v1beta1/RuntimeClass":                      {22, 25, "node.k8s.io/v1 RuntimeClass"},
	"policy/v1beta1/PodSecurityPolicy":                      {21, 25, "Pod Security admission (labels of the namespace)"},
	"rbac.authorization.k8s.io/v1alpha1/ClusterRole":        {20, 23, "rbac.authorization.k8s.io/v1 ClusterRole"},
	"rbac.authorization.k8s.io/v1alpha1/ClusterRoleBinding": {20, 23, "rbac.authorization.k8s.io/v1 ClusterRoleBinding"},
	"rbac.authorization.k8s.io/v1alpha1/Role":               {20, 23, "rbac.authorization.k8s.io/v1 Role"},
	"rbac.authorization.k8s.io/v1alpha1/RoleBinding":        {20, 23, "rbac.authorization.k8s.io/v1 RoleBinding"},
	"scheduling.k8s.io/v1alpha1/PriorityClass":              {14, 17, "scheduling.k8s.io/v1 PriorityClass"},
	"settings.k8s.io/v1alpha1/PodPreset":                    {18, 20, ""},
}

func lifecycleOf(kind schema.GroupVersionKind) lifecycle {
	if known, ok := gone[kind.GroupVersion().String()+"/"+kind.Kind]; ok {
		return known
	}
	for _, scheme := range []*runtime.Scheme{legacyscheme.Scheme, oldTypes()} {
		if object, err := scheme.New(kind); err == nil {
			return told(object)
		}
	}
	return lifecycle{}
}

// told asks a type for what the tags in its source say.
func told(object runtime.Object) lifecycle {
	var result lifecycle
	if typed, ok := object.(interface{ APILifecycleDeprecated() (int, int) }); ok {
		_, result.deprecated = typed.APILifecycleDeprecated()
	}
	if typed, ok := object.(interface{ APILifecycleRemoved() (int, int) }); ok {
		_, result.removed = typed.APILifecycleRemoved()
	}
	if typed, ok := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		kind := typed.APILifecycleReplacement()
		result.replacement = kind.GroupVersion().String() + " " + kind.Kind
	}
	return result
}

var apiVersionPath = finding.Path{"apiVersion"}

// existence judges whether the version serves this kind, and for how long still.
func (s *Schemas) existence(kind schema.GroupVersionKind) []finding.Finding {
	life := lifecycleOf(kind)
	if _, known := s.Has(kind.GroupVersion().String(), kind.Kind); known {
		if life.removed > 0 && life.deprecated <= Minor(s.Version) {
			return []finding.Finding{s.deprecated(kind, life)}
		}
		return nil
	}
	if life.removed == 0 {
		life.removed = s.lastServed(kind) + 1
	}
	if life.removed > 1 && life.removed <= Minor(s.Version) {
		return []finding.Finding{s.removed(kind, life)}
	}
	return []finding.Finding{s.absent(kind)}
}

// lastServed returns the newest version below this one that serves a kind, 0 where none does.
func (s *Schemas) lastServed(kind schema.GroupVersionKind) int {
	for minor := Minor(s.Version) - 1; minor >= Minor(Versions()[0]); minor-- {
		if other, err := Load(fmt.Sprintf("1.%d", minor)); err == nil {
			if _, known := other.Has(kind.GroupVersion().String(), kind.Kind); known {
				return minor
			}
		}
	}
	return 0
}

func named(kind schema.GroupVersionKind) string {
	return kind.GroupVersion().String() + " " + kind.Kind
}

func (s *Schemas) deprecated(kind schema.GroupVersionKind, life lifecycle) finding.Finding {
	return finding.Finding{
		Message: fmt.Sprintf("%s is deprecated since Kubernetes 1.%d and removed in 1.%d", named(kind), life.deprecated, life.removed),
		Path:    apiVersionPath, Rule: finding.DeprecatedVersion, Severity: finding.Warning, Remedy: s.instead(kind, life),
	}
}

func (s *Schemas) removed(kind schema.GroupVersionKind, life lifecycle) finding.Finding {
	return finding.Finding{
		Message: fmt.Sprintf("%s was removed in Kubernetes 1.%d; the target is %s", named(kind), life.removed, s.Version),
		Path:    apiVersionPath, Rule: finding.RemovedVersion, Severity: finding.Error, Remedy: s.instead(kind, life),
	}
}

func (s *Schemas) instead(kind schema.GroupVersionKind, life lifecycle) string {
	if life.replacement != "" {
		return "use " + life.replacement
	}
	if served := s.Served(kind.Group, kind.Kind); len(served) > 0 {
		return "use " + named(schema.GroupVersionKind{Group: kind.Group, Version: served[0], Kind: kind.Kind})
	}
	return "there is no replacement"
}

func (s *Schemas) absent(kind schema.GroupVersionKind) finding.Finding {
	if served := s.Served(kind.Group, kind.Kind); len(served) > 0 {
		result := finding.Finding{
			Message:  fmt.Sprintf("Kubernetes %s does not serve %s", s.Version, named(kind)),
			Expected: groupVersions(kind.Group, served), Path: apiVersionPath,
			Rule: finding.UnknownVersion, Severity: finding.Error, Remedy: s.instead(kind, lifecycle{}),
		}
		if since := s.firstServed(kind); since > 0 {
			result.Message += fmt.Sprintf(": it comes with 1.%d", since)
			result.Remedy += ", or update the cluster first"
		}
		return result
	}
	return s.unknownKind(kind)
}

// firstServed returns the oldest version above this one that serves a kind, 0 where none does.
func (s *Schemas) firstServed(kind schema.GroupVersionKind) int {
	for minor := Minor(s.Version) + 1; minor <= Minor(Newest()); minor++ {
		if other, err := Load(fmt.Sprintf("1.%d", minor)); err == nil {
			if _, known := other.Has(kind.GroupVersion().String(), kind.Kind); known {
				return minor
			}
		}
	}
	return 0
}

func (s *Schemas) unknownKind(kind schema.GroupVersionKind) finding.Finding {
	result := finding.Finding{
		Message: fmt.Sprintf("Kubernetes %s has no kind %s in %s", s.Version, kind.Kind, kind.GroupVersion()),
		Path:    finding.Path{"kind"}, Rule: finding.UnknownKind, Severity: finding.Error,
	}
	if since := s.firstServed(kind); since > 0 {
		result.Message += fmt.Sprintf(": it comes with 1.%d", since)
		return result
	}
	if nearest := finding.Nearest(kind.Kind, s.Kinds(kind.Group)); nearest != "" {
		result.Expected, result.Remedy = nearest, "write "+nearest
	} else if groups := s.groupsOf(kind.Kind); len(groups) > 0 {
		result.Expected, result.Remedy = groups[0], "use apiVersion "+groups[0]
		result.Path = apiVersionPath
	}
	return result
}

// groupsOf returns the apiVersions that have a kind of this name.
func (s *Schemas) groupsOf(name string) []string {
	var found []string
	for key, versions := range s.groups {
		if group, kind, _ := strings.Cut(key, "/"); kind == name {
			found = append(found, groupVersion(group, versions[0]))
		}
	}
	return found
}

func groupVersion(group, version string) string {
	return schema.GroupVersion{Group: group, Version: version}.String()
}

func groupVersions(group string, versions []string) string {
	names := make([]string, len(versions))
	for i, version := range versions {
		names[i] = groupVersion(group, version)
	}
	return strings.Join(names, ", ")
}
