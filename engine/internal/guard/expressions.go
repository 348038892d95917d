package guard

import (
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// The limits of the substitution in one resource.
const (
	// MaxExpressions bounds the dollar signs: envsubst v1.7.1 parses the rest of a text by recursion after each, and a
	// stack that grows over 1 GB ends the process.
	MaxExpressions = 50_000
	// MaxExpanded bounds the bytes of the values that are filled in.
	MaxExpanded = 16 << 20
)

// Expressions returns a fault with the code limit where the substitution of the values in a text would cost too much.
func Expressions(text string, values map[string]string) *fault.Error {
	if strings.Count(text, "$") > MaxExpressions {
		return limit(0, "split the resource, or switch the substitution off for it with the annotation "+
			"kustomize.toolkit.fluxcd.io/substitute: disabled", "the resource holds more than %d dollar signs", MaxExpressions)
	}
	longest := 0
	for _, value := range values {
		longest = max(longest, len(value))
	}
	if strings.Count(text, "${")*longest > MaxExpanded && expanded(text, values) > MaxExpanded {
		return limit(0, "use shorter values", "the values substituted in the resource come to more than %d MiB", MaxExpanded>>20)
	}
	return nil
}

// expanded adds up the values that a text asks for. What replacements (${A//x/y}) make of them isn't looked at.
func expanded(text string, values map[string]string) int {
	total := 0
	for {
		_, rest, found := strings.Cut(text, "${")
		if !found || total > MaxExpanded {
			return total
		}
		text = rest
		total += len(values[text[:nameLength(text)]])
	}
}

func nameLength(text string) int {
	for at, char := range []byte(text) {
		if char != '_' && (char < '0' || char > '9') && (char < 'A' || char > 'Z') && (char < 'a' || char > 'z') {
			return at
		}
	}
	return len(text)
}
