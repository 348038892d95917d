package substitute

import (
	"sort"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
)

// Variable says which resources of a build used a variable, and where its value came from.
type Variable struct {
	Name      string `json:"name"`
	Resources []int  `json:"resources"`
	Source    string `json:"source"`
}

type usage struct{ name, source string }

// The sources of a value that no ConfigMap or Secret holds.
const (
	Inline      = "substitute"
	Default     = "default"
	Placeholder = "placeholder"
	Unset       = "unset"
)

// record evaluates the text once more to see which variables it uses, and where each value comes from.
func (s *Substitution) record(index int, text string, missing map[string]string) {
	if !strings.Contains(text, "${") || len(s.values)+len(missing) == 0 && !s.always {
		return
	}
	unset := map[string]bool{}
	for {
		seen := map[string]string{}
		_, err := envsubst.Eval(text, func(name string) (string, bool) {
			value, found := s.lookup(name, missing)
			seen[name] = s.sourceOf(name, missing, found, unset)
			return value, found || unset[name]
		})
		name := unsetVariable(err)
		if name == "" || unset[name] {
			s.use(index, seen, missing)
			return
		}
		unset[name] = true
	}
}

func (s *Substitution) lookup(name string, missing map[string]string) (string, bool) {
	if value, found := missing[name]; found {
		return value, true
	}
	value, found := s.values[name]
	return value, found
}

func (s *Substitution) sourceOf(name string, missing map[string]string, found bool, unset map[string]bool) string {
	switch {
	case missing[name] != "":
		return Placeholder
	case found:
		return s.origins[name]
	case unset[name]:
		return Unset
	default:
		return Default
	}
}

func (s *Substitution) use(index int, seen, missing map[string]string) {
	for name, source := range seen {
		s.used[usage{name, source}] = append(s.used[usage{name, source}], index)
		if source == Placeholder {
			s.placeholders[name] = missing[name]
		}
	}
}

// Variables returns what was used, sorted by name.
func (s *Substitution) Variables() []Variable {
	variables := []Variable{}
	if s == nil {
		return variables
	}
	for key, resources := range s.used {
		variables = append(variables, Variable{Name: key.name, Source: key.source, Resources: resources})
	}
	sort.Slice(variables, func(i, j int) bool {
		if variables[i].Name != variables[j].Name {
			return variables[i].Name < variables[j].Name
		}
		return variables[i].Source < variables[j].Source
	})
	return variables
}

// Secrets returns the values that were used and are secret.
func (s *Substitution) Secrets() []string {
	var values []string
	if s == nil {
		return values
	}
	for key := range s.used {
		if s.secret[key.source] {
			values = append(values, s.values[key.name])
		}
	}
	return values
}

// Placeholders returns the placeholder of each variable whose value can't be known.
func (s *Substitution) Placeholders() map[string]string {
	if s == nil {
		return map[string]string{}
	}
	return s.placeholders
}
