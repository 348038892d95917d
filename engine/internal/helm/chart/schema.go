package chart

import (
	"encoding/json"
	"slices"
	"strings"

	helmchart "helm.sh/helm/v4/pkg/chart/v2"
)

// closeSchemas takes out of the charts' values.schema.json what would be fetched or read from disk, so that
// everything passes there, and returns what that was: Helm would ask the network or the disk in the midst of
// rendering.
func closeSchemas(of *helmchart.Chart) []string {
	var skipped []string
	var schema any
	if mayRefer(of.Schema) && json.Unmarshal(of.Schema, &schema) == nil {
		closing := closing{known: map[string]bool{}}
		closing.collect(schema)
		if closing.visit(schema); len(closing.skipped) > 0 {
			of.Schema, _ = json.Marshal(schema)
			skipped = closing.skipped
		}
	}
	for _, child := range of.Dependencies() {
		skipped = append(skipped, closeSchemas(child)...)
	}
	slices.Sort(skipped)
	return slices.Compact(skipped)
}

// mayRefer tells whether a schema may name another one, without parsing it.
func mayRefer(schema []byte) bool {
	for _, text := range []string{`$ref"`, `$schema"`, `$dynamicRef"`, `$recursiveRef"`, `\u`} {
		if strings.Contains(string(schema), text) {
			return true
		}
	}
	return false
}

type closing struct {
	// known are the $ids of the document.
	known   map[string]bool
	skipped []string
}

func (c *closing) collect(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range []string{"$id", "id"} {
			if id, is := value[name].(string); is {
				c.known[strings.TrimSuffix(id, "#")] = true
			}
		}
		for _, child := range value {
			c.collect(child)
		}
	case []any:
		for _, child := range value {
			c.collect(child)
		}
	}
}

func (c *closing) visit(value any) {
	switch value := value.(type) {
	case map[string]any:
		c.close(value)
		for _, child := range value {
			c.visit(child)
		}
	case []any:
		for _, child := range value {
			c.visit(child)
		}
	}
}

func (c *closing) close(schema map[string]any) {
	for _, name := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
		reference, is := schema[name].(string)
		document, _, _ := strings.Cut(reference, "#")
		if is && document != "" && !c.known[document] && !isDraft(document) {
			delete(schema, name)
			c.skipped = append(c.skipped, reference)
		}
	}
	if draft, is := schema["$schema"].(string); is && !isDraft(strings.TrimSuffix(draft, "#")) {
		delete(schema, "$schema")
		c.skipped = append(c.skipped, draft)
	}
}

// isDraft tells whether a schema is one of those that come with the library.
func isDraft(name string) bool {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "http://"), "https://")
	switch name {
	case "json-schema.org/draft-04/schema", "json-schema.org/draft-06/schema", "json-schema.org/draft-07/schema",
		"json-schema.org/draft/2019-09/schema", "json-schema.org/draft/2020-12/schema", "json-schema.org/schema":
		return true
	}
	return false
}
