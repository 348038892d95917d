package render

import (
	"io"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/kube/fake"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/custom"
	kubeschemas "github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// Cluster is what is known of the cluster that a release is for.
type Cluster struct {
	version *common.KubeVersion
	served  []string
	own     *kubeschemas.Schemas
	scopes  map[string]string
}

// NewCluster knows a cluster by its Kubernetes version (empty: the newest known), the API versions of its
// CustomResourceDefinitions and the scopes of their kinds, by group and kind.
func NewCluster(kubernetes string, served []string, scopes map[string]string) (Cluster, error) {
	if kubernetes == "" {
		kubernetes = kubeschemas.Newest()
	}
	version, err := common.ParseKubeVersion(kubernetes)
	if err != nil {
		return Cluster{}, fault.New(fault.Protocol, "kubernetes: %s", err)
	}
	cluster := Cluster{version: version, served: slices.Clone(common.DefaultVersionSet), scopes: scopes}
	if own, err := kubeschemas.Load(kubernetes); err == nil {
		cluster.own, cluster.served = own, own.APIVersions()
	}
	cluster.served = append(cluster.served, served...)
	return cluster, nil
}

// With returns the cluster as it is with the CustomResourceDefinitions among documents.
func (c Cluster) With(documents []Document) Cluster {
	scopes := maps.Clone(c.scopes)
	if scopes == nil {
		scopes = map[string]string{}
	}
	for _, document := range documents {
		if isDefinition(document) {
			spec := field(document.node, "spec")
			scopes[text(field(spec, "group"))+"/"+text(field(field(spec, "names"), "kind"))] = text(field(spec, "scope"))
		}
	}
	c.scopes = scopes
	return c
}

// capabilities are what templates see; CustomResourceDefinitions of the chart's crds/ are there before it is rendered.
func (c Cluster) capabilities(crds []Document) *common.Capabilities {
	served := slices.Clone(c.served)
	for _, crd := range crds {
		served = append(served, servedBy(crd)...)
	}
	slices.Sort(served)
	return &common.Capabilities{
		KubeVersion: *c.version, APIVersions: slices.Compact(served),
		HelmVersion: common.DefaultCapabilities.HelmVersion,
	}
}

type scope int

const (
	unknown scope = iota
	namespaced
	clusterWide
)

func scopeOf(isNamespaced bool) scope {
	if isNamespaced {
		return namespaced
	}
	return clusterWide
}

// scope tells whether objects of a kind belong into a namespace.
func (c Cluster) scope(apiVersion, kind string) scope {
	own := c.own
	if own == nil {
		own, _ = kubeschemas.Load("")
	}
	if isNamespaced, known := own.Has(apiVersion, kind); known {
		return scopeOf(isNamespaced)
	}
	group, _, _ := strings.Cut(apiVersion, "/")
	switch c.scopes[group+"/"+kind] {
	case "Namespaced":
		return namespaced
	case "Cluster":
		return clusterWide
	}
	if known := custom.Bundled(group, kind); known != nil {
		return scopeOf(known.Namespaced)
	}
	return unknown
}

// noCluster stands for the client of a cluster: the manifest is taken before it gets there.
type noCluster struct{ fake.PrintingKubeClient }

// Build implements kube.Interface.
func (noCluster) Build(io.Reader, bool) (kube.ResourceList, error) { return nil, nil }

// IsReachable implements kube.Interface.
func (noCluster) IsReachable() error { return nil }
