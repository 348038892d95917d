package render

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

var yamlLine = regexp.MustCompile(`(?:yaml: |\n\s*)line (\d+)`)

// excerpt adds to an error about rendered YAML the lines that it is about, which Helm keeps to itself, and the line of
// the template that they come from, where only one can be it.
func (i Installation) excerpt(problem *fault.Error, functions *functions, capabilities *common.Capabilities) {
	found := yamlLine.FindStringSubmatch(problem.Message)
	if found == nil || problem.Template == "" || problem.TemplateLine != 0 {
		return
	}
	i.show(problem, broken(i.again(functions, capabilities)[problem.Template]), found[1])
}

// show adds the lines around one, counted from 1 and given as a text, and the template's line that it comes from.
func (i Installation) show(problem *fault.Error, lines []string, number string) {
	line, _ := strconv.Atoi(number)
	if line < 1 || line > len(lines) {
		return
	}
	shown := []string{problem.Message, "rendered:"}
	for at := max(line-1, 1); at <= min(line+1, len(lines)); at++ {
		shown = append(shown, fmt.Sprintf("%4d | %s", at, lines[at-1]))
	}
	problem.Message = strings.Join(shown, "\n")
	problem.TemplateLine = origin(i.source(problem.Template), lines, line-1)
	if problem.File != "" {
		problem.Line = problem.TemplateLine
	}
}

// again renders the templates once more, without what comes after.
func (i Installation) again(functions *functions, capabilities *common.Capabilities) map[string]string {
	options := common.ReleaseOptions{
		Name: Name(i.Release), Namespace: i.Release.GetReleaseNamespace(), Revision: 1, IsInstall: true,
	}
	values, err := util.ToRenderValuesWithSchemaValidation(i.Chart.Chart, i.Values, options, capabilities, true)
	if err != nil {
		return nil
	}
	rendered, _ := engine.Engine{CustomTemplateFuncs: functions.table()}.Render(i.Chart.Chart, values)
	return rendered
}

// broken returns the lines of the first document that isn't YAML.
func broken(text string) []string {
	for _, document := range documentsOf(text) {
		var node yaml.Node
		if yaml.Unmarshal([]byte(document), &node) != nil {
			return strings.Split(document, "\n")
		}
	}
	return nil
}

// source returns a template's text.
func (i Installation) source(template string) string {
	var find func(of *helmchart.Chart) string
	find = func(of *helmchart.Chart) string {
		for _, file := range of.Templates {
			if of.ChartFullPath()+"/"+file.Name == template {
				return string(file.Data)
			}
		}
		for _, child := range of.Dependencies() {
			if text := find(child); text != "" {
				return text
			}
		}
		return ""
	}
	return find(i.Chart.Chart)
}

// near is how many lines around one are looked at to tell which of several it comes from.
const near = 3

// origin returns the line of a template that a rendered line, counted from 0, comes from: the only one that is the same
// or has the same key, or the one of them that is nearest to where a line next to it comes from. 0 where none may be it.
func origin(template string, lines []string, at int) int {
	source := strings.Split(template, "\n")
	alike := candidates(source, lines[at], isTwice(lines, at))
	if len(alike) <= 1 {
		return sole(alike)
	}
	for distance := 1; distance <= near; distance++ {
		for _, beside := range []int{at + distance, at - distance} {
			if beside < 0 || beside >= len(lines) {
				continue
			}
			if known := sole(candidates(source, lines[beside], isTwice(lines, beside))); known > 0 {
				return nearest(alike, known-(beside-at))
			}
		}
	}
	return 0
}

func isTwice(lines []string, at int) bool {
	first := slices.Index(lines, lines[at])
	return first < at || slices.Contains(lines[at+1:], lines[at])
}

// candidates returns the lines of a template that are the same as a rendered line, else those with its key; all of them
// where the line is rendered more than once.
func candidates(source []string, rendered string, more bool) []int {
	rendered = strings.TrimSpace(rendered)
	key, _, keyed := strings.Cut(rendered, ":")
	var same, alike []int
	for at, line := range source {
		line = strings.TrimSpace(line)
		switch {
		case rendered == "":
		case line == rendered:
			same = append(same, at+1)
		case keyed && strings.HasPrefix(line, key+":"):
			alike = append(alike, at+1)
		}
	}
	if len(same) > 0 && !more {
		return same
	}
	return append(same, alike...)
}

func sole(lines []int) int {
	if len(lines) == 1 {
		return lines[0]
	}
	return 0
}

func nearest(lines []int, to int) int {
	best := lines[0]
	for _, line := range lines {
		if magnitude(line-to) < magnitude(best-to) {
			best = line
		}
	}
	return best
}
