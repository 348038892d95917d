package render

import (
	"regexp"
	"slices"
	"strings"
	syntax "text/template/parse"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

var (
	valued = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
	// templated is a value whose text is a template itself.
	templated = regexp.MustCompile(`<tpl [^>]*?\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
	// lacking is how text/template says that a value has no such field: it is nothing, or of another type.
	lacking = regexp.MustCompile(`(?:nil pointer evaluating .*?\.|can't evaluate field )([A-Za-z_][A-Za-z0-9_]*)`)
)

// cause returns the path of the value that an error of a template is about, "" where it is none. outermost is the
// template that the error came through first.
func (i Installation) cause(problem *fault.Error, outermost string) string {
	below := subcharts(outermost)
	if found := last(templated, problem.Message); found != nil {
		return i.known(below, found)
	}
	if found := last(valued, problem.Message); found != nil {
		// Where the user gave what the field is looked for in, that is what is wrong, and not that the field is missing.
		if missing := lacking.FindStringSubmatch(problem.Message); missing != nil {
			if at := slices.Index(found, missing[1]); at > 0 && i.isGiven(below, found[:at]) {
				found = found[:at]
			}
		}
		return i.known(below, found)
	}
	if !strings.Contains(problem.Message, "execution error at") {
		return ""
	}
	asked := asked(i.source(problem.Template), problem.TemplateLine)
	for _, path := range asked {
		if i.isGiven(below, path) {
			return i.known(below, path)
		}
	}
	if len(asked) == 0 {
		return ""
	}
	return i.known(below, asked[0])
}

func last(pattern *regexp.Regexp, message string) []string {
	found := pattern.FindAllStringSubmatch(message, -1)
	if len(found) == 0 {
		return nil
	}
	return strings.Split(strings.TrimPrefix(found[len(found)-1][1], "."), ".")
}

// subcharts returns the names under which the values of a template's chart are in those of the whole.
func subcharts(template string) []string {
	var names []string
	parts := strings.Split(template, "/")
	for at := 1; at+1 < len(parts) && parts[at] == "charts"; at += 2 {
		names = append(names, parts[at+1])
	}
	return names
}

// known returns a value's path in the values of the whole: a template that another chart includes sees that chart's.
func (i Installation) known(below, path []string) string {
	if len(below) > 0 && path[0] != "global" && (i.isGiven(below, path) || !has(i.given, path)) {
		path = slices.Concat(below, path)
	}
	return strings.Join(path, ".")
}

func (i Installation) isGiven(below, path []string) bool {
	return has(i.given, slices.Concat(below, path)) || len(below) > 0 && path[0] == "global" && has(i.given, path)
}

// mapsOf copies values as far as their maps go.
func mapsOf(values map[string]any) map[string]any {
	copied := make(map[string]any, len(values))
	for name, value := range values {
		if below, is := value.(map[string]any); is {
			value = mapsOf(below)
		}
		copied[name] = value
	}
	return copied
}

func has(values map[string]any, path []string) bool {
	for at, name := range path {
		value, found := values[name]
		if !found {
			return false
		}
		if at == len(path)-1 {
			return true
		}
		values, _ = value.(map[string]any)
	}
	return false
}

// asked returns the values that a template asks for on a line, and then those that the blocks around it depend on,
// innermost first.
func asked(text string, line int) [][]string {
	tree := syntax.New("asked")
	tree.Mode = syntax.SkipFuncCheck
	trees := map[string]*syntax.Tree{}
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		return nil
	}
	search := search{text: text, line: line}
	for _, defined := range trees {
		search.list(defined.Root, nil)
	}
	return search.found
}

// search looks for what is on a line of a template.
type search struct {
	text  string
	line  int
	found [][]string
}

func (s *search) list(list *syntax.ListNode, around []*syntax.PipeNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *syntax.ActionNode:
			s.action(node, around)
		case *syntax.IfNode:
			s.branch(&node.BranchNode, around)
		case *syntax.WithNode:
			s.branch(&node.BranchNode, around)
		case *syntax.RangeNode:
			s.branch(&node.BranchNode, around)
		}
	}
}

func (s *search) branch(node *syntax.BranchNode, around []*syntax.PipeNode) {
	around = append([]*syntax.PipeNode{node.Pipe}, around...)
	s.list(node.List, around)
	s.list(node.ElseList, around)
}

func (s *search) action(node *syntax.ActionNode, around []*syntax.PipeNode) {
	begins := 1 + strings.Count(s.text[:node.Position()], "\n")
	if ends := begins + strings.Count(node.String(), "\n"); s.line < begins || s.line > ends || !complains(node.Pipe) {
		return
	}
	for _, pipe := range append([]*syntax.PipeNode{node.Pipe}, around...) {
		s.found = append(s.found, valuesIn(pipe)...)
	}
}

// complains tells whether a template ends rendering itself.
func complains(pipe *syntax.PipeNode) bool {
	text := pipe.String()
	return strings.Contains(text, "required ") || strings.Contains(text, "fail ")
}

func valuesIn(pipe *syntax.PipeNode) [][]string {
	var found [][]string
	for _, match := range valued.FindAllStringSubmatch(pipe.String(), -1) {
		found = append(found, strings.Split(strings.TrimPrefix(match[1], "."), "."))
	}
	return found
}
