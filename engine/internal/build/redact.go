package build

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	redacted = "<redacted>"
	// shortest is the length from which a text is secret wherever it occurs; a shorter one may be any word.
	shortest = 4
	// shortestWord is the same for a word of a longer text: a file that was encrypted as a whole is one value.
	shortestWord = 6
)

// redact takes decrypted values out of an error: the libraries quote what they can't use.
func redact(problem *fault.Error, secrets []string) *fault.Error {
	if len(secrets) == 0 {
		return problem
	}
	hide := redactor(secrets)
	clean := *problem
	clean.Message, clean.Remedy, clean.Resource = hide.Replace(problem.Message), hide.Replace(problem.Remedy), hide.Replace(problem.Resource)
	return &clean
}

// redactor replaces values as they are, their lines and words, and as JSON and Base64 have them; the longest first.
func redactor(secrets []string) *strings.Replacer {
	var texts []string
	for _, secret := range secrets {
		quoted, _ := json.Marshal(secret)
		texts = append(texts, secret, strings.Trim(string(quoted), `"`), base64.StdEncoding.EncodeToString([]byte(secret)))
		for line := range strings.Lines(secret) {
			texts = append(texts, strings.TrimSpace(line))
		}
		for _, word := range strings.FieldsFunc(secret, separates) {
			if len(word) >= shortestWord {
				texts = append(texts, word)
			}
		}
	}
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, text := range texts {
		if len(text) >= shortest {
			pairs = append(pairs, text, redacted)
		} else if text != "" {
			pairs = append(pairs, `"`+text+`"`, `"`+redacted+`"`, "`"+text+"`", "`"+redacted+"`", "'"+text+"'", "'"+redacted+"'")
		}
	}
	return strings.NewReplacer(pairs...)
}

// separates tells whether a rune stands between the words of the formats that are encrypted.
func separates(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\"'`,;:=|<>()[]{}#&", r)
}
