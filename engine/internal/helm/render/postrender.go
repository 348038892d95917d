package render

import (
	"bytes"
	"encoding/json"
	"fmt"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/kustomize"
	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
)

// postRenderer is the chain that helm-controller hands to Helm: the release's own post-renderers in their order,
// commonMetadata, then the labels of the release. Helm's output is parsed once for all that only adds to metadata.
type postRenderer struct {
	own    []v2.PostRenderer
	common []transformer
	// fail notes that a limit was passed: Helm makes a mere text of the error.
	fail func(format string, args ...any) error
}

type transformer interface{ Transform(resmap.ResMap) error }

func newPostRenderer(of *v2.HelmRelease, fail func(string, ...any) error) *postRenderer {
	chain := &postRenderer{own: of.Spec.PostRenderers, fail: fail}
	if metadata := of.Spec.CommonMetadata; metadata != nil {
		if metadata.Labels != nil {
			chain.common = append(chain.common, labels(metadata.Labels))
		}
		if metadata.Annotations != nil {
			chain.common = append(chain.common, annotations(metadata.Annotations))
		}
	}
	chain.common = append(chain.common, labels(originLabels(of)))
	return chain
}

func originLabels(of *v2.HelmRelease) map[string]string {
	return map[string]string{
		v2.GroupVersion.Group + "/name": of.Name, v2.GroupVersion.Group + "/namespace": of.Namespace,
	}
}

func labels(of map[string]string) transformer {
	return &builtins.LabelTransformerPlugin{
		Labels: of, FieldSpecs: []types.FieldSpec{{Path: "metadata/labels", CreateIfNotPresent: true}},
	}
}

func annotations(of map[string]string) transformer {
	return &builtins.AnnotationsTransformerPlugin{
		Annotations: of, FieldSpecs: []types.FieldSpec{{Path: "metadata/annotations", CreateIfNotPresent: true}},
	}
}

// Run implements postrenderer.PostRenderer.
func (p *postRenderer) Run(manifests *bytes.Buffer) (*bytes.Buffer, error) {
	text := manifests.Bytes()
	if documents := bytes.Count(text, []byte("\n---\n")) + 1; documents > guard.MaxDocuments {
		return nil, p.fail("the templates render %d objects, at most %d are allowed", documents, guard.MaxDocuments)
	}
	if len(text) > guard.MaxBytes {
		return nil, p.fail("the templates render more than %d MiB", guard.MaxBytes>>20)
	}
	var resources resmap.ResMap
	for at, renderer := range p.own {
		if renderer.Kustomize == nil {
			continue
		}
		if resources != nil {
			var err error
			if text, err = resources.AsYaml(); err != nil {
				return nil, err
			}
		}
		var err error
		if resources, err = patched(text, renderer.Kustomize); err != nil {
			if _, unfit := taken(text); unfit != nil {
				return nil, unfit
			}
			problem := fault.New(Bad, "%s", err)
			problem.Field = fmt.Sprintf("spec.postRenderers[%d]", at)
			return nil, problem
		}
	}
	if resources == nil {
		var err error
		if resources, err = resourcesOf(text); err != nil {
			return nil, err
		}
	}
	for _, transformer := range p.common {
		if err := transformer.Transform(resources); err != nil {
			return nil, err
		}
	}
	text, err := resources.AsYaml()
	return bytes.NewBuffer(text), err
}

func resourcesOf(text []byte) (resmap.ResMap, error) {
	return resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()).NewResMapFromBytes(text)
}

// patched runs kustomize. The caller shares kustomize's schema.
func patched(text []byte, with *v2.Kustomize) (resources resmap.ResMap, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("recovered from kustomize build panic: %v", reason)
		}
	}()
	const input = "helm-output.yaml"
	file := types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{input}, Images: images(with.Images), Patches: patches(with.Patches),
	}
	manifest, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	fs := filesys.MakeFsInMemory()
	for name, data := range map[string][]byte{input: text, "kustomization.yaml": manifest} {
		if err := fs.WriteFile(name, data); err != nil {
			return nil, err
		}
	}
	return krusty.MakeKustomizer(&krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone, PluginConfig: types.DisabledPluginConfig(),
	}).Run(fs, ".")
}

func images(of []kustomize.Image) []types.Image {
	var adapted []types.Image
	for _, image := range of {
		adapted = append(adapted, types.Image{
			Name: image.Name, NewName: image.NewName, NewTag: image.NewTag, Digest: image.Digest,
		})
	}
	return adapted
}

func patches(of []kustomize.Patch) []types.Patch {
	var adapted []types.Patch
	for _, patch := range of {
		adapted = append(adapted, types.Patch{Patch: patch.Patch, Target: selector(patch.Target)})
	}
	return adapted
}

func selector(of *kustomize.Selector) *types.Selector {
	if of == nil {
		return nil
	}
	adapted := &types.Selector{LabelSelector: of.LabelSelector, AnnotationSelector: of.AnnotationSelector}
	adapted.Group, adapted.Version, adapted.Kind = of.Group, of.Version, of.Kind
	adapted.Name, adapted.Namespace = of.Name, of.Namespace
	return adapted
}
