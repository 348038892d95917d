// Package resourceset renders ResourceSets as flux-operator does, by its documentation: templates with << >>, functions of
// slim-sprig, and a set of inputs for each rendering.
package resourceset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	group      = "fluxcd.controlplane.io"
	ownerLabel = "resourceset." + group
	// maxObjects is far beyond what a ResourceSet is for.
	maxObjects = 10_000
)

// Step is a named list of objects that are applied together; a ResourceSet without steps has one without a name.
type Step struct {
	Name    string   `json:"name"`
	Objects []Object `json:"objects"`
}

// Object is a rendered object as JSON text, and the field of the ResourceSet that holds its template.
type Object struct {
	Field  string `json:"field"`
	Object string `json:"object"`
}

// Build renders a ResourceSet with the input sets of each of its providers, the set's own first.
func Build(ctx context.Context, object map[string]any, providers []Provider) ([]Step, error) {
	spec, _, _ := unstructured.NestedMap(object, "spec")
	sets, err := combine(object, spec, providers)
	if err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, owner: &unstructured.Unstructured{Object: object}, sets: sets, stepOf: map[string]string{}}
	steps, _ := spec["steps"].([]any)
	_, own := spec["resources"]
	_, template := spec["resourcesTemplate"]
	if len(steps) > 0 && (own || template) {
		return nil, refused("spec.steps", "steps can't be used together with resources or resourcesTemplate")
	}
	if len(steps) == 0 {
		step, err := b.step("", "spec", spec)
		return []Step{step}, err
	}
	result := []Step{}
	for at, one := range steps {
		fields, _ := one.(map[string]any)
		name, _ := fields["name"].(string)
		step, err := b.step(name, fmt.Sprintf("spec.steps[%d]", at), fields)
		if err != nil {
			return nil, err
		}
		result = append(result, step)
	}
	return result, nil
}

type builder struct {
	ctx   context.Context
	owner *unstructured.Unstructured
	sets  []map[string]any
	// stepOf has the step of each object; "" is a step too.
	stepOf map[string]string
}

// step renders the templates of a ResourceSet or of one of its steps: each of the resources for each set of inputs, then
// the template of several for each. An object that comes out twice counts once.
func (b *builder) step(name, field string, fields map[string]any) (Step, error) {
	step, seen := Step{Name: name, Objects: []Object{}}, map[string]bool{}
	resources, _ := fields["resources"].([]any)
	for at, resource := range resources {
		text, err := yaml.Marshal(resource)
		if err != nil {
			return step, refused(field, "%s", err)
		}
		where := place{field: fmt.Sprintf("%s.resources[%d]", field, at), resource: resource}
		if err := b.render(&step, seen, string(text), where); err != nil {
			return step, err
		}
	}
	if text, _ := fields["resourcesTemplate"].(string); text != "" {
		return step, b.render(&step, seen, text, place{field: field + ".resourcesTemplate"})
	}
	return step, nil
}

func (b *builder) render(step *Step, seen map[string]bool, text string, where place) error {
	parsed, err := parse(text)
	if err != nil {
		return where.explain(err)
	}
	for _, inputs := range b.sets {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		rendered, err := execute(b.ctx, parsed, inputs)
		if err != nil {
			return where.explain(err)
		}
		objects, err := split(rendered)
		if err != nil {
			return where.invalid(err, text, rendered)
		}
		for _, object := range objects {
			if err := b.add(step, seen, object, where); err != nil {
				return err
			}
		}
	}
	return nil
}

// add keeps an object of a step, unless it is there already or says that it isn't wanted.
func (b *builder) add(step *Step, seen map[string]bool, object *unstructured.Unstructured, where place) error {
	if strings.EqualFold(object.GetAnnotations()[group+"/reconcile"], "disabled") {
		return nil
	}
	id := strings.Join([]string{object.GroupVersionKind().GroupKind().String(), object.GetNamespace(), object.GetName()}, "/")
	if seen[id] {
		return nil
	}
	if other, found := b.stepOf[id]; found {
		return refused(where.field, "%s/%s is made by step %s already", object.GetKind(), object.GetName(), other)
	}
	seen[id], b.stepOf[id] = true, step.Name
	if len(b.stepOf) > maxObjects {
		return fault.New(fault.Limit, "the ResourceSet makes more than %d objects", maxObjects)
	}
	b.own(object)
	data, err := json.Marshal(object.Object)
	if err != nil {
		return refused(where.field, "%s", err)
	}
	step.Objects = append(step.Objects, Object{Field: where.field, Object: string(data)})
	return nil
}

// own adds commonMetadata and the owner's labels.
func (b *builder) own(object *unstructured.Unstructured) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	common, _, _ := unstructured.NestedStringMap(b.owner.Object, "spec", "commonMetadata", "labels")
	maps.Copy(labels, common)
	common, _, _ = unstructured.NestedStringMap(b.owner.Object, "spec", "commonMetadata", "annotations")
	maps.Copy(annotations, common)
	labels[ownerLabel+"/name"], labels[ownerLabel+"/namespace"] = b.owner.GetName(), b.owner.GetNamespace()
	object.SetLabels(labels)
	if len(annotations) > 0 {
		object.SetAnnotations(annotations)
	}
}

var errNoObject = errors.New("what it renders to is no Kubernetes object: apiVersion, kind and metadata.name are needed")

// split reads the objects of a rendered text; empty documents are none, and a list is what it lists.
func split(text []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	reader := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var raw runtime.RawExtension
		if err := reader.Decode(&raw); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(raw.Raw) == 0 || string(raw.Raw) == "null" {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := utiljson.Unmarshal(raw.Raw, &object.Object); err != nil {
			return nil, errNoObject
		}
		if object.IsList() {
			items, err := object.ToList()
			if err != nil {
				return nil, errNoObject
			}
			for at := range items.Items {
				objects = append(objects, &items.Items[at])
			}
			continue
		}
		if object.GetAPIVersion() == "" || object.GetKind() == "" || object.GetName() == "" {
			return nil, errNoObject
		}
		objects = append(objects, object)
	}
}

func refused(field, format string, args ...any) *fault.Error {
	problem := fault.New(fault.Template, format, args...)
	problem.Field = field
	return problem
}
