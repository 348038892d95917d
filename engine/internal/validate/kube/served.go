package kube

import (
	"maps"
	"slices"
	"strings"
)

// APIVersions returns what the API server says it serves, in the manner of Helm's capabilities: each apiVersion, and
// each apiVersion with each of its kinds.
func (s *Schemas) APIVersions() []string {
	served := map[string]bool{}
	for name := range s.kinds {
		served[name] = true
		served[name[:strings.LastIndex(name, "/")]] = true
	}
	return slices.Sorted(maps.Keys(served))
}
