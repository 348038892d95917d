package finding

import "strings"

// Placeholder begins every text that stands for a value which Git can't tell.
const Placeholder = "gitops-placeholder-"

// encrypted begins every value that SOPS encrypted; kustomize-controller decrypts it before it applies.
const encrypted = "ENC["

// IsUnknown tells whether a value is a text that stands, in whole or in part, for something Git can't tell.
func IsUnknown(value any) bool {
	text, ok := value.(string)
	return ok && (strings.Contains(text, Placeholder) || strings.HasPrefix(text, encrypted))
}

// HoldsUnknown tells whether a value or anything below it is unknown, keys included.
func HoldsUnknown(value any) bool {
	switch value := value.(type) {
	case string:
		return IsUnknown(value)
	case map[string]any:
		for key, child := range value {
			if strings.Contains(key, Placeholder) || HoldsUnknown(child) {
				return true
			}
		}
	case []any:
		for _, child := range value {
			if HoldsUnknown(child) {
				return true
			}
		}
	}
	return false
}
