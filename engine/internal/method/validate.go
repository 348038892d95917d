package method

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/cache"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/lint"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// schemasCode is the code of options that no schemas can satisfy: an unknown version, a folder that isn't there.
const schemasCode fault.Code = "schemas"

// schemaSets are what validate judges by; equal ones are opened once.
type schemaSets struct {
	mutex sync.Mutex
	sets  []*openSet
	ids   map[string]int
}

// openSet is a set and what makes its results differ from others'.
type openSet struct {
	set   *validate.Set
	key   string
	cache *cache.Cache
}

type schemasParams struct {
	validate.Options
	Cache *string `json:"cache"`
}

type schemasResult struct {
	Findings   []finding.Finding `json:"findings"`
	Kubernetes string            `json:"kubernetes"`
	Schemas    int               `json:"schemas"`
}

func (e *Engine) schemas(_ context.Context, params schemasParams) (schemasResult, error) {
	e.mutex.Lock()
	store := e.cache(params.Cache)
	e.mutex.Unlock()
	e.sets.mutex.Lock()
	defer e.sets.mutex.Unlock()
	key := params.Key()
	id, known := e.sets.ids[key]
	if !known {
		set, err := validate.Open(params.Options)
		if err != nil {
			return schemasResult{}, fault.New(schemasCode, "%s", err)
		}
		e.sets.sets = append(e.sets.sets, &openSet{set: set, key: set.Key(), cache: store})
		id = len(e.sets.sets)
		if e.sets.ids == nil {
			e.sets.ids = map[string]int{}
		}
		e.sets.ids[key] = id
	}
	set := e.sets.sets[id-1].set
	return schemasResult{Findings: set.Findings, Kubernetes: set.Kubernetes(), Schemas: id}, nil
}

func (s *schemaSets) get(id int) (*openSet, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if id < 1 || id > len(s.sets) {
		return nil, fault.New(fault.Protocol, "schemas %d are not open", id)
	}
	return s.sets[id-1], nil
}

type validateParams struct {
	Schemas    int               `json:"schemas"`
	Namespaces bool              `json:"namespaces"`
	Objects    []json.RawMessage `json:"objects"`
	cacheable
}

// cacheable tells whether an answer may be kept; it may unless the caller says otherwise.
type cacheable struct {
	Cacheable *bool `json:"cacheable"`
}

// in returns the cache to keep an answer in, nil where it may not be kept.
func (c cacheable) in(store *cache.Cache) *cache.Cache {
	if c.Cacheable != nil && !*c.Cacheable {
		return nil
	}
	return store
}

type validateResult struct {
	Findings [][]finding.Finding `json:"findings"`
}

func (e *Engine) validate(ctx context.Context, params validateParams) (any, error) {
	opened, err := e.sets.get(params.Schemas)
	if err != nil {
		return nil, err
	}
	store := params.in(opened.cache)
	key, err := store.KeyOf([]any{"validate", opened.key, params.Namespaces}, params.Objects...)
	if err != nil {
		return nil, err
	}
	if entry, found := store.Get(key, nil); found {
		return protocol.Raw(entry), nil
	}
	findings, err := opened.set.Validate(ctx, params.Objects, params.Namespaces)
	if err != nil {
		return nil, err
	}
	result, err := protocol.Encode(validateResult{findings})
	if err == nil {
		store.Put(key, &tree.Trace{}, result)
	}
	return result, err
}

func (e *Engine) lint(ctx context.Context, params treeParams) (any, error) {
	return e.kept(params.Tree, "lint", func(view *tree.View) (any, *tree.Trace, error) { return lint.Run(ctx, view) })
}
