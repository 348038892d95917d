// Command helm-controller-install installs HelmReleases with helm-controller's own code, up to the point where objects would
// be sent to a cluster. It is built within a copy of helm-controller's module: requests on stdin, answers on stdout, one
// JSON object a line.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	helmaction "helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/kube/fake"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clientfake "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/fluxcd/pkg/chartutil"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/helm-controller/internal/action"
	"github.com/fluxcd/helm-controller/internal/release"
)

type request struct {
	Release     v2.HelmRelease     `json:"release"`
	Chart       string             `json:"chart"`
	ConfigMaps  []corev1.ConfigMap `json:"config_maps"`
	Secrets     []corev1.Secret    `json:"secrets"`
	Kubernetes  string             `json:"kubernetes"`
	APIVersions []string           `json:"api_versions"`
}

type hook struct {
	Manifest string   `json:"manifest"`
	Path     string   `json:"path"`
	Events   []string `json:"events"`
	Weight   int      `json:"weight"`
}

type answer struct {
	Error    string            `json:"error,omitempty"`
	Name     string            `json:"name"`
	CRDs     []json.RawMessage `json:"crds"`
	Manifest string            `json:"manifest"`
	Hooks    []hook            `json:"hooks"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		answered, err := answer{}, json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			answered, err = asked.install()
		}
		if err != nil {
			answered.Error = err.Error()
		}
		_ = out.Encode(answered)
	}
}

func (r request) install() (answer, error) {
	ctx, of := context.Background(), answer{Hooks: []hook{}}
	values, err := r.values(ctx)
	if err != nil {
		return of, err
	}
	chart, err := loader.Load(r.Chart)
	if err != nil {
		return of, err
	}
	version, err := common.ParseKubeVersion(r.Kubernetes)
	if err != nil {
		return of, err
	}
	cluster := &cluster{}
	config := helmaction.NewConfiguration(helmaction.ConfigurationSetLogger(slog.DiscardHandler))
	config.KubeClient, config.Releases = cluster, storage.Init(driver.NewMemory())
	installed, err := action.Install(ctx, config, &r.Release, chart, values, func(install *helmaction.Install) {
		install.DryRunStrategy, install.KubeVersion = helmaction.DryRunClient, version
		install.APIVersions = append(r.APIVersions, cluster.served...)
	})
	if err != nil {
		return of, err
	}
	of.Name, of.Manifest, of.CRDs = release.ShortenName(r.Release.GetReleaseName()), installed.Manifest, cluster.created
	for _, each := range installed.Hooks {
		events := []string{}
		for _, event := range each.Events {
			events = append(events, string(event))
		}
		of.Hooks = append(of.Hooks, hook{each.Manifest, each.Path, events, each.Weight})
	}
	return of, nil
}

func (r request) values(ctx context.Context) (common.Values, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	var objects []client.Object
	for at := range r.ConfigMaps {
		objects = append(objects, &r.ConfigMaps[at])
	}
	for at := range r.Secrets {
		objects = append(objects, &r.Secrets[at])
	}
	known := clientfake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
	return chartutil.ChartValuesFromReferences(
		ctx, logr.Discard(), known, r.Release.Namespace, r.Release.GetValues(), r.Release.Spec.ValuesFrom...)
}

// cluster takes the CustomResourceDefinitions that are applied before the release.
type cluster struct {
	fake.PrintingKubeClient
	created []json.RawMessage
	served  []string
}

func (c *cluster) Build(data io.Reader, _ bool) (helmkube.ResourceList, error) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bufio.NewReader(data), 4096)
	var list helmkube.ResourceList
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue
		}
		kind := schema.FromAPIVersionAndKind(object.GetAPIVersion(), object.GetKind())
		list = append(list, &resource.Info{
			Name: object.GetName(), Object: object,
			Mapping: &meta.RESTMapping{GroupVersionKind: kind, Scope: meta.RESTScopeRoot},
		})
	}
}

func (c *cluster) Create(list helmkube.ResourceList, _ ...helmkube.ClientCreateOption) (*helmkube.Result, error) {
	for _, each := range list {
		object := each.Object.(*unstructured.Unstructured)
		data, err := object.MarshalJSON()
		if err != nil {
			return nil, err
		}
		c.created = append(c.created, bytes.TrimSpace(data))
	}
	return &helmkube.Result{Created: nil}, nil
}
