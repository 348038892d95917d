package resourceset

import (
	"fmt"
	"hash/adler32"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Provider is what gives sets of inputs: the ResourceSet itself, or a ResourceSetInputProvider.
type Provider struct {
	Name string           `json:"name"`
	Sets []map[string]any `json:"sets"`
}

// maxSets is where flux-operator ends permutations.
const maxSets = 10_000

// combine makes the sets of inputs that templates are rendered with: all of them one after the other, or each of one
// provider with each of every other. Templates of a ResourceSet that names no inputs are rendered once.
func combine(object, spec map[string]any, providers []Provider) ([]map[string]any, error) {
	inputs, _ := spec["inputs"].([]any)
	from, _ := spec["inputsFrom"].([]any)
	if len(inputs) == 0 && len(from) == 0 {
		return []map[string]any{nil}, nil
	}
	strategy, _, _ := unstructured.NestedString(object, "spec", "inputStrategy", "name")
	if strategy == "Permute" {
		return permute(providers)
	}
	var sets []map[string]any
	for _, provider := range providers {
		sets = append(sets, provider.Sets...)
	}
	return sets, nil
}

// permute gives the inputs of each provider under its name, and an id to each combination.
func permute(providers []Provider) ([]map[string]any, error) {
	providers = withSets(providers)
	count := 1
	for _, provider := range providers {
		if count *= len(provider.Sets); count > maxSets {
			return nil, fault.New(fault.Limit, "the inputs have more than %d permutations", maxSets)
		}
	}
	if len(providers) == 0 {
		return nil, nil
	}
	sets := make([]map[string]any, 0, count)
	for number := range count {
		set, indices := map[string]any{}, make([]string, len(providers))
		rest := number
		for at := len(providers) - 1; at >= 0; at-- {
			provider := providers[at]
			index := rest % len(provider.Sets)
			rest /= len(provider.Sets)
			set[normalized(provider.Name)] = maps.Clone(provider.Sets[index])
			indices[at] = fmt.Sprintf("%s=%d", normalized(provider.Name), index)
		}
		set["id"] = checksum(strings.Join(indices, "/"))
		sets = append(sets, set)
	}
	return sets, nil
}

func withSets(providers []Provider) []Provider {
	var found []Provider
	for _, provider := range providers {
		if len(provider.Sets) > 0 {
			found = append(found, provider)
		}
	}
	return found
}

// normalized makes a name one that a template can use as a field.
func normalized(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}

func checksum(text string) string { return fmt.Sprint(adler32.Checksum([]byte(text))) }

// Static returns the one set of inputs that a provider of the type Static exports.
func Static(name string, values map[string]any) map[string]any {
	set := maps.Clone(values)
	if set == nil {
		set = map[string]any{}
	}
	if _, given := set["id"]; !given {
		set["id"] = checksum(name)
	}
	return set
}
