package build

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// generate lays the kustomization file over the view that kustomize-controller would write into the artifact: the
// directory's own, or one made up from its manifests, with the Kustomization's fields added.
func (j *job) generate() error {
	generator := kustomize.NewGenerator(tree.Root, unstructured.Unstructured{Object: j.object()})
	if err := useFileSystem(generator, j.fs); err != nil {
		return err
	}
	manifest, file, _, err := generator.GenerateManifest(j.dir)
	if err != nil {
		return err
	}
	j.fs.Lay(file, manifest)
	j.manifest = file
	return nil
}

// useFileSystem makes the generator read from a file system of ours. The library keeps that field to itself
// (v1.35.6 speaks of a WithFS option that it doesn't have), and without it the generator would read the disk: files
// that are not in the artifact, and symbolic links. A test fails where the field is not what this expects.
func useFileSystem(generator *kustomize.Generator, fs filesys.FileSystem) error {
	field := reflect.ValueOf(generator).Elem().FieldByName("fs")
	if !field.IsValid() || field.Type() != reflect.TypeFor[filesys.FileSystem]() {
		return fmt.Errorf("fluxcd/pkg/kustomize.Generator has no field fs of type %T", fs)
	}
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(reflect.ValueOf(fs))
	return nil
}

// object returns the Kustomization as the API server would hold it: v1 has no field for the older kinds of patches.
func (j *job) object() map[string]any {
	object := j.request.Kustomization
	if version, _ := object["apiVersion"].(string); !strings.HasSuffix(version, "/v1") {
		return object
	}
	spec, _ := object["spec"].(map[string]any)
	_, merge := spec["patchesStrategicMerge"]
	_, json6902 := spec["patchesJson6902"]
	if !merge && !json6902 {
		return object
	}
	pruned := (&unstructured.Unstructured{Object: object}).DeepCopy().Object
	unstructured.RemoveNestedField(pruned, "spec", "patchesStrategicMerge")
	unstructured.RemoveNestedField(pruned, "spec", "patchesJson6902")
	return pruned
}

// decode reads a request, with numbers as Kubernetes has them: int64 where possible, else float64.
func decode(data []byte, request *Request) error {
	type plain Request
	fields := struct {
		*plain
		Kustomization json.RawMessage `json:"kustomization"`
	}{plain: (*plain)(request)}
	if err := json.Unmarshal(data, &fields); err != nil {
		return fault.Of(err, fault.Protocol)
	}
	if len(fields.Kustomization) == 0 {
		return nil
	}
	if err := utiljson.Unmarshal(fields.Kustomization, &request.Kustomization); err != nil {
		return fault.New(fault.Protocol, "kustomization: %s", err)
	}
	return nil
}
