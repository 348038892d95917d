package build

import (
	"bytes"
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/resmap"
)

const group = "kustomize.toolkit.fluxcd.io"

// encode turns resources into JSON, with the labels and annotations that kustomize-controller adds.
func (j *job) encode(resources resmap.ResMap, origins []origin) ([]Resource, error) {
	encoded := make([]Resource, 0, resources.Size())
	for index, res := range resources.Resources() {
		object, err := toMap(res.MarshalJSON())
		if err != nil {
			return nil, err
		}
		j.addMetadata(object)
		text, err := toText(object)
		if err != nil {
			return nil, err
		}
		u := unstructured.Unstructured{Object: object}
		resource := Resource{
			APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Name: u.GetName(), Namespace: u.GetNamespace(),
			Object: text, Transformations: []string{},
		}
		if index < len(origins) {
			resource.Origin = origins[index].file
			resource.Transformations = append(resource.Transformations, origins[index].transformations...)
		}
		encoded = append(encoded, resource)
	}
	return encoded, nil
}

// addMetadata follows fluxcd/pkg/ssa: SetOwnerLabels, then SetCommonMetadata, on objects whose labels count as
// absent where one of them isn't a string.
func (j *job) addMetadata(object map[string]any) {
	if j.request.Kustomization == nil {
		return
	}
	u := unstructured.Unstructured{Object: object}
	owner := unstructured.Unstructured{Object: j.request.Kustomization}
	labels := orEmpty(u.GetLabels())
	labels[group+"/name"], labels[group+"/namespace"] = owner.GetName(), owner.GetNamespace()
	u.SetLabels(labels)
	common, found, _ := unstructured.NestedMap(j.request.Kustomization, "spec", "commonMetadata")
	if !found {
		return
	}
	add(common, "labels", u.GetLabels, u.SetLabels)
	add(common, "annotations", u.GetAnnotations, u.SetAnnotations)
}

func add(common map[string]any, field string, get func() map[string]string, set func(map[string]string)) {
	values := orEmpty(get())
	added, _, _ := unstructured.NestedStringMap(common, field)
	for name, value := range added {
		values[name] = value
	}
	if len(values) > 0 {
		set(values)
	}
}

func orEmpty(values map[string]string) map[string]string {
	if values == nil {
		return map[string]string{}
	}
	return values
}

// toMap decodes JSON with its numbers as they are.
func toMap(data []byte, err error) (map[string]any, error) {
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return object, decoder.Decode(&object)
}

func toText(object map[string]any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return "", err
	}
	return string(bytes.TrimRight(buffer.Bytes(), "\n")), nil
}

func identity(kind, namespace, name string) string {
	if namespace == "" {
		return kind + "/" + name
	}
	return kind + "/" + namespace + "/" + name
}
