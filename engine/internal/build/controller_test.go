package build_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/sourceignore"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
)

// controller does what kustomize-controller 1.9 does, step by step and on disk, with Flux's own functions and without
// any of the engine's: it is what the engine is compared with.
type controller struct {
	root string
}

// newController unpacks a directory as source-controller's artifact of it would be.
func newController(t testing.TB, source string) *controller {
	t.Helper()
	target := t.TempDir()
	domain := strings.Split(source, string(filepath.Separator))
	patterns, err := sourceignore.LoadIgnorePatterns(source, domain)
	if err != nil {
		t.Fatal(err)
	}
	matcher := sourceignore.NewDefaultMatcher(nil, domain)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(domain), patterns...))
	}
	err = filepath.Walk(source, func(name string, info fs.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() || matcher.Match(strings.Split(name, string(filepath.Separator)), false) {
			return err
		}
		relative, _ := filepath.Rel(source, name)
		return copyFile(name, filepath.Join(target, relative))
	})
	if err != nil {
		t.Fatal(err)
	}
	return &controller{root: target}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// build returns the objects as JSON with sorted keys, in order.
func (c *controller) build(request build.Request) ([]string, error) {
	dir := filepath.Join(c.root, filepath.Join("/", request.Path))
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("kustomization path not found: %w", err)
	}
	object := unstructured.Unstructured{Object: request.Kustomization}
	if request.Kustomization == nil {
		return c.plain(dir)
	}
	defer keep(dir)()
	if _, err := kustomize.NewGenerator(c.root, object).WriteFile(dir); err != nil {
		return nil, err
	}
	resources, err := c.secureBuild(dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize build failed: %w", err)
	}
	if err := substituteAll(resources, object, request); err != nil {
		return nil, err
	}
	objects, err := decode(resources)
	if err != nil {
		return nil, err
	}
	objects, err = applied(objects)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		label(object, request.Kustomization)
	}
	return encode(objects)
}

// applied returns the objects that are applied: a list's items count on their own, kustomization files don't count.
func applied(objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, object := range objects {
		if object.IsList() {
			err := object.EachListItem(func(item runtime.Object) error {
				all = append(all, item.(*unstructured.Unstructured))
				return nil
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		isFile := strings.EqualFold(object.GetKind(), "kustomization") &&
			strings.HasPrefix(object.GetAPIVersion(), "kustomize.config.k8s.io/")
		if object.GetName() != "" && object.GetKind() != "" && object.GetAPIVersion() != "" && !isFile {
			all = append(all, object)
		}
	}
	return all, nil
}

// secureBuild fills kustomize's global schema again: the controller leaves it empty, and the engine's builds share it.
func (c *controller) secureBuild(dir string) (resmap.ResMap, error) {
	defer openapi.Schema()
	return kustomize.SecureBuild(c.root, dir, false)
}

func (c *controller) plain(dir string) ([]string, error) {
	resources, err := c.secureBuild(dir)
	if err != nil {
		return nil, err
	}
	objects, err := decode(resources)
	if err != nil {
		return nil, err
	}
	return encode(objects)
}

// keep returns a function that puts the directory's kustomization files back as they are now.
func keep(dir string) func() {
	before := map[string][]byte{}
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			before[name] = data
		}
	}
	return func() {
		for _, name := range konfig.RecognizedKustomizationFileNames() {
			_ = os.Remove(filepath.Join(dir, name))
			if data, found := before[name]; found {
				_ = os.WriteFile(filepath.Join(dir, name), data, 0o644)
			}
		}
	}
}

func substituteAll(resources resmap.ResMap, object unstructured.Unstructured, request build.Request) error {
	postBuild, found, _ := unstructured.NestedMap(object.Object, "spec", "postBuild")
	if !found {
		return nil
	}
	for _, res := range resources.Resources() {
		replaced, err := kustomize.SubstituteVariables(context.Background(), cluster{request: request}, object, res,
			kustomize.SubstituteWithStrict(request.Strict),
			kustomize.SubstituteWithAlways(postBuild["substituteStrategy"] == "Always"))
		if err != nil {
			return fmt.Errorf("post build failed for '%s/%s': %w", res.GetGvk(), res.GetName(), err)
		}
		if replaced == nil {
			continue
		}
		if _, err := resources.Replace(res); err != nil {
			return err
		}
	}
	return nil
}

// cluster is a client that knows the request's ConfigMaps and Secrets.
type cluster struct {
	client.Client
	request build.Request
}

func (c cluster) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	for _, source := range c.request.Variables {
		switch object := object.(type) {
		case *corev1.ConfigMap:
			if source.Kind == "ConfigMap" && source.Name == key.Name {
				object.Data = source.Values
				return nil
			}
		case *corev1.Secret:
			if source.Kind == "Secret" && source.Name == key.Name {
				object.Data = map[string][]byte{}
				for name, value := range source.Values {
					object.Data[name] = []byte(value)
				}
				return nil
			}
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// decode reads the build's YAML back, as the controller does before it applies.
func decode(resources resmap.ResMap) ([]*unstructured.Unstructured, error) {
	text, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	reader := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(text)), 2048)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := reader.Decode(object); err == io.EOF {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// label adds the owner's labels and the common metadata.
func label(object *unstructured.Unstructured, kustomization map[string]any) {
	owner := unstructured.Unstructured{Object: kustomization}
	labels := orEmpty(object.GetLabels())
	labels["kustomize.toolkit.fluxcd.io/name"] = owner.GetName()
	labels["kustomize.toolkit.fluxcd.io/namespace"] = owner.GetNamespace()
	added, _, _ := unstructured.NestedStringMap(kustomization, "spec", "commonMetadata", "labels")
	for key, value := range added {
		labels[key] = value
	}
	object.SetLabels(labels)
	annotations := orEmpty(object.GetAnnotations())
	added, _, _ = unstructured.NestedStringMap(kustomization, "spec", "commonMetadata", "annotations")
	for key, value := range added {
		annotations[key] = value
	}
	if len(annotations) > 0 {
		object.SetAnnotations(annotations)
	}
}

func orEmpty(values map[string]string) map[string]string {
	if values == nil {
		return map[string]string{}
	}
	return values
}

func encode(objects []*unstructured.Unstructured) ([]string, error) {
	texts := make([]string, 0, len(objects))
	for _, object := range objects {
		data, err := json.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(data))
	}
	return texts, nil
}
