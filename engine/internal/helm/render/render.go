// Package render installs a chart as helm-controller 1.6 does, up to the point where objects would be sent to a
// cluster: Helm's own action runs, with capabilities that the caller states and template functions that give the same
// at any time.
package render

import (
	"context"
	"log/slog"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	helmutil "helm.sh/helm/v4/pkg/chart/v2/util"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
)

// Installation is what to install, and where.
type Installation struct {
	Release *v2.HelmRelease
	Chart   *chart.Loaded
	Values  common.Values
	Cluster Cluster

	// given are the values as they were: Helm takes those out that are null.
	given map[string]any
}

// Output is what would be sent to the cluster.
type Output struct {
	CRDs     []Document
	Manifest string
	Hooks    []*release.Hook
	// Uses names what the output would depend on beside its input: lookup, random, time.
	Uses []string
}

// Name returns the name of the Helm release.
func Name(of *v2.HelmRelease) string { return shorten(of.GetReleaseName()) }

// Run renders. The chart is changed by it.
func Run(ctx context.Context, i Installation) (*Output, error) {
	leave, err := build.Share(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	functions := newFunctions(ctx)
	i.given = mapsOf(i.Values)
	output, err := i.run(ctx, functions)
	if problem := functions.problem(); err != nil && problem != nil {
		return nil, problem
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return output, err
}

func (i Installation) run(ctx context.Context, functions *functions) (*Output, error) {
	crds, err := i.crds()
	if err != nil {
		return nil, err
	}
	capabilities := i.Cluster.capabilities(crds)
	install := i.action(functions, capabilities)
	installed, err := install.RunWithContext(ctx, i.Chart.Chart, i.Values.AsMap())
	if err != nil {
		return nil, i.explain(err, functions, capabilities)
	}
	rendered := installed.(*release.Release)
	return &Output{CRDs: crds, Manifest: rendered.Manifest, Hooks: rendered.Hooks, Uses: functions.uses()}, nil
}

// action follows newInstall of helm-controller. The dry run is the one that asks a cluster, as it leaves it to the
// caller to say what the cluster is capable of; nothing is asked, for there is no client.
func (i Installation) action(functions *functions, capabilities *common.Capabilities) *action.Install {
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	config.Capabilities = capabilities
	config.CustomTemplateFuncs = functions.table()
	config.KubeClient = &noCluster{}
	config.Releases = storage.Init(driver.NewMemory())
	install := action.NewInstall(config)
	install.DryRunStrategy = action.DryRunServer
	install.ReleaseName = Name(i.Release)
	install.Namespace = i.Release.GetReleaseNamespace()
	options := i.Release.GetInstall()
	install.DisableHooks = options.DisableHooks
	install.DisableOpenAPIValidation = options.DisableOpenAPIValidation
	install.SkipSchemaValidation = options.DisableSchemaValidation
	install.Devel = true
	install.SkipCRDs = true
	install.PostRenderer = newPostRenderer(i.Release, functions.fail)
	install.PostRenderStrategy = strategy(i.Release)
	return install
}

func strategy(of *v2.HelmRelease) action.PostRenderStrategy {
	if wanted := of.GetPostRenderStrategy(); wanted != "" {
		return action.PostRenderStrategy(wanted)
	}
	return action.PostRenderStrategyCombined
}

// crds returns the CustomResourceDefinitions that helm-controller applies itself: those of crds/, less other kinds,
// with the labels of their release.
func (i Installation) crds() ([]Document, error) {
	if len(i.Chart.CRDObjects()) == 0 || !i.appliesCRDs() {
		return nil, nil
	}
	if err := helmutil.ProcessDependencies(i.Chart.Chart, i.Values); err != nil {
		return nil, fault.Of(err, chart.Bad)
	}
	var crds []Document
	for _, file := range i.Chart.CRDObjects() {
		documents, err := definitions(file.Filename, file.File.Data)
		if err != nil {
			return nil, err
		}
		crds = append(crds, documents...)
	}
	for _, crd := range crds {
		if err := label(crd, originLabels(i.Release)); err != nil {
			return nil, err
		}
	}
	return crds, nil
}

// appliesCRDs goes by the policy for installing, which creates them unless it says otherwise, and by the one for
// upgrading, which has the last word once a release is upgraded.
func (i Installation) appliesCRDs() bool {
	switch i.Release.GetUpgrade().CRDs {
	case v2.Create, v2.CreateReplace:
		return true
	}
	return i.Release.GetInstall().CRDs != v2.Skip
}
