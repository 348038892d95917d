// Package kube judges objects of Kubernetes' built-in kinds: their structure by the published schema of the target
// version, their content by the API server's own validation.
package kube

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/version"
)

// Made by scripts/update_kubernetes.py.
//
//go:embed data/*.json.gz
var data embed.FS

// Schemas are the kinds of one minor version of Kubernetes.
type Schemas struct {
	// Version is the minor version: 1.36.
	Version string
	kinds   map[string]*kind
	groups  map[string][]string
}

type kind struct {
	Namespaced bool   `json:"namespaced"`
	Schema     string `json:"schema"`
	shape      *shape
}

type shape struct {
	Reference            string            `json:"$ref"`
	Type                 string            `json:"type"`
	Format               string            `json:"format"`
	Properties           map[string]*shape `json:"properties"`
	AdditionalProperties *shape            `json:"additionalProperties"`
	Items                *shape            `json:"items"`
	RequiredNames        []string          `json:"required"`
	ListType             string            `json:"x-kubernetes-list-type"`
	ListKeys             []string          `json:"x-kubernetes-list-map-keys"`

	name     string
	referred *shape
}

// Versions returns the minor versions that are there, oldest first.
var Versions = sync.OnceValue(func() []string {
	entries, _ := data.ReadDir("data")
	var versions []string
	for _, entry := range entries {
		versions = append(versions, strings.TrimSuffix(strings.TrimPrefix(entry.Name(), "v"), ".json.gz"))
	}
	slices.SortFunc(versions, func(a, b string) int { return Minor(a) - Minor(b) })
	return versions
})

// Newest returns the newest minor version.
func Newest() string {
	versions := Versions()
	return versions[len(versions)-1]
}

// Minor returns the second number of a version (1.36, v1.36.3), -1 where it isn't one of Kubernetes 1.
func Minor(version string) int {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return -1
	}
	minor, err := strconv.Atoi(strings.TrimRight(parts[1], "+"))
	if err != nil {
		return -1
	}
	return minor
}

var loaded sync.Map

// Load returns the schemas of a version such as 1.36, v1.36.3 or, for the newest, the empty string.
func Load(version string) (*Schemas, error) {
	if version == "" {
		version = Newest()
	}
	minor := fmt.Sprintf("1.%d", Minor(version))
	if !slices.Contains(Versions(), minor) {
		return nil, fmt.Errorf("no schemas for Kubernetes %s: choose one of %s", version, strings.Join(Versions(), ", "))
	}
	once, _ := loaded.LoadOrStore(minor, sync.OnceValues(func() (*Schemas, error) { return read(minor) }))
	return once.(func() (*Schemas, error))()
}

func read(minor string) (*Schemas, error) {
	content, err := data.ReadFile("data/v" + minor + ".json.gz")
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, err
	}
	var file struct {
		Kinds       map[string]*kind  `json:"kinds"`
		Definitions map[string]*shape `json:"definitions"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	return link(minor, file.Kinds, file.Definitions), nil
}

// link resolves references and indexes kinds by group.
func link(minor string, kinds map[string]*kind, definitions map[string]*shape) *Schemas {
	for name, definition := range definitions {
		definition.name = name
		definition.link(definitions)
	}
	schemas := &Schemas{Version: minor, kinds: kinds, groups: map[string][]string{}}
	for name, kind := range kinds {
		kind.shape = definitions[kind.Schema]
		group, of, bare := split(name)
		schemas.groups[group+"/"+bare] = append(schemas.groups[group+"/"+bare], of)
	}
	for _, versions := range schemas.groups {
		slices.SortFunc(versions, func(a, b string) int { return version.CompareKubeAwareVersionStrings(b, a) })
	}
	return schemas
}

func (s *shape) link(definitions map[string]*shape) {
	if s == nil {
		return
	}
	if s.Reference != "" {
		s.referred = definitions[s.Reference]
	}
	for _, property := range s.Properties {
		property.link(definitions)
	}
	s.Items.link(definitions)
	s.AdditionalProperties.link(definitions)
}

// split returns group, version and kind of apps/v1/Deployment and v1/Pod.
func split(name string) (group, version, kind string) {
	parts := strings.Split(name, "/")
	if len(parts) == 2 {
		return "", parts[0], parts[1]
	}
	return parts[0], parts[1], parts[2]
}

// Has tells whether a kind of this apiVersion exists, and whether it is namespaced.
func (s *Schemas) Has(apiVersion, name string) (namespaced, known bool) {
	kind, known := s.kinds[apiVersion+"/"+name]
	return known && kind.Namespaced, known
}

// Served returns the versions in which a kind of a group exists, the most stable and newest first.
func (s *Schemas) Served(group, name string) []string {
	return s.groups[group+"/"+name]
}

// Owns tells whether a group is one of Kubernetes' own.
func Owns(group string) bool {
	switch group {
	case "", "apps", "autoscaling", "batch", "extensions", "policy":
		return true
	}
	return slices.Contains(ownGroups, group)
}

var ownGroups = []string{
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io",
	"authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
	"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io",
	"rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

// Kinds returns the kinds of a group, for the nearest name.
func (s *Schemas) Kinds(group string) []string {
	var kinds []string
	for key := range s.groups {
		if of, kind, _ := strings.Cut(key, "/"); of == group {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}
