// Package admission judges objects by ValidatingAdmissionPolicies, with the API server's own code.
package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Finding is what a policy, bound by a binding, says of an object.
type Finding struct {
	Policy  string   `json:"policy"`
	Binding string   `json:"binding"`
	Message string   `json:"message"`
	Actions []string `json:"actions"`
}

// Params are what a cluster holds: objects as JSON.
type Params struct {
	Policies   []*v1.ValidatingAdmissionPolicy        `json:"policies"`
	Bindings   []*v1.ValidatingAdmissionPolicyBinding `json:"bindings"`
	Namespaces []*corev1.Namespace                    `json:"namespaces"`
	Parameters []map[string]any                       `json:"parameters"`
}

// Judge holds compiled policies and all that decides whether they apply.
type Judge struct {
	bound      []bound
	matcher    generic.PolicyMatcher
	parameters []map[string]any
	namespaces map[string]*corev1.Namespace
	index      cache.Indexer
	interfaces admission.ObjectInterfaces
}

type bound struct {
	policy    *v1.ValidatingAdmissionPolicy
	binding   *v1.ValidatingAdmissionPolicyBinding
	validator validating.Validator
}

// New compiles the policies that are bound. Those that ask who applies an object, or what that one may do, are left
// out: no repository tells.
func New(params Params) *Judge {
	index := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	judge := &Judge{
		matcher:    generic.NewPolicyMatcher(matching.NewMatcher(corelisters.NewNamespaceLister(index), nil)),
		parameters: params.Parameters,
		namespaces: map[string]*corev1.Namespace{},
		index:      index,
		interfaces: admission.NewObjectInterfacesFromScheme(runtime.NewScheme()),
	}
	for _, namespace := range params.Namespaces {
		judge.add(namespace)
	}
	policies := map[string]*v1.ValidatingAdmissionPolicy{}
	validators := map[string]validating.Validator{}
	for _, policy := range params.Policies {
		if !asksForUser(policy) {
			complete(policy.Spec.MatchConstraints)
			policies[policy.Name], validators[policy.Name] = policy, compile(policy)
		}
	}
	for _, binding := range params.Bindings {
		if policy := policies[binding.Spec.PolicyName]; policy != nil {
			complete(binding.Spec.MatchResources)
			judge.bound = append(judge.bound, bound{policy, binding, validators[policy.Name]})
		}
	}
	return judge
}

// add makes a namespace known, with the label that the API server gives each.
func (j *Judge) add(namespace *corev1.Namespace) {
	labels := map[string]string{corev1.LabelMetadataName: namespace.Name}
	for key, value := range namespace.Labels {
		labels[key] = value
	}
	namespace.Labels = labels
	j.namespaces[namespace.Name] = namespace
	_ = j.index.Add(namespace)
}

func asksForUser(policy *v1.ValidatingAdmissionPolicy) bool {
	text, _ := json.Marshal(policy.Spec)
	return strings.Contains(string(text), "authorizer") || strings.Contains(string(text), "userInfo")
}

// complete sets the defaults that the API server sets where it stores an object.
func complete(resources *v1.MatchResources) {
	if resources == nil {
		return
	}
	equivalent, all := v1.Equivalent, v1.AllScopes
	if resources.MatchPolicy == nil {
		resources.MatchPolicy = &equivalent
	}
	if resources.NamespaceSelector == nil {
		resources.NamespaceSelector = &metav1.LabelSelector{}
	}
	if resources.ObjectSelector == nil {
		resources.ObjectSelector = &metav1.LabelSelector{}
	}
	for _, rules := range [][]v1.NamedRuleWithOperations{resources.ResourceRules, resources.ExcludeResourceRules} {
		for i := range rules {
			if rules[i].Scope == nil {
				rules[i].Scope = &all
			}
		}
	}
}

// Validate says what the policies refuse, or warn of, when the object is created.
func (j *Judge) Validate(ctx context.Context, content map[string]any) ([]Finding, error) {
	object := &unstructured.Unstructured{Object: content}
	attributes := attributesOf(object)
	found := []Finding{}
	for _, each := range j.bound {
		messages, err := j.refusals(ctx, each, object, attributes)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", each.policy.Name, err)
		}
		for _, message := range messages {
			if strings.HasPrefix(message, "compilation error: ") {
				continue // That is the policy's fault, and told of it.
			}
			actions := make([]string, len(each.binding.Spec.ValidationActions))
			for i, action := range each.binding.Spec.ValidationActions {
				actions[i] = string(action)
			}
			found = append(found, Finding{each.policy.Name, each.binding.Name, message, actions})
		}
	}
	return found, nil
}

func (j *Judge) refusals(
	ctx context.Context, each bound, object *unstructured.Unstructured, attributes admission.Attributes,
) ([]string, error) {
	namespace := j.namespace(object.GetNamespace())
	policy := validating.NewValidatingAdmissionPolicyAccessor(each.policy)
	binding := validating.NewValidatingAdmissionPolicyBindingAccessor(each.binding)
	matched, resource, kind, err := j.matcher.DefinitionMatches(attributes, j.interfaces, policy)
	if err != nil || !matched {
		return nil, err
	}
	if matched, err = j.matcher.BindingMatches(attributes, j.interfaces, binding); err != nil || !matched {
		return nil, err
	}
	parameters, err := j.parametersOf(each, object.GetNamespace())
	if err != nil {
		return []string{err.Error()}, nil
	}
	versioned := &admission.VersionedAttributes{Attributes: attributes, VersionedKind: kind, VersionedObject: object}
	var messages []string
	for _, parameter := range parameters {
		result := each.validator.Validate(
			ctx, resource, versioned, parameter, namespace, celconfig.RuntimeCELCostBudget, nil,
		)
		for _, decision := range result.Decisions {
			if decision.Action == validating.ActionDeny {
				messages = append(messages, decision.Message)
			}
		}
	}
	return messages, nil
}

// namespace gives the namespace of an object; one that the repository doesn't declare has the label of its name alone.
func (j *Judge) namespace(name string) *corev1.Namespace {
	if name == "" {
		return nil
	}
	if j.namespaces[name] == nil {
		j.add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return j.namespaces[name]
}

// parametersOf gives the parameters of a binding: nil alone where it takes none.
func (j *Judge) parametersOf(each bound, namespace string) ([]runtime.Object, error) {
	kind, reference := each.policy.Spec.ParamKind, each.binding.Spec.ParamRef
	if kind == nil || reference == nil {
		return []runtime.Object{nil}, nil
	}
	if reference.Namespace != "" {
		namespace = reference.Namespace
	}
	selector, err := metav1.LabelSelectorAsSelector(reference.Selector)
	if err != nil {
		return nil, err
	}
	var found []runtime.Object
	for _, content := range j.parameters {
		object := &unstructured.Unstructured{Object: content}
		if object.GetAPIVersion() != kind.APIVersion || object.GetKind() != kind.Kind {
			continue
		}
		if object.GetNamespace() != "" && object.GetNamespace() != namespace {
			continue
		}
		named := reference.Name != "" && object.GetName() == reference.Name
		if named || (reference.Selector != nil && selector.Matches(labelsOf(object))) {
			found = append(found, object)
		}
	}
	action := reference.ParameterNotFoundAction
	if len(found) == 0 && action != nil && *action == v1.DenyAction {
		return nil, errors.New("no params found for policy binding with `Deny` parameterNotFoundAction")
	}
	return found, nil
}

type labels map[string]string

func (l labels) Has(key string) bool                    { _, found := l[key]; return found }
func (l labels) Get(key string) string                  { return l[key] }
func (l labels) Lookup(key string) (string, bool)       { value, found := l[key]; return value, found }
func labelsOf(object *unstructured.Unstructured) labels { return object.GetLabels() }

func attributesOf(object *unstructured.Unstructured) admission.Attributes {
	kind := object.GroupVersionKind()
	applier := &user.DefaultInfo{Name: "system:serviceaccount:flux-system:kustomize-controller"}
	return admission.NewAttributesRecord(
		object, nil, kind, object.GetNamespace(), object.GetName(), resourceOf(kind), "", admission.Create,
		&metav1.CreateOptions{}, false, applier,
	)
}

// resourceOf guesses the plural of a kind, as Kubernetes' own kinds form it.
func resourceOf(kind schema.GroupVersionKind) schema.GroupVersionResource {
	plural, singular := meta.UnsafeGuessKindToResource(kind)
	if kind.Kind == "Endpoints" {
		return singular
	}
	return plural
}
