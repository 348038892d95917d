// Package helm renders one HelmRelease as Flux's controllers do: source-controller makes the chart, helm-controller
// composes the values and installs.
package helm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	helmrelease "helm.sh/helm/v4/pkg/release/v1"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/render"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Request says what to render.
type Request struct {
	chart.Order
	Release    json.RawMessage `json:"release"`
	ValuesFrom []values.Answer `json:"values_from"`
	// Kubernetes is the cluster's version, empty for the newest known.
	Kubernetes  string   `json:"kubernetes"`
	APIVersions []string `json:"api_versions"`
	// Scopes are those of the kinds of the cluster's CustomResourceDefinitions, by group and kind: Namespaced or Cluster.
	Scopes map[string]string `json:"scopes"`
}

// Content returns the request with archives named by what they hold, for a key.
func (r Request) Content() (any, error) {
	order, err := r.Order.Content()
	r.Order = order
	return struct {
		Method  string
		Request Request
	}{"helm", r}, err
}

// Result is a rendered HelmRelease. Its fields are in the order of their JSON keys.
type Result struct {
	// Capabilities is set where a template may ask which API versions the cluster serves.
	Capabilities bool `json:"capabilities"`

	Chart     Chart      `json:"chart"`
	Hooks     []Hook     `json:"hooks"`
	Reads     []string   `json:"reads"`
	Release   Release    `json:"release"`
	Resources []Resource `json:"resources"`
	Unknown   []string   `json:"unknown"`
	Uses      []string   `json:"uses"`
}

// Chart names the chart that was rendered.
type Chart struct {
	AppVersion string `json:"app_version"`
	Name       string `json:"name"`
	Version    string `json:"version"`
}

// Release names the Helm release.
type Release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Resource is one object of a release.
type Resource struct {
	APIVersion string `json:"apiVersion"`
	CRD        bool   `json:"crd"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	Object     string `json:"object"`
	Origin     string `json:"origin"`
}

// Hook is one object that Helm creates at certain events.
type Hook struct {
	APIVersion string   `json:"apiVersion"`
	Events     []string `json:"events"`
	Kind       string   `json:"kind"`
	Name       string   `json:"name"`
	Namespace  string   `json:"namespace"`
	Object     string   `json:"object"`
	Origin     string   `json:"origin"`
	Weight     int      `json:"weight"`
}

// Run renders. fs is the file system of the chart's tree, nil for an archive on disk.
func Run(ctx context.Context, fs *tree.FileSystem, request Request) (*Result, error) {
	release, err := decode(request.Release)
	if err != nil {
		return nil, err
	}
	cluster, err := render.NewCluster(request.Kubernetes, request.APIVersions, request.Scopes)
	if err != nil {
		return nil, err
	}
	loaded, err := chart.Load(ctx, request.Order, fs)
	if err != nil {
		return nil, err
	}
	if from := release.Spec.ChartRef; from != nil {
		loaded.Track(from.Kind, request.Revision)
	}
	composed, unknown, err := values.Compose(ctx, release, request.ValuesFrom)
	if err != nil {
		return nil, err
	}
	asks := loaded.Mentions("APIVersions") || bytes.Contains(request.Release, []byte("APIVersions"))
	output, err := render.Run(ctx, render.Installation{Release: release, Chart: loaded, Values: composed, Cluster: cluster})
	if err != nil {
		return nil, values.Redact(fault.Of(err, render.Bad), request.ValuesFrom)
	}
	writer := writer{namespace: release.GetReleaseNamespace(), cluster: cluster, chart: loaded}
	result, err := writer.result(output)
	if err != nil {
		return nil, err
	}
	result.Capabilities = asks
	result.Release = Release{render.Name(release), release.GetReleaseNamespace()}
	for _, reference := range loaded.Skipped {
		unknown = append(unknown, "values.schema.json "+reference)
	}
	result.Unknown = append([]string{}, unknown...)
	result.Reads = []string{}
	if fs != nil {
		result.Reads = fs.Trace().Reads()
	}
	return result, nil
}

// decode reads a HelmRelease. Older versions have the same fields where rendering is concerned.
func decode(data json.RawMessage) (*v2.HelmRelease, error) {
	var release v2.HelmRelease
	if err := json.Unmarshal(data, &release); err != nil {
		problem := fault.New(render.Bad, "the HelmRelease can't be read: %s", err)
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			problem.Message = fmt.Sprintf("%s is a %s, where a %s is expected", wrong.Field, wrong.Value, wrong.Type)
			problem.Field = wrong.Field
		}
		return nil, problem
	}
	return &release, nil
}

// writer writes rendered objects as JSON.
type writer struct {
	namespace string
	cluster   render.Cluster
	chart     *chart.Loaded
}

func (w writer) result(output *render.Output) (*Result, error) {
	result := &Result{
		Chart:     Chart{w.chart.AppVersion(), w.chart.Name(), w.chart.Metadata.Version},
		Resources: []Resource{}, Hooks: []Hook{}, Uses: append([]string{}, output.Uses...),
	}
	documents, err := render.Documents(output.Manifest)
	if err != nil {
		return nil, fault.Of(err, render.Bad)
	}
	w.cluster = w.cluster.With(slices.Concat(output.CRDs, documents))
	for at, document := range slices.Concat(output.CRDs, documents) {
		resource, err := w.resource(document)
		if err != nil {
			return nil, err
		}
		resource.CRD = at < len(output.CRDs)
		result.Resources = append(result.Resources, resource)
	}
	for _, hook := range output.Hooks {
		if err := w.hook(result, hook); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (w writer) resource(document render.Document) (Resource, error) {
	identity := document.Place(w.namespace, w.cluster)
	object, err := document.JSON()
	if err != nil {
		return Resource{}, fault.Of(fmt.Errorf("%s: %w", document.Source, err), render.Bad)
	}
	return Resource{
		APIVersion: identity.APIVersion, Kind: identity.Kind, Name: identity.Name, Namespace: identity.Namespace,
		Object: object, Origin: w.chart.Origin(document.Source),
	}, nil
}

func (w writer) hook(result *Result, hook *helmrelease.Hook) error {
	documents, err := render.Hook(hook)
	if err != nil {
		return fault.Of(err, render.Bad)
	}
	for _, document := range documents {
		resource, err := w.resource(document)
		if err != nil {
			return err
		}
		events := []string{}
		for _, event := range hook.Events {
			events = append(events, string(event))
		}
		result.Hooks = append(result.Hooks, Hook{
			APIVersion: resource.APIVersion, Events: events, Kind: resource.Kind, Name: resource.Name,
			Namespace: resource.Namespace, Object: resource.Object, Origin: resource.Origin, Weight: hook.Weight,
		})
	}
	return nil
}
