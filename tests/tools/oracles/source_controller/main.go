// Command source-controller-chart makes charts with source-controller's own code. It is built within a copy of
// source-controller's module: requests on stdin, answers on stdout, one JSON object a line.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	repo "helm.sh/helm/v4/pkg/repo/v1"

	"github.com/fluxcd/source-controller/internal/helm/chart"
	"github.com/fluxcd/source-controller/internal/helm/repository"
	"github.com/fluxcd/source-controller/internal/oci"
)

type request struct {
	// Directory and Path say where the chart is in a source; Archive is one of a HelmRepository instead.
	Directory string `json:"directory"`
	Path      string `json:"path"`
	Archive   string `json:"archive"`
	// Name and Version are those of an archive.
	Name          string            `json:"name"`
	Version       string            `json:"version"`
	ValuesFiles   []string          `json:"values_files"`
	IgnoreMissing bool              `json:"ignore_missing"`
	Metadata      string            `json:"metadata"`
	Dependencies  map[string]string `json:"dependencies"`
	Output        string            `json:"output"`
}

type answer struct {
	Error   string `json:"error,omitempty"`
	Version string `json:"version"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		var built *chart.Build
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			built, err = asked.build()
		}
		if err != nil {
			_ = out.Encode(answer{Error: err.Error()})
			continue
		}
		_ = out.Encode(answer{Version: built.Version})
	}
}

func (r request) build() (*chart.Build, error) {
	options := chart.BuildOptions{
		ValuesFiles: r.ValuesFiles, IgnoreMissingValuesFiles: r.IgnoreMissing, VersionMetadata: r.Metadata,
	}
	if r.Archive != "" {
		builder := chart.NewRemoteBuilder(archives{r.Name: r.Archive})
		return builder.Build(context.Background(), chart.RemoteReference{Name: r.Name, Version: r.Version}, r.Output, options)
	}
	manager := chart.NewDependencyManager(chart.WithDownloaderCallback(
		func(string) (repository.Downloader, error) { return archives(r.Dependencies), nil }))
	reference := chart.LocalReference{WorkDir: r.Directory, Path: r.Path}
	return chart.NewLocalBuilder(manager).Build(context.Background(), reference, r.Output, options)
}

// archives are the charts of a repository, by name.
type archives map[string]string

func (a archives) GetChartVersion(name, version string) (*repo.ChartVersion, error) {
	if a[name] == "" {
		return nil, fmt.Errorf("no chart %s", name)
	}
	return &repo.ChartVersion{Metadata: &helmchart.Metadata{Name: name, Version: version}}, nil
}

func (a archives) DownloadChart(of *repo.ChartVersion) (*bytes.Buffer, error) {
	data, err := os.ReadFile(a[of.Name])
	return bytes.NewBuffer(data), err
}

func (a archives) VerifyChart(context.Context, *repo.ChartVersion) (oci.VerificationResult, error) {
	return oci.VerificationResultIgnored, nil
}

func (a archives) Clear() error { return nil }
