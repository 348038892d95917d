package sops

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const metadataKey = "sops"

// ErrNoMetadata says that data holds nothing that SOPS would need to decrypt it.
var ErrNoMetadata = errors.New("sops metadata not found")

// metadata is what SOPS keeps beside the values.
type metadata struct {
	lastModified string
	mac          string
	rule         rule
	onlyEnc      bool
	threshold    int
	groups       []group
}

// group are the keys of which one is enough for a share of the data key; nearly always there is one group.
type group []masterKey

// masterKey is one key that the data key is encrypted with: its kind, its public name, and the data key.
type masterKey struct{ kind, name, encrypted string }

// kinds are the kinds of keys, by their names in the metadata, with the field that names a key.
var kinds = []struct{ kind, name string }{
	{"age", "recipient"}, {"pgp", "fp"}, {"kms", "arn"}, {"gcp_kms", "resource_id"}, {"hckms", "key_id"},
	{"azure_kv", "vault_url"}, {"hc_vault", "vault_address"},
}

// extract takes the metadata out of a document that holds them below one key.
func extract(documents []mapping) (map[string]any, error) {
	var found any
	for number, document := range documents {
		rest := document[:0]
		for _, item := range document {
			if item.key != metadataKey {
				rest = append(rest, item)
			} else if number == 0 {
				found = plain(item.value)
			}
		}
		documents[number] = rest
	}
	fields, isMapping := found.(map[string]any)
	if !isMapping {
		return nil, ErrNoMetadata
	}
	return fields, nil
}

// unflatten turns keys such as age__list_0__map_enc into what they stand for.
func unflatten(flat map[string]any) map[string]any {
	result := map[string]any{}
	for key, value := range flat {
		steps := strings.Split(strings.NewReplacer("__list_", "\x00", "__map_", "\x00").Replace(key), "\x00")
		inner := result
		for _, step := range steps[:len(steps)-1] {
			next, isMapping := inner[step].(map[string]any)
			if !isMapping {
				next = map[string]any{}
				inner[step] = next
			}
			inner = next
		}
		inner[steps[len(steps)-1]] = value
	}
	return result
}

// read understands the metadata, with values of any type that says the same.
func read(fields map[string]any) (*metadata, error) {
	m := &metadata{mac: text(fields["mac"]), onlyEnc: strings.EqualFold(text(fields["mac_only_encrypted"]), "true")}
	m.threshold, _ = strconv.Atoi(text(fields["shamir_threshold"]))
	modified, err := time.Parse(time.RFC3339, text(fields["lastmodified"]))
	if err != nil {
		return nil, errors.New("the sops metadata have no lastmodified that is a time: they were cut or changed")
	}
	m.lastModified = modified.Format(time.RFC3339)
	if m.rule, err = ruleOf(fields); err != nil {
		return nil, err
	}
	if keys := groupOf(fields); len(keys) > 0 {
		m.groups = []group{keys}
		return m, nil
	}
	for _, one := range list(fields["key_groups"]) {
		inner, _ := one.(map[string]any)
		m.groups = append(m.groups, groupOf(inner))
	}
	if len(m.groups) == 0 {
		return nil, errors.New("the sops metadata name no keys: they were cut or changed")
	}
	return m, nil
}

func groupOf(fields map[string]any) group {
	var keys group
	for _, known := range kinds {
		for _, one := range list(fields[known.kind]) {
			if inner, isMapping := one.(map[string]any); isMapping {
				keys = append(keys, masterKey{known.kind, text(inner[known.name]), text(inner["enc"])})
			}
		}
	}
	return keys
}

// list returns the items of a list, or of a mapping from 0 on, as unflatten leaves lists.
func list(value any) []any {
	switch value := value.(type) {
	case []any:
		return value
	case map[string]any:
		var items []any
		for at := range len(value) {
			items = append(items, value[strconv.Itoa(at)])
		}
		return items
	default:
		return nil
	}
}

func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case time.Time:
		return value.Format(time.RFC3339)
	default:
		return fmt.Sprint(value)
	}
}

// rule tells which values are encrypted.
type rule func(path []string, comments [][]string, isComment bool) bool

// ruleOf returns the rule that the metadata name; there is at most one.
func ruleOf(fields map[string]any) (rule, error) {
	var name string
	for _, known := range []string{
		"unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex", "unencrypted_comment_regex",
		"encrypted_comment_regex",
	} {
		if text(fields[known]) == "" {
			continue
		}
		if name != "" {
			return nil, fmt.Errorf("the sops metadata have both %s and %s; SOPS allows one of them", name, known)
		}
		name = known
	}
	value := text(fields[name])
	if name == "" {
		name, value = "unencrypted_suffix", "_unencrypted"
	}
	negated := strings.HasPrefix(name, "un")
	if strings.HasSuffix(name, "_suffix") {
		return byKeys(negated, func(key string) bool { return strings.HasSuffix(key, value) }), nil
	}
	pattern, err := regexp.Compile(value)
	if err != nil {
		return nil, fmt.Errorf("%s of the sops metadata is no regular expression: %s", name, err)
	}
	if strings.HasSuffix(name, "comment_regex") {
		return byComments(negated, pattern), nil
	}
	return byKeys(negated, pattern.MatchString), nil
}

func byKeys(negated bool, matches func(string) bool) rule {
	return func(path []string, _ [][]string, _ bool) bool {
		for _, key := range path {
			if matches(key) {
				return !negated
			}
		}
		return negated
	}
}

// byComments goes by the comments before a value. The comment that says that what follows is encrypted isn't itself.
func byComments(negated bool, pattern *regexp.Regexp) rule {
	return func(_ []string, comments [][]string, isComment bool) bool {
		for level, lines := range comments {
			for at, line := range lines {
				itself := isComment && level == len(comments)-1 && at == len(lines)-1
				if (negated || !itself) && pattern.MatchString(line) {
					return !negated
				}
			}
		}
		return negated
	}
}
