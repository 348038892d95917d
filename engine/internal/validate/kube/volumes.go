package kube

import (
	"fmt"
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// volumeField is where the volume of a pod template is.
var volumeField = regexp.MustCompile(`^(spec\.template\.spec\.)volumes\[(\d+)\]`)

// mountField is where a container says which volume it mounts.
var mountField = regexp.MustCompile(`^(.*\.)?(?:containers|initContainers)\[\d+\]\.volumeMounts\[\d+\]\.name$`)

// asWritten leads errors about volumes to where they are written, and drops those about mounts of volumes that are there
// and in error themselves.
func asWritten(errs field.ErrorList, object map[string]any) field.ErrorList {
	names, claims := volumeNames(object)
	var result field.ErrorList
	for _, err := range errs {
		if isMounted(err, names) && len(errs) > 1 {
			continue
		}
		if len(claims) > 0 {
			err.Field = asListed(err.Field, names, claims)
		}
		result = append(result, err)
	}
	return result
}

func isMounted(err *field.Error, names []string) bool {
	if err.Type != field.ErrorTypeNotFound || !mountField.MatchString(err.Field) {
		return false
	}
	for _, name := range names {
		if name == fmt.Sprint(err.BadValue) {
			return true
		}
	}
	return false
}

// asListed undoes what the API server does to a StatefulSet's volumes before it validates them: those of its claims come
// first, and take the place of others of the same name.
func asListed(path string, names []string, claims map[string]bool) string {
	match := volumeField.FindStringSubmatch(path)
	if match == nil {
		return path
	}
	rest := path[len(match[0]):]
	index, _ := strconv.Atoi(match[2])
	index -= len(claims)
	if index < 0 {
		return "spec.volumeClaimTemplates"
	}
	for i, name := range names {
		if claims[name] {
			continue
		}
		if index == 0 {
			return fmt.Sprintf("%svolumes[%d]%s", match[1], i, rest)
		}
		index--
	}
	return path
}

// volumeNames returns the names of a workload's volumes in their order, and those of a StatefulSet's claims.
func volumeNames(object map[string]any) ([]string, map[string]bool) {
	var names []string
	for _, path := range []finding.Path{
		{"spec", "volumes"}, {"spec", "template", "spec", "volumes"},
		{"spec", "jobTemplate", "spec", "template", "spec", "volumes"},
	} {
		list, _ := path.Lookup(object)
		volumes, _ := list.([]any)
		for _, volume := range volumes {
			entry, _ := volume.(map[string]any)
			name, _ := entry["name"].(string)
			names = append(names, name)
		}
	}
	claims := map[string]bool{}
	list, _ := finding.Path{"spec", "volumeClaimTemplates"}.Lookup(object)
	templates, _ := list.([]any)
	for _, template := range templates {
		name, _ := finding.Path{"metadata", "name"}.Lookup(asMap(template))
		claims[fmt.Sprint(name)] = true
	}
	return names, claims
}

func asMap(value any) map[string]any {
	result, _ := value.(map[string]any)
	return result
}
