// Package finding holds what validation says about an object, and the paths and values it says it with.
package finding

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// The rules; docs/reference/engine-protocol.md describes them.
const (
	UnknownField      = "schema-unknown-field"
	Type              = "schema-type"
	Required          = "schema-required"
	Value             = "schema-value"
	Duplicate         = "schema-duplicate"
	Expression        = "schema-expression"
	Definition        = "schema-definition"
	Namespace         = "schema-namespace"
	Unavailable       = "schema-unavailable"
	UnknownKind       = "schema-unknown-kind"
	UnknownVersion    = "schema-unknown-version"
	RemovedVersion    = "schema-removed-version"
	DeprecatedVersion = "schema-deprecated-version"
	ServerWarning     = "schema-server-warning"
	Update            = "review-immutable-field"
)

// Finding is one thing that the API server would refuse or warn of. Its fields are in the order of their JSON keys.
type Finding struct {
	// Expected says what may stand there, where that is short.
	Expected string `json:"expected,omitempty"`
	Message  string `json:"message"`
	// Path leads to the field from the object's root; of a missing field, the path it would have.
	Path     Path     `json:"path"`
	Remedy   string   `json:"remedy,omitempty"`
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Value is the offending value as JSON, shortened; never that of a Secret.
	Value string `json:"value,omitempty"`
}

// Sort orders findings by path, then rule and message, and drops repetitions.
func Sort(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(a.Path.Compare(b.Path), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.Message == b.Message && a.Path.Compare(b.Path) == 0
	})
}

const longest = 80

// Show returns a value as JSON, shortened.
func Show(value any) string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	text := bytes.TrimSpace(buffer.Bytes())
	if len(text) <= longest {
		return string(text)
	}
	cut := longest - 3
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return string(text[:cut]) + "…"
}

// TypeName returns what a reader of YAML calls the type of a decoded value.
func TypeName(value any) string {
	switch number := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64, int:
		return "an integer"
	case float64:
		if number == float64(int64(number)) {
			return "an integer"
		}
		return "a number"
	case []any:
		return "a list"
	default:
		return "a map"
	}
}
