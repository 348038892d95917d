package method

import (
	"context"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

type chartParams struct {
	Chart chart.Reference `json:"chart"`
}

// chart tells what a chart is.
func (e *Engine) chart(ctx context.Context, params chartParams) (*chart.Info, error) {
	fs, _, err := e.chartFiles(ctx, params.Chart)
	if err != nil {
		return nil, err
	}
	return chart.Describe(params.Chart, fs)
}

type helmParams struct {
	helm.Request
	Cacheable *bool `json:"cacheable"`
}

// helm renders a HelmRelease.
func (e *Engine) helm(ctx context.Context, params helmParams) (any, error) {
	fs, _, err := e.chartFiles(ctx, params.Chart)
	if err != nil {
		return nil, err
	}
	result, err := helm.Run(ctx, fs, params.Request)
	if err != nil {
		return nil, err
	}
	data, err := protocol.Encode(result)
	return outcome{data, err}.answer(false)
}

// chartFiles returns the file system of the tree that a chart is in, nil where it is an archive on disk.
func (e *Engine) chartFiles(ctx context.Context, reference chart.Reference) (*tree.FileSystem, *openTree, error) {
	if reference.Tree == 0 {
		if reference.Archive == "" {
			return nil, nil, fault.New(fault.Protocol, "chart: neither an archive nor a tree is named")
		}
		return nil, nil, nil
	}
	opened, err := e.tree(reference.Tree)
	if err != nil {
		return nil, nil, err
	}
	return tree.NewFileSystem(ctx, opened.view, nil), opened, nil
}
