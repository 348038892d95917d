package kube

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/kubernetes/pkg/api/legacyscheme"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// updateStrategy is what the API server does with a changed object of a kind before it stores it.
type updateStrategy interface {
	PrepareForUpdate(ctx context.Context, object, old runtime.Object)
	ValidateUpdate(ctx context.Context, object, old runtime.Object) field.ErrorList
}

// Update returns what the API server would refuse about the way from one object to another: errors that the new object
// alone would not have. An old object that could not have been created says nothing: the cluster doesn't hold it.
func (s *Schemas) Update(ctx context.Context, oldKind, newKind schema.GroupVersionKind, old, object map[string]any) []finding.Finding {
	object = withStrings(old, object)
	var changed change
	var err error
	if newKind == definitions && oldKind == definitions {
		changed, err = definitionChange(ctx, old, object)
	} else {
		known := s.kinds[newKind.GroupVersion().String()+"/"+newKind.Kind]
		changed, err = contentChange(ctx, oldKind, newKind, old, object, known.Namespaced)
	}
	if err != nil {
		return nil
	}
	return Refused(changed.errors, changed.assumed, old, object)
}

// withStrings gives a Secret what the old one had in stringData: the server has written it to data, where server-side
// apply takes nothing away that was applied as stringData.
func withStrings(old, object map[string]any) map[string]any {
	before, _ := old["stringData"].(map[string]any)
	if object["kind"] != "Secret" || len(before) == 0 {
		return object
	}
	kept := maps.Clone(before)
	after, _ := object["stringData"].(map[string]any)
	maps.Copy(kept, after)
	object = maps.Clone(object)
	object["stringData"] = kept
	return object
}

// change is what the API server's validation says of an update, and the fields whose old value was left to the server.
type change struct {
	errors  field.ErrorList
	assumed []string
}

func contentChange(
	ctx context.Context, oldKind, newKind schema.GroupVersionKind, old, object map[string]any, namespaced bool,
) (change, error) {
	create, update := strategyOf(newKind.GroupKind()), updateOf(newKind.GroupKind())
	if create == nil || update == nil || !legacyscheme.Scheme.Recognizes(oldKind) || !legacyscheme.Scheme.Recognizes(newKind) {
		return change{}, nil
	}
	if err := allowGated(); err != nil {
		return change{}, err
	}
	before, oldMeta, err := stored(oldKind, old, namespaced)
	if err != nil {
		return change{}, err
	}
	after, newMeta, err := stored(newKind, object, namespaced)
	if err != nil {
		return change{}, err
	}
	ctx = requestFor(ctx, newKind, newMeta)
	create.PrepareForCreate(ctx, before)
	keep(newMeta, oldMeta)
	created := after.DeepCopyObject()
	if cameToBe := create.Validate(ctx, before); !onlyUnknown(cameToBe, old) {
		return change{}, nil
	}
	create.PrepareForCreate(ctx, created)
	var assumed []string
	if live, ok := update.(interface {
		inherit(object, old runtime.Object) []string
	}); ok {
		assumed = live.inherit(after, before)
	}
	update.PrepareForUpdate(ctx, after, before)
	return change{Beyond(update.ValidateUpdate(ctx, after, before), create.Validate(ctx, created)), assumed}, nil
}

func updateOf(kind schema.GroupKind) updateStrategy {
	if found, ok := ownUpdates[kind]; ok {
		return found
	}
	if found, ok := strategies[kind].(updateStrategy); ok {
		return found
	}
	return nil
}

func stored(kind schema.GroupVersionKind, object map[string]any, namespaced bool) (runtime.Object, metav1.Object, error) {
	internal, err := decode(legacyscheme.Scheme, kind, object)
	if err != nil {
		return nil, nil, err
	}
	meta, ok := internal.(metav1.Object)
	if !ok {
		return nil, nil, fmt.Errorf("%s has no metadata", kind.Kind)
	}
	complete(meta, namespaced)
	meta.SetResourceVersion("1")
	return internal, meta, nil
}

// keep carries over what an update can't change, as the API server does.
func keep(object, old metav1.Object) {
	object.SetUID(old.GetUID())
	object.SetCreationTimestamp(old.GetCreationTimestamp())
	object.SetGeneration(old.GetGeneration())
}

// onlyUnknown tells whether an object has no errors but about values that Git can't tell.
func onlyUnknown(errs field.ErrorList, object map[string]any) bool {
	for _, err := range errs {
		if result, ok := Translate(err, object); ok && !Unknowable(result, object) {
			return false
		}
	}
	return true
}

// Beyond returns the errors of an update that the creation of the same object doesn't have.
func Beyond(update, creation field.ErrorList) field.ErrorList {
	known := map[string]bool{}
	for _, err := range creation {
		known[string(err.Type)+err.Field+err.Detail] = true
	}
	return slices.DeleteFunc(update, func(err *field.Error) bool { return known[string(err.Type)+err.Field+err.Detail] })
}

// Refused makes findings of an update's errors. They lead to what differs; what depends on an unknown value is left out.
func Refused(errs field.ErrorList, assumed []string, old, object map[string]any) []finding.Finding {
	var findings []finding.Finding
	for _, err := range errs {
		if err.Type == field.ErrorTypeInternal {
			continue
		}
		path := spelled(finding.ParsePath(err.Field, object), old, object)
		for _, differs := range differing(path, old, object, exempt(err.Detail)) {
			findings = append(findings, refused(differs, detail(err), finding.Error, old, object)...)
		}
	}
	for _, name := range assumed {
		path := finding.ParsePath(name, object)
		said := "the cluster chose it when the object was made: refused, unless this is what it chose"
		findings = append(findings, refused(path, said, finding.Warning, old, object)...)
	}
	return findings
}

func refused(path finding.Path, detail string, severity finding.Severity, old, object map[string]any) []finding.Finding {
	before, had := path.Lookup(old)
	after, has := path.Lookup(object)
	if finding.HoldsUnknown(before) || finding.HoldsUnknown(after) {
		return nil
	}
	result := finding.Finding{Path: path, Rule: finding.Update, Severity: severity, Expected: detail}
	subject := path.String()
	if subject == "" {
		subject = "the object"
	}
	from, to := scalar(before), scalar(after)
	if secret(path, object) {
		from, to = "", ""
	}
	switch {
	case had && !has:
		result.Message = fmt.Sprintf("%s is removed: %s", subject, detail)
	case !had && has && to != "":
		result.Message = fmt.Sprintf("%s is set to %s: %s", subject, to, detail)
	case from != "" && to != "":
		result.Message = fmt.Sprintf("%s changes from %s to %s: %s", subject, from, to, detail)
	default:
		result.Message = fmt.Sprintf("%s changes: %s", subject, detail)
	}
	return []finding.Finding{result}
}

// spelled leads a path of the internal form to how the field is written: the first of clusterIPs may be clusterIP, a
// volume's source is one of the fields of its spec, a Secret's data may be written as stringData.
func spelled(path finding.Path, old, object map[string]any) finding.Path {
	switch text := path.String(); {
	case strings.HasPrefix(text, "spec.clusterIPs"):
		for _, each := range []map[string]any{object, old} {
			for _, name := range []string{"clusterIP", "clusterIPs"} {
				if _, there := (finding.Path{"spec", name}).Lookup(each); there {
					return finding.Path{"spec", name}
				}
			}
		}
	case text == "data" && object["kind"] == "Secret" && len(differences(path, old, object)) == 0:
		return finding.Path{"stringData"}
	case text == "spec.persistentvolumesource":
		return finding.Path{"spec"}
	case text == "volumeMode", text == "nodeAffinity":
		return append(finding.Path{"spec"}, path...)
	}
	return path
}

var quoted = regexp.MustCompile(`'([A-Za-z]+)'`)

// exempt are the fields that an error about all others names as those that may change.
func exempt(said string) []string {
	var names []string
	switch {
	case strings.Contains(said, "for fields other than"):
		for _, match := range quoted.FindAllStringSubmatch(said, -1) {
			names = append(names, match[1])
		}
	case strings.HasPrefix(said, "spec is immutable after creation except resources.requests"):
		names = []string{"resources", "volumeAttributesClassName"}
	case strings.HasPrefix(said, "spec.persistentvolumesource is immutable"):
		names = []string{
			"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
			"storageClassName", "volumeAttributesClassName", "volumeMode",
		}
	}
	return names
}

// differing follows a path to what differs between two objects: while one child alone does, that child; of an error
// about all fields but a few, each that does.
func differing(path finding.Path, old, object map[string]any, exempt []string) []finding.Path {
	names := differences(path, old, object)
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(exempt, name) })
	if len(names) == 1 || len(exempt) > 0 && len(names) > 0 {
		var paths []finding.Path
		for _, name := range names {
			paths = append(paths, differing(path.With(name), old, object, nil)...)
		}
		return paths
	}
	return []finding.Path{path}
}

func differences(path finding.Path, old, object map[string]any) []string {
	oldValue, _ := path.Lookup(old)
	newValue, _ := path.Lookup(object)
	before, isMap := oldValue.(map[string]any)
	after, areMaps := newValue.(map[string]any)
	if !isMap || !areMaps {
		return nil
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(before[name], after[name]) {
			names = append(names, name)
		}
	}
	return names
}

// detail is what an error says in one line, without the difference that some errors bring along.
func detail(err *field.Error) string {
	said, _, _ := strings.Cut(err.Detail, "\n")
	switch {
	case strings.Contains(said, "for fields other than"):
		_, others, _ := strings.Cut(said, "for fields other than ")
		return "only " + strings.ReplaceAll(strings.TrimSuffix(others, " are forbidden"), "'", "") + " can be changed"
	case said == "":
		return "field is immutable"
	}
	return inOneLine(said)
}
