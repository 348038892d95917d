// Package validate judges every object of a cluster as the API server of its Kubernetes version would.
package validate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/custom"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/flux"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// Options say what a cluster knows.
type Options struct {
	// Kubernetes is the target version (1.36, v1.36.3); the newest where it is empty.
	Kubernetes string `json:"kubernetes"`
	// Flux is the cluster's Flux version; where it is empty, what only a certain version refuses is a warning.
	Flux string `json:"flux"`
	// Definitions are the CustomResourceDefinitions that the cluster itself renders, as JSON texts.
	Definitions []string `json:"definitions"`
	// Folders hold further CustomResourceDefinitions and JSON schemas.
	Folders []string `json:"folders"`
}

// Set is what one cluster knows, ready to judge objects.
type Set struct {
	options  Options
	builtIn  *kube.Schemas
	rendered map[string]*custom.Kind
	folders  []*custom.Folder
	// Findings are about the definitions and folders themselves.
	Findings []finding.Finding
}

// Open reads schemas. An error means options that can't be satisfied; a definition that can't be read is a finding.
func Open(options Options) (*Set, error) {
	builtIn, err := kube.Load(options.Kubernetes)
	if err != nil {
		return nil, err
	}
	set := &Set{
		options: options, builtIn: builtIn, rendered: map[string]*custom.Kind{}, Findings: []finding.Finding{},
	}
	for _, text := range options.Definitions {
		kind, err := custom.Parse([]byte(text), "the cluster's CustomResourceDefinition")
		if err != nil {
			continue // It is one of the cluster's objects, and judged as such.
		}
		set.rendered[kind.Group+"/"+kind.Name] = kind
	}
	for _, path := range options.Folders {
		folder, err := custom.OpenFolder(path)
		if err != nil {
			return nil, err
		}
		set.folders = append(set.folders, folder)
		set.Findings = append(set.Findings, folder.Findings...)
	}
	return set, nil
}

// Validate returns the findings of each object, in the objects' order. Objects that a done context leaves out have none,
// and the context's error is returned.
//
// namespaces says that the objects are applied as they are, by kustomize-controller: one that belongs into a namespace
// must name it.
func (s *Set) Validate(ctx context.Context, objects []json.RawMessage, namespaces bool) ([][]finding.Finding, error) {
	results := make([][]finding.Finding, len(objects))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(objects)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(objects) {
					return
				}
				results[i] = s.one(ctx, objects[i], namespaces)
			}
		})
	}
	workers.Wait()
	return results, ctx.Err()
}

// one judges an object; a panic of a library stays within it.
func (s *Set) one(ctx context.Context, text []byte, namespaces bool) (findings []finding.Finding) {
	findings = []finding.Finding{}
	defer func() {
		if reason := recover(); reason != nil {
			findings = append(findings, unavailable(fmt.Sprintf("validation failed: %v", reason), ""))
		}
	}()
	var object map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &object); err != nil {
		return append(findings, finding.Finding{
			Message: "not an object: " + err.Error(), Path: finding.Path{}, Rule: finding.Type, Severity: finding.Error,
		})
	}
	if _, encrypted := object["sops"].(map[string]any); encrypted {
		delete(object, "sops") // kustomize-controller does so when it decrypts.
	}
	return append(findings, finding.Sort(s.judge(ctx, object, namespaces))...)
}

func (s *Set) judge(ctx context.Context, object map[string]any, namespaces bool) []finding.Finding {
	kind, problem := identity(object)
	if problem != nil {
		return []finding.Finding{*problem}
	}
	if strings.HasSuffix(kind.Kind, "List") && object["items"] != nil {
		return nil
	}
	if finding.IsUnknown(kind.Kind) || finding.IsUnknown(kind.Group) || finding.IsUnknown(kind.Version) {
		return nil // SOPS encrypted the whole object, or a variable tells what it is
	}
	var findings []finding.Finding
	if namespaces {
		findings = s.namespace(kind, object)
	}
	if kube.Owns(kind.Group) || s.builtIn.Misplaced(kind) {
		return append(findings, s.builtIn.Judge(ctx, kind, object)...)
	}
	findings = append(findings, s.builtIn.Metadata(object)...)
	findings = append(findings, flux.Values(kind, object)...)
	return flux.Advise(kind, append(findings, s.custom(ctx, kind, object)...))
}

// namespace reports an object that belongs into a namespace and names none: kustomize-controller then asks the API
// server for a path that doesn't exist ("namespace not specified").
func (s *Set) namespace(kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	meta, _ := object["metadata"].(map[string]any)
	if name, _ := meta["namespace"].(string); name != "" || !s.namespaced(kind) {
		return nil
	}
	return []finding.Finding{{
		Message: fmt.Sprintf("%s belongs into a namespace and names none, so that Flux can't apply it", kind.Kind),
		Path:    finding.Path{"metadata", "namespace"}, Rule: finding.Namespace, Severity: finding.Error,
		Remedy: "set metadata.namespace, namespace in kustomization.yaml, or spec.targetNamespace of the Flux Kustomization",
	}}
}

func (s *Set) namespaced(kind schema.GroupVersionKind) bool {
	if namespaced, known := s.builtIn.Has(kind.GroupVersion().String(), kind.Kind); known {
		return namespaced
	}
	known := s.definitionOf(kind)
	return known != nil && known.Namespaced
}

func identity(object map[string]any) (schema.GroupVersionKind, *finding.Finding) {
	apiVersion, _ := object["apiVersion"].(string)
	name, _ := object["kind"].(string)
	version, err := schema.ParseGroupVersion(apiVersion)
	for field, missing := range map[string]bool{"apiVersion": apiVersion == "" || err != nil, "kind": name == ""} {
		if missing {
			return schema.GroupVersionKind{}, &finding.Finding{
				Message: field + " is missing", Path: finding.Path{field}, Rule: finding.Required, Severity: finding.Error,
			}
		}
	}
	return version.WithKind(name), nil
}

// custom asks the sources in their order; the first that has the kind decides.
func (s *Set) custom(ctx context.Context, kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	key := kind.Group + "/" + kind.Kind
	if known := s.rendered[key]; known != nil {
		return definition(ctx, known, kind, object)
	}
	for _, folder := range s.folders {
		if known := folder.Kinds[key]; known != nil {
			return definition(ctx, known, kind, object)
		}
		if findings, ok := folder.Judge(kind, object); ok {
			return findings
		}
	}
	if findings, ended := flux.Ended(kind, s.options.Flux); ended {
		return append(findings, former(ctx, kind, object)...)
	}
	if known := custom.Bundled(kind.Group, kind.Kind); known != nil {
		findings := definition(ctx, known, kind, object)
		if strings.HasSuffix(kind.Group, ".fluxcd.io") && flux.Newer(s.options.Flux) {
			return flux.Doubt(findings)
		}
		return findings
	}
	if misspelt := s.misspelt(kind); misspelt != nil {
		return misspelt
	}
	return append(custom.Metadata(object),
		unavailable(fmt.Sprintf("no schema for %s %s", kind.GroupVersion(), kind.Kind), named(kind)))
}

// former judges an object of a version that the bundled definitions lack by the version that came after it.
func former(ctx context.Context, kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	known := custom.Bundled(kind.Group, kind.Kind)
	if known == nil {
		return nil
	}
	newer := flux.Successor(kind)
	object = maps.Clone(object)
	object["apiVersion"] = newer.GroupVersion().String()
	return flux.Former(kind, definition(ctx, known, newer, object))
}

// misspelt reports a kind that its group doesn't have: all of Flux's are known, of others a name that is much like it.
func (s *Set) misspelt(kind schema.GroupVersionKind) []finding.Finding {
	siblings := custom.Siblings(kind.Group)
	nearest := finding.Nearest(kind.Kind, siblings)
	if nearest == "" {
		nearest = finding.Slip(kind.Kind, s.given(kind.Group))
	}
	result := finding.Finding{
		Expected: nearest, Message: fmt.Sprintf("there is no kind %s in %s", kind.Kind, kind.Group),
		Path: finding.Path{"kind"}, Remedy: "write " + nearest, Rule: finding.UnknownKind, Severity: finding.Error,
	}
	ofFlux := strings.HasSuffix(kind.Group, ".toolkit.fluxcd.io") && len(siblings) > 0
	switch {
	case nearest != "":
		return []finding.Finding{result}
	case !ofFlux:
		return nil
	}
	slices.Sort(siblings)
	result.Remedy = "write one of " + strings.Join(siblings, ", ")
	if len(siblings) == 1 {
		result.Expected, result.Remedy = siblings[0], "write "+siblings[0]
	}
	if flux.Newer(s.options.Flux) {
		return flux.Doubt([]finding.Finding{result})
	}
	return []finding.Finding{result}
}

// given returns the kinds of a group that the cluster's own CustomResourceDefinitions and the schema folders define.
func (s *Set) given(group string) []string {
	kinds := maps.Clone(s.rendered)
	if kinds == nil {
		kinds = map[string]*custom.Kind{}
	}
	for _, folder := range s.folders {
		maps.Copy(kinds, folder.Kinds)
	}
	var names []string
	for key := range kinds {
		if of, name, _ := strings.Cut(key, "/"); of == group {
			names = append(names, name)
		}
	}
	return names
}

func named(kind schema.GroupVersionKind) string {
	return kind.GroupVersion().String() + "/" + kind.Kind
}

func definition(ctx context.Context, known *custom.Kind, kind schema.GroupVersionKind, object map[string]any) []finding.Finding {
	findings, judged, err := known.Judge(ctx, kind.Version, object)
	switch {
	case err != nil:
		return append(findings, unavailable("the schema can't be used: "+err.Error(), named(kind)))
	case !judged:
		return append(findings, unavailable(fmt.Sprintf("%s has no schema for %s", known.Source, named(kind)), named(kind)))
	}
	return findings
}

// unavailable says that an object wasn't judged. Its value names the kind, so that a caller can count.
func unavailable(message, kind string) finding.Finding {
	return finding.Finding{
		Message: message, Path: finding.Path{}, Rule: finding.Unavailable, Severity: finding.Info, Value: kind,
		Remedy: "give its CustomResourceDefinition or JSON schema in a configured schema folder",
	}
}

// Key tells equal options apart from others.
func (o Options) Key() string {
	text, _ := json.Marshal(o)
	return string(text)
}

// Key tells sets apart that judge differently.
func (s *Set) Key() string {
	key := s.options.Key()
	for _, folder := range s.folders {
		key += folder.Key
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
}

// Kubernetes is the target's minor version.
func (s *Set) Kubernetes() string { return s.builtIn.Version }
