package validate

import (
	"context"
	"encoding/json"
	"runtime"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/custom"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// Pair is an object as the cluster holds it, and as it is to become.
type Pair [2]json.RawMessage

// ValidateUpdate returns what the API server would refuse about each change, in the changes' order: only what it does not
// refuse about the new object alone. Changes that a done context leaves out have none, and the context's error is
// returned.
func (s *Set) ValidateUpdate(ctx context.Context, pairs []Pair) ([][]finding.Finding, error) {
	results := make([][]finding.Finding, len(pairs))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pairs)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pairs) {
					return
				}
				results[i] = s.change(ctx, pairs[i])
			}
		})
	}
	workers.Wait()
	return results, ctx.Err()
}

// change judges one pair. What can't be judged has no findings, a panic of a library included: of a change nothing is
// known then.
func (s *Set) change(ctx context.Context, pair Pair) (findings []finding.Finding) {
	findings = []finding.Finding{}
	defer func() {
		if recover() != nil {
			findings = []finding.Finding{}
		}
	}()
	var objects [2]map[string]any
	var kinds [2]schema.GroupVersionKind
	for i, text := range pair {
		if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &objects[i]); err != nil {
			return findings
		}
		kind, problem := identity(objects[i])
		if problem != nil {
			return findings
		}
		kinds[i] = kind
		delete(objects[i], "sops")
	}
	if kinds[0].GroupKind() != kinds[1].GroupKind() {
		return findings
	}
	return append(findings, finding.Sort(s.update(ctx, kinds, objects))...)
}

func (s *Set) update(ctx context.Context, kinds [2]schema.GroupVersionKind, objects [2]map[string]any) []finding.Finding {
	if kube.Owns(kinds[1].Group) {
		return s.builtIn.Update(ctx, kinds[0], kinds[1], objects[0], objects[1])
	}
	// Without a webhook, conversion between versions changes apiVersion alone.
	if known := s.definitionOf(kinds[1]); known != nil && (kinds[0] == kinds[1] || !known.Converted) {
		return known.Update(ctx, kinds[1].Version, objects[0], objects[1])
	}
	return nil
}

// definitionOf returns the definition that decides about a custom resource, nil where none is known.
func (s *Set) definitionOf(kind schema.GroupVersionKind) *custom.Kind {
	key := kind.Group + "/" + kind.Kind
	known := s.rendered[key]
	for _, folder := range s.folders {
		if known == nil {
			known = folder.Kinds[key]
		}
	}
	if known == nil {
		known = custom.Bundled(kind.Group, kind.Kind)
	}
	return known
}
