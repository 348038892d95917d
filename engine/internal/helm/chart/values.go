package chart

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/chartutil"
	"helm.sh/helm/v4/pkg/chart/common"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	helmutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// valuesFiles follows BuildOptions.GetValuesFiles of source-controller: values.yaml alone changes nothing.
func (o Order) valuesFiles() []string {
	if o.Spec == nil {
		return nil
	}
	if files := o.Spec.ValuesFiles; len(files) != 1 || filepath.Clean(files[0]) != helmutil.ValuesfileName {
		return files
	}
	return nil
}

// mergeChartFiles replaces the chart's values by those of files within it, as source-controller does for charts of
// a HelmRepository.
func (o Order) mergeChartFiles(of *helmchart.Chart) error {
	return o.merge(of, func(name string) (map[string]any, bool, error) {
		clean := filepath.Clean(name)
		if clean == helmutil.ValuesfileName {
			return of.Values, true, nil
		}
		for _, file := range of.Files {
			if file.Name == clean {
				values, err := decode(name, file.Data)
				return values, true, err
			}
		}
		return nil, false, fault.New(Bad, "failed to merge chart values: no values file found at path '%s'", name)
	})
}

// mergeTreeFiles replaces the chart's values by those of files of the tree, whose paths are relative to its root, as
// source-controller does for charts of a GitRepository or Bucket.
func (o Order) mergeTreeFiles(of *helmchart.Chart, fs *tree.FileSystem) error {
	return o.merge(of, func(name string) (map[string]any, bool, error) {
		at := strings.TrimPrefix(path.Clean("/"+name), "/")
		if !fs.Exists(tree.Absolute(at)) || fs.IsDir(tree.Absolute(at)) {
			problem := fault.New(Bad, "no values file found at path '/%s' (reference '%s')", at, name)
			problem.File = at
			return nil, false, problem
		}
		data, err := fs.ReadFile(tree.Absolute(at))
		if err != nil {
			return nil, true, bad(err)
		}
		values, err := decode(name, data)
		if err != nil {
			err = within(at, err)
		}
		return values, true, err
	})
}

func (o Order) merge(of *helmchart.Chart, read func(name string) (map[string]any, bool, error)) error {
	if len(o.valuesFiles()) == 0 {
		return nil
	}
	merged := map[string]any{}
	for at, name := range o.Spec.ValuesFiles {
		values, found, err := read(name)
		if !found && o.Spec.IgnoreMissingValuesFiles {
			continue
		}
		if err != nil {
			problem := *bad(err)
			problem.Field = fmt.Sprintf("spec.chart.spec.valuesFiles[%d]", at)
			return &problem
		}
		merged = chartutil.MergeMaps(merged, values)
	}
	return overwrite(of, merged)
}

func decode(name string, data []byte) (map[string]any, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, fault.New(Bad, "unmarshaling values from '%s' failed: %s", name, err)
	}
	return values, nil
}

// overwrite follows OverwriteChartDefaultValues of source-controller, and what packaging the chart and loading it
// again comes to.
func overwrite(of *helmchart.Chart, merged map[string]any) error {
	var text bytes.Buffer
	if len(merged) > 0 {
		if err := common.Values(merged).Encode(&text); err != nil {
			return bad(err)
		}
	}
	for _, file := range of.Raw {
		if file.Name != helmutil.ValuesfileName {
			continue
		}
		values, err := decode(file.Name, text.Bytes())
		if err != nil {
			return err
		}
		file.Data, of.Values = text.Bytes(), values
		return nil
	}
	return fault.New(Bad, "failed to locate values file: %s", helmutil.ValuesfileName)
}

// mark adds to the chart's version what Flux adds, so that a change of the artifact shows: the first generation of
// the HelmChart where it has values files, and the revision of the source where it is known and counts.
func (o Order) mark(of *helmchart.Chart) error {
	metadata := o.metadata()
	if metadata == "" {
		return nil
	}
	version, err := semver.NewVersion(of.Metadata.Version)
	if err != nil {
		return fmt.Errorf("failed to parse version from chart metadata as SemVer: %w", err)
	}
	marked, err := version.SetMetadata(metadata)
	if err != nil {
		return fmt.Errorf("failed to set SemVer metadata on chart version: %w", err)
	}
	of.Metadata.Version = marked.String()
	return nil
}

// shown is how much of a digest or hash becomes part of a version.
const shown = 12

func (o Order) metadata() string {
	if o.Spec == nil {
		return ""
	}
	var parts []string
	digest := o.Revision[strings.LastIndex(o.Revision, ":")+1:]
	if o.Spec.ReconcileStrategy == "Revision" && o.Chart.Archive == "" && digest != "" {
		parts = append(parts, digest[:min(len(digest), shown)])
	}
	if len(o.valuesFiles()) > 0 {
		parts = append(parts, "1")
	}
	return strings.Join(parts, ".")
}
