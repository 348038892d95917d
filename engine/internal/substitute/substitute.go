// Package substitute runs Flux's post-build substitution and records what it used.
package substitute

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/kustomize"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
)

// Source is a ConfigMap or Secret that answers spec.postBuild.substituteFrom.
type Source struct {
	Kind   string            `json:"kind"`
	Name   string            `json:"name"`
	Values map[string]string `json:"values"`
	// Complete is false where the cluster may hold keys that can't be known here; nil means true.
	Complete *bool `json:"complete"`
	// Secret says that the values were encrypted in Git: nothing that is made with them is kept.
	Secret bool `json:"secret"`
}

func (s Source) complete() bool { return s.Complete == nil || *s.Complete }

// Substitution is the post-build step of one Kustomization.
type Substitution struct {
	object  unstructured.Unstructured
	client  *client
	strict  bool
	always  bool
	partial bool
	// asked is set once the library has seen a resource.
	asked bool

	values  map[string]string
	origins map[string]string
	// secret are the origins whose values are.
	secret       map[string]bool
	used         map[usage][]int
	placeholders map[string]string
}

// New prepares the substitution that a Kustomization asks for; nil where it asks for none.
func New(object map[string]any, sources []Source, strict bool) (*Substitution, error) {
	postBuild, found, _ := unstructured.NestedFieldNoCopy(object, "spec", "postBuild")
	if !found || postBuild == nil {
		return nil, nil
	}
	s := &Substitution{
		object: unstructured.Unstructured{Object: object}, client: newClient(sources), strict: strict,
		used: map[usage][]int{}, placeholders: map[string]string{},
	}
	strategy, _, _ := unstructured.NestedString(object, "spec", "postBuild", "substituteStrategy")
	s.always = strategy == "Always"
	return s, s.load(sources)
}

// load collects the variables as the library does, with the source of each, in its order of precedence.
func (s *Substitution) load(sources []Source) error {
	s.values, s.origins, s.secret = map[string]string{}, map[string]string{}, map[string]bool{}
	references, _, _ := unstructured.NestedSlice(s.object.Object, "spec", "postBuild", "substituteFrom")
	for _, reference := range references {
		entry, _ := reference.(map[string]any)
		for _, source := range sources {
			if source.Kind == entry["kind"] && source.Name == entry["name"] {
				s.partial = s.partial || !source.complete()
				s.secret[source.Kind+"/"+source.Name] = source.Secret
				s.set(source.Kind+"/"+source.Name, source.Values)
			}
		}
	}
	inline, _, err := unstructured.NestedStringMap(s.object.Object, "spec", "postBuild", "substitute")
	if err != nil {
		return fault.New(fault.Substitution, "%s", err)
	}
	s.set(Inline, inline)
	return nil
}

func (s *Substitution) set(origin string, values map[string]string) {
	for name, value := range values {
		s.values[name] = strings.ReplaceAll(value, "\n", "")
		s.origins[name] = origin
	}
}

// Values returns the variables that have a value.
func (s *Substitution) Values() map[string]string {
	if s == nil {
		return nil
	}
	return s.values
}

// Run substitutes in place in the resource at index of m.
func (s *Substitution) Run(ctx context.Context, m resmap.ResMap, index int, res *resource.Resource) error {
	if s.nothingToDo(res) {
		return nil
	}
	text, err := res.AsYAML()
	if err != nil {
		return err
	}
	if problem := guard.Expressions(string(text), s.values); problem != nil {
		return problem
	}
	object, missing, err := s.complete(string(text))
	if err != nil {
		return s.explain(err)
	}
	replaced, err := kustomize.SubstituteVariables(ctx, s.client, object, res,
		kustomize.SubstituteWithStrict(s.strict), kustomize.SubstituteWithAlways(s.always || s.partial))
	if err != nil {
		return s.explain(err)
	}
	if replaced == nil {
		return nil
	}
	s.record(index, string(text), missing)
	_, err = m.Replace(res)
	return err
}

// nothingToDo tells whether the library would leave the resource as it is: there is no $ in it, and no number that
// its detour through JSON would change. The library is asked about the first resource in any case, for the errors
// that come from the Kustomization alone.
func (s *Substitution) nothingToDo(res *resource.Resource) bool {
	first := !s.asked
	s.asked = true
	return !first && plain(res.YNode())
}

// plain tells whether a node has neither a $ nor a number beyond those that a float64 holds.
func plain(node *yaml.Node) bool {
	switch node.Kind {
	case yaml.ScalarNode:
		if tag := node.ShortTag(); tag != kyaml.NodeTagString && (len(node.Value) > 15 || tag == kyaml.NodeTagFloat) {
			return false
		}
		return !strings.Contains(node.Value, "$")
	case yaml.AliasNode:
		return false
	}
	for _, child := range node.Content {
		if !plain(child) {
			return false
		}
	}
	return true
}

var notSet = regexp.MustCompile(`variable not set \(strict mode\): "(.*)"`)

// complete returns the Kustomization with a placeholder for each variable of the text that has neither a value nor a
// default, where the cluster may hold values that are not known here.
func (s *Substitution) complete(text string) (unstructured.Unstructured, map[string]string, error) {
	if !s.partial || !strings.Contains(text, "${") {
		return s.object, nil, nil
	}
	missing := map[string]string{}
	for {
		_, err := envsubst.Eval(text, func(name string) (string, bool) {
			return s.lookup(name, missing)
		})
		unset := unsetVariable(err)
		if unset == "" || missing[unset] != "" {
			return s.withInline(missing), missing, nil
		}
		missing[unset] = PlaceholderFor(unset)
	}
}

// PlaceholderFor returns the value that stands for a variable's unknown one: valid as a DNS label.
func PlaceholderFor(name string) string {
	return "gitops-placeholder-" + strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

func unsetVariable(err error) string {
	if err == nil {
		return ""
	}
	if match := notSet.FindStringSubmatch(err.Error()); match != nil {
		return match[1]
	}
	return ""
}

func (s *Substitution) withInline(values map[string]string) unstructured.Unstructured {
	if len(values) == 0 {
		return s.object
	}
	object := s.object.DeepCopy()
	inline, _, _ := unstructured.NestedStringMap(object.Object, "spec", "postBuild", "substitute")
	all := maps.Clone(values)
	maps.Copy(all, inline)
	_ = unstructured.SetNestedStringMap(object.Object, all, "spec", "postBuild", "substitute")
	return *object
}

func (s *Substitution) explain(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	problem := fault.New(fault.Substitution, "%s", err)
	problem.Variable = unsetVariable(err)
	return problem
}
