package kube

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// Misplaced tells whether a kind can only be meant to be a built-in one: in a group that no CustomResourceDefinition can
// have (their groups hold a dot), or in one that is a slip of the finger away from the built-in kind's own.
func (s *Schemas) Misplaced(kind schema.GroupVersionKind) bool {
	if Owns(kind.Group) {
		return false
	}
	return !strings.Contains(kind.Group, ".") || finding.Slip(kind.Group, s.ownersOf(kind.Kind)) != ""
}

// ownersOf returns the groups that have a built-in kind of this name.
func (s *Schemas) ownersOf(name string) []string {
	var groups []string
	for key := range s.groups {
		if group, kind, _ := strings.Cut(key, "/"); kind == name && strings.Contains(group, ".") {
			groups = append(groups, group)
		}
	}
	return groups
}
