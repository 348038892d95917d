package resourceset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	sprig "github.com/go-task/slim-sprig/v3"
	"github.com/gosimple/slug"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// name is what a template is called in the errors of text/template.
	name = "template"
	// maxOutput bounds what a template writes, and the texts that its functions make.
	maxOutput = 16 << 20
	// maxList bounds the lists that its functions make.
	maxList = 100_000
)

var errTooLarge = errors.New("the template makes too much text")

func functions(inputs map[string]any) template.FuncMap {
	known := sprig.TxtFuncMap()
	// The engine's own environment and network are no matter of a template's.
	for _, outside := range []string{"env", "expandenv", "getHostByName"} {
		delete(known, outside)
	}
	known["inputs"] = func() map[string]any { return inputs }
	known["slugify"] = slug.Make
	known["toYaml"] = func(value any) (string, error) {
		data, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(data), "\n"), err
	}
	known["mustToYaml"] = known["toYaml"]
	known["repeat"] = func(count int, text string) (string, error) {
		if count < 0 || count*len(text) > maxOutput {
			return "", errTooLarge
		}
		return strings.Repeat(text, count), nil
	}
	bounded(known)
	return known
}

// bounded replaces the functions that make lists of any length.
func bounded(known template.FuncMap) {
	until, untilStep := known["until"].(func(int) []int), known["untilStep"].(func(int, int, int) []int)
	known["until"] = func(count int) ([]int, error) {
		if count > maxList || count < -maxList {
			return nil, errTooLarge
		}
		return until(count), nil
	}
	known["untilStep"] = func(start, stop, step int) ([]int, error) {
		if step != 0 && (stop-start)/step > maxList {
			return nil, errTooLarge
		}
		return untilStep(start, stop, step), nil
	}
	seq := known["seq"].(func(...int) string)
	known["seq"] = func(params ...int) (string, error) {
		for _, param := range params {
			if param > maxList || param < -maxList {
				return "", errTooLarge
			}
		}
		return seq(params...), nil
	}
}

func parse(text string) (*template.Template, error) {
	return template.New(name).Delims("<<", ">>").Option("missingkey=error").Funcs(functions(nil)).Parse(text)
}

// execute renders; it ends where the context does, with the next text that the template writes.
func execute(ctx context.Context, parsed *template.Template, inputs map[string]any) ([]byte, error) {
	out := &writer{ctx: ctx}
	own, err := parsed.Clone()
	if err != nil {
		return nil, err
	}
	err = own.Funcs(functions(inputs)).Execute(out, nil)
	return out.text.Bytes(), err
}

type writer struct {
	ctx  context.Context
	text bytes.Buffer
}

// Write implements io.Writer.
func (w *writer) Write(data []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if w.text.Len()+len(data) > maxOutput {
		return 0, errTooLarge
	}
	return w.text.Write(data)
}

// place is the field that holds a template; resource is that of a single object.
type place struct {
	field    string
	resource any
}

var (
	position = regexp.MustCompile(`^template: ` + name + `:(\d+)(?::\d+)?: (?:executing "[^"]*" at <(.*?)>: )?`)
	// missing is what text/template says of a key that isn't there.
	missing = regexp.MustCompile(`map has no entry for key "(.*)"`)
)

// explain says which template fails, and where in it.
func (p place) explain(err error) error {
	if errors.Is(err, errTooLarge) {
		problem := fault.New(fault.Limit, "%s", errTooLarge)
		problem.Field = p.field
		return problem
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	problem := refused(p.field, "%s", err)
	match := position.FindStringSubmatch(err.Error())
	if match == nil {
		return problem
	}
	problem.Message = strings.TrimPrefix(err.Error(), match[0])
	problem.Remedy = "correct the template"
	searched := match[2]
	if key := missing.FindStringSubmatch(problem.Message); key != nil {
		searched = "." + key[1]
		problem.Message = fmt.Sprintf("the inputs have no key %q", key[1])
		problem.Remedy = fmt.Sprintf("add %s to every set of inputs, or ask for it in a way that takes its absence: << get inputs %q >>", key[1], key[1])
	} else if searched != "" {
		problem.Message = fmt.Sprintf("<< %s >>: %s", searched, problem.Message)
	}
	if p.resource == nil {
		problem.Line, _ = strconv.Atoi(match[1])
		return problem
	}
	if searched != "" {
		problem.Field += holding(p.resource, searched)
	} else if path, broken := unparsable(p.resource); broken != nil {
		problem.Field += path
		problem.Message = position.ReplaceAllString(broken.Error(), "")
	}
	return problem
}

// invalid says of which template the output can't be read and, of a text of several, at which line.
func (p place) invalid(err error, text string, rendered []byte) error {
	problem := refused(p.field, "what it renders to can't be read: %s", strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
	if errors.Is(err, errNoObject) {
		problem.Message = err.Error()
	} else if p.resource == nil {
		problem.Line = lineOf(text, unreadable(rendered))
	}
	problem.Remedy = "quote values that YAML reads otherwise (<< inputs.value | quote >>), and check the indentation (nindent)"
	return problem
}

var yamlLine = regexp.MustCompile(`yaml: line (\d+)`)

// unreadable returns the first line of a rendered text that is no YAML, "" where it isn't certain which.
func unreadable(rendered []byte) string {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(rendered)))
	for {
		document, err := reader.Read()
		if err != nil {
			return ""
		}
		_, err = yaml.YAMLToJSON(document)
		if err == nil {
			continue
		}
		lines := strings.Split(string(document), "\n")
		if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
			if at, _ := strconv.Atoi(found[1]); at >= 1 && at <= len(lines) {
				return lines[at-1]
			}
		}
		return ""
	}
}

// lineOf returns the only line of a text, from 1, that a rendered line comes from: the same, or one with the same key.
func lineOf(text, rendered string) int {
	rendered = strings.TrimSpace(rendered)
	key, _, keyed := strings.Cut(rendered, ":")
	if rendered == "" {
		return 0
	}
	found := 0
	for at, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line != rendered && !(keyed && strings.HasPrefix(line, key+":")) {
			continue
		}
		if found != 0 {
			return 0
		}
		found = at + 1
	}
	return found
}

// holding returns the path to the first text of a resource that holds an expression.
func holding(value any, expression string) string {
	path, _ := find(value, func(text string) bool { return strings.Contains(text, expression) })
	return path
}

// unparsable returns the path to the first text of a resource that is no template by itself, and why.
func unparsable(value any) (path string, err error) {
	path, _ = find(value, func(text string) bool {
		_, err = parse(text)
		return err != nil
	})
	return path, err
}

func find(value any, wanted func(string) bool) (string, bool) {
	switch value := value.(type) {
	case string:
		return "", wanted(value)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if path, found := find(value[key], wanted); found {
				if strings.ContainsAny(key, ".[]") {
					return "", true
				}
				return "." + key + path, true
			}
		}
	case []any:
		for at, inner := range value {
			if path, found := find(inner, wanted); found {
				return fmt.Sprintf("[%d]%s", at, path), true
			}
		}
	}
	return "", false
}
