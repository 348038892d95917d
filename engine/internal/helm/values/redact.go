package values

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// leastSecret is the length of the shortest text that is taken out of messages: shorter ones are in every text.
	leastSecret = 4
	redacted    = "(redacted)"
)

// Redact takes what Secrets hold out of an error: templates repeat values in what they complain about.
func Redact(problem *fault.Error, answers []Answer) *fault.Error {
	var secrets []string
	for _, answer := range answers {
		if answer.Kind != "Secret" && !answer.Secret {
			continue
		}
		for _, text := range answer.Values {
			secrets = append(append(secrets, text, strings.TrimSpace(text)), leaves(text)...)
		}
	}
	secrets = slices.DeleteFunc(secrets, func(text string) bool { return len(text) < leastSecret })
	if len(secrets) == 0 {
		return problem
	}
	// What holds another one goes first.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range slices.Compact(secrets) {
		pairs = append(pairs, secret, redacted)
	}
	clear := *problem
	clear.Message = strings.NewReplacer(pairs...).Replace(clear.Message)
	return &clear
}

// leaves returns the texts and numbers in YAML.
func leaves(text string) []string {
	var value any
	if yaml.Unmarshal([]byte(text), &value) != nil {
		return strings.Fields(text)
	}
	return scalars(value)
}

func scalars(value any) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for _, child := range value {
			found = append(found, scalars(child)...)
		}
	case []any:
		for _, child := range value {
			found = append(found, scalars(child)...)
		}
	case bool, nil:
	default:
		text := fmt.Sprint(value)
		found = append(append(found, text), strings.Split(text, "\n")...)
	}
	return found
}
