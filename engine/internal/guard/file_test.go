package guard

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

func aliases(levels int) string {
	var text strings.Builder
	text.WriteString(configMap + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for level := 1; level < levels; level++ {
		fmt.Fprintf(&text, "a%d: &a%d [%s]\n", level, level, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", level-1), 10), ", "))
	}
	return text.String()
}

func nestedBlocks(levels int) string {
	var text strings.Builder
	text.WriteString(configMap)
	for level := range levels {
		text.WriteString(strings.Repeat(" ", level) + "a:\n")
	}
	return text.String()
}

func keys(number int, format string) string {
	var text strings.Builder
	for key := range number {
		fmt.Fprintf(&text, format, key)
	}
	return text.String()
}

func TestFile(t *testing.T) {
	deep := &fault.Error{
		Code: fault.Limit, File: "a.yaml", Line: 4, Remedy: "flatten it",
		Message: "the YAML is nested more than 200 levels deep",
	}
	below := func(line int, problem fault.Error) *fault.Error { problem.Line = line; return &problem }
	many := &fault.Error{
		Code: fault.Limit, File: "a.yaml", Line: 4, Remedy: "split the file, or use fewer aliases",
		Message: "the YAML holds more than 500000 values once its aliases are expanded",
	}
	wide := &fault.Error{
		Code: fault.Limit, File: "a.yaml", Line: 5, Remedy: "split it",
		Message: "the mapping has more than 10000 keys",
	}
	itself := &fault.Error{
		Code: fault.Limit, File: "a.yaml", Line: 4, Remedy: "remove the alias",
		Message: `the anchor "a" contains itself`,
	}
	for name, test := range map[string]struct {
		text string
		want *fault.Error
	}{
		"empty":                      {"", nil},
		"ordinary":                   {configMap, nil},
		"flow sequences":             {configMap + "x: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), deep},
		"flow sequences not ended":   {configMap + "x: " + strings.Repeat("[", 100_000), nil},
		"flow beyond the parser":     {configMap + "x: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), nil},
		"flow mappings":              {configMap + "x: " + strings.Repeat("{a: ", 300) + strings.Repeat("}", 300), deep},
		"flow with brackets in text": {configMap + "x: " + strings.Repeat(`["]", `, 300) + strings.Repeat("]", 300), deep},
		"flow in moderation":         {configMap + "x: " + strings.Repeat("{a: ", 190) + strings.Repeat("}", 190), nil},
		"many brackets in text":      {configMap + "x: '" + strings.Repeat("[ ", 100_000) + "'", nil},
		"JSON":                       {`{"apiVersion": "v1", "items": [` + strings.Repeat(`{"a": {}},`, 5000) + "1]}", nil},
		"compact sequences":          {configMap + "x:\n" + strings.Repeat("- ", 500) + "a\n", below(5, *deep)},
		"compact keys":               {configMap + "x:\n" + strings.Repeat("? ", 500) + "a\n", below(5, *deep)},
		"blocks":                     {nestedBlocks(400), below(203, *deep)},
		"blocks in moderation":       {nestedBlocks(150), nil},
		"second document":            {configMap + "---\n" + configMap + "x: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), below(8, *deep)},
		"aliases":                    {aliases(8), below(9, *many)},
		"aliases in moderation":      {aliases(4), nil},
		"aliases in keys":            {strings.ReplaceAll(aliases(8), ": &", ": !!seq &"), below(9, *many)},
		"alias nesting": {configMap + "a: &a " + strings.Repeat("[", 150) + strings.Repeat("]", 150) + "\nb: " +
			strings.Repeat("[", 100) + "*a" + strings.Repeat("]", 100), &fault.Error{
			Code: fault.Limit, File: "a.yaml", Line: 5, Remedy: "flatten it",
			Message: "the YAML is nested more than 200 levels deep once its aliases are expanded",
		}},
		"anchor within itself":    {configMap + "a: &a [*a]\n", itself},
		"values":                  {configMap + "x: [" + strings.Repeat("a,", 600_000) + "]\n", many},
		"values in abundance":     {configMap + "x: [" + strings.Repeat("a,", 7_000_000) + "]\n", below(1, *many)},
		"values in blocks":        {configMap + "x:\n" + strings.Repeat("- a\n", 600_000), below(500_004, *many)},
		"keys":                    {configMap + "data:\n" + keys(20_000, " k%d: v\n"), wide},
		"keys in flow":            {configMap + "data:\n {" + keys(20_000, "k%d: v,\n") + "}\n", wide},
		"keys in a set":           {configMap + "data:\n {" + keys(20_000, "k%d,") + "}\n", wide},
		"keys after returns":      {configMap + "data:\n" + keys(20_000, " k%d: v\r"), wide},
		"keys after unusual ends": {configMap + "data:\n" + keys(20_000, " k%d: v\u2028"), wide},
		"keys in several":         {configMap + keys(20, "x%d:\n") + keys(20, "y%d:\n"+keys(1000, "  k%d: v\n")), nil},
		"deep values": {configMap + "x:\n" + strings.Repeat("- "+strings.Repeat("{a: ", 190)+strings.Repeat("}", 190)+"\n", 1000), &fault.Error{
			Code: fault.Limit, File: "a.yaml", Line: 277, Remedy: "flatten it",
			Message: "the YAML holds too many deeply nested values",
		}},
		"long text":   {configMap + "data:\n  a: |\n" + strings.Repeat("    some, text {with} everything: *in & it*\n", 50_000), nil},
		"not YAML":    {"\x00\x01" + strings.Repeat("[{&a *a", 1000), nil},
		"not UTF-8":   {"a: \xff\n", nil},
		"certificate": {"-----BEGIN CERTIFICATE-----\n" + strings.Repeat("-", 300), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := File("a.yaml", []byte(test.text))
			var problem *fault.Error
			if errors.As(got, &problem) != (test.want != nil) || !reflect.DeepEqual(problem, test.want) {
				t.Errorf("got %#v, want %#v", problem, test.want)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	documents := []byte(strings.Repeat("---\na: 1\n", 1000))
	var budget Budget
	for range 3 {
		if err := budget.Spend("a.yaml", documents); err != nil {
			t.Fatal(err)
		}
	}
	want := &fault.Error{
		Code: fault.Limit, File: "b.yaml", Message: "the build reads more than 3000 YAML documents",
		Remedy: "split it into several Kustomizations; look for bases that are included more than once",
	}
	if err := budget.Spend("b.yaml", documents); !reflect.DeepEqual(err, error(want)) {
		t.Errorf("got %+v, want %+v", err, want)
	}
	if err := budget.Spend("c.yaml", nil); !reflect.DeepEqual(err, error(want)) || budget.Problem() != err {
		t.Errorf("the first problem is not kept: %+v", err)
	}
}

func TestBudgetOfBytesAndReads(t *testing.T) {
	large := make([]byte, 1<<20)
	for _, test := range []struct {
		data    string
		files   int
		message string
	}{
		{string(large), MaxReads, "the build reads more than 64 MiB"},
		{"a: 1", MaxReads + 1, "the build reads more than 20000 files"},
		{"a: 1", 1, "the build reads the file more than 1000 times"},
	} {
		var budget Budget
		for number := range MaxReads + 1 {
			_ = budget.Spend(fmt.Sprintf("%d.yaml", number%test.files), []byte(test.data))
		}
		if problem := budget.Problem(); problem == nil || problem.Message != test.message {
			t.Errorf("got %+v, want %s", problem, test.message)
		}
	}
}

func BenchmarkFile(b *testing.B) {
	ordinary := configMap + "data:\n" + strings.Repeat("  key: value\n", 20)
	schema := "apiVersion: apiextensions.k8s.io/v1\nspec:\n" + strings.Repeat(
		"        properties:\n          name:\n            description: |-\n              The name, e.g. [a-z] or {x}, see [docs](url).\n            type: string\n", 400)
	for name, text := range map[string]string{
		"ordinary 300 B": ordinary,
		"CRDs 0.6 MB":    strings.Repeat(schema+"---\n", 10),
		"CRDs 6 MB":      strings.Repeat(schema+"---\n", 100),
		"aliases 1 KB":   aliases(4),
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(text)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := File("a.yaml", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
