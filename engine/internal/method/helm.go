package method

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/cache"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	helmrender "github.com/pytest-gitops/pytest-gitops/engine/internal/helm/render"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

type chartParams struct {
	Chart chart.Reference `json:"chart"`
}

// chart tells what a chart is.
func (e *Engine) chart(ctx context.Context, params chartParams) (*chart.Info, error) {
	place, err := e.chartPlace(ctx, params.Chart)
	if err != nil {
		return nil, err
	}
	return chart.Describe(params.Chart, place.files())
}

type helmParams struct {
	helm.Request
	Cacheable *bool `json:"cacheable"`
}

// helm renders a HelmRelease.
func (e *Engine) helm(ctx context.Context, params helmParams) (any, error) {
	place, err := e.chartPlace(ctx, params.Chart)
	if err != nil {
		return nil, err
	}
	if params.Cacheable != nil && !*params.Cacheable || slices.ContainsFunc(params.ValuesFrom, isSecret) {
		place.cache = nil
	}
	key, keyed := place.key(params.Request)
	if keyed {
		if entry, found := place.cache.Get(key, place.view); found {
			if outcome, known := unpack(entry); known {
				return outcome.answer(true)
			}
		}
	}
	outcome := e.install(ctx, place, params.Request)
	if entry, lasting := packRelease(outcome); keyed && lasting {
		place.cache.Put(key, place.fs.Trace(), entry)
	}
	return outcome.answer(false)
}

func isSecret(answer values.Answer) bool { return answer.Secret }

func (e *Engine) install(ctx context.Context, place *chartPlace, request helm.Request) outcome {
	if e.Watch != nil {
		defer e.Watch(ctx)()
	}
	result, err := helm.Run(ctx, place.files(), request)
	if err != nil {
		return outcome{err: err}
	}
	data, err := protocol.Encode(result)
	return outcome{data, err}
}

// packRelease returns an entry for the cache, and whether the outcome would be the same again.
func packRelease(of outcome) ([]byte, bool) {
	var problem *fault.Error
	if !errors.As(of.err, &problem) {
		return of.pack()
	}
	switch problem.Code {
	case chart.Bad, values.Bad, helmrender.Bad:
		data, err := json.Marshal(problem)
		return append([]byte{errorMark}, data...), err == nil
	default:
		return of.pack()
	}
}

// chartPlace is where a chart is: in a tree, or an archive on disk, with the cache of what is rendered from it.
type chartPlace struct {
	fs    *tree.FileSystem
	view  *tree.View
	cache *cache.Cache
}

// chartPlace finds the place of a chart. What archives give is kept in the cache of the first tree that has one.
func (e *Engine) chartPlace(ctx context.Context, reference chart.Reference) (*chartPlace, error) {
	if reference.Tree != 0 {
		opened, err := e.tree(reference.Tree)
		if err != nil {
			return nil, err
		}
		return &chartPlace{tree.NewFileSystem(ctx, opened.view), opened.view, opened.cache}, nil
	}
	if reference.Archive == "" {
		return nil, fault.New(fault.Protocol, "chart: neither an archive nor a tree is named")
	}
	place := &chartPlace{fs: tree.NewFileSystem(ctx, nil)}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for _, opened := range e.trees {
		if place.cache == nil {
			place.cache = opened.cache
		}
	}
	return place, nil
}

// files returns the file system of the chart's tree, nil for an archive on disk.
func (p *chartPlace) files() *tree.FileSystem {
	if p.view == nil {
		return nil
	}
	return p.fs
}

// key returns the key of a request: archives count by their contents, a tree by what is read of it.
func (p *chartPlace) key(request helm.Request) (cache.Key, bool) {
	if p.cache == nil {
		return "", false
	}
	content, err := request.Content()
	if err != nil {
		return "", false
	}
	key, err := p.cache.KeyOf(content)
	return key, err == nil
}
