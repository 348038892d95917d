package render

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

var yamlLine = regexp.MustCompile(`yaml: line (\d+)`)

// excerpt adds to an error about rendered YAML the lines that it is about, which Helm keeps to itself, and the line of
// the template that they come from, where only one can be it.
func (i Installation) excerpt(problem *fault.Error, functions *functions, capabilities *common.Capabilities) {
	found := yamlLine.FindStringSubmatch(problem.Message)
	if found == nil || problem.Template == "" || problem.TemplateLine != 0 {
		return
	}
	line, _ := strconv.Atoi(found[1])
	lines := broken(i.again(functions, capabilities)[problem.Template])
	if line < 1 || line > len(lines) {
		return
	}
	shown := []string{problem.Message, "rendered:"}
	for at := max(line-1, 1); at <= min(line+1, len(lines)); at++ {
		shown = append(shown, fmt.Sprintf("%4d | %s", at, lines[at-1]))
	}
	problem.Message = strings.Join(shown, "\n")
	problem.TemplateLine = origin(i.source(problem.Template), lines[line-1])
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
	documents := releaseutil.SplitManifests(text)
	names := make([]string, 0, len(documents))
	for name := range documents {
		names = append(names, name)
	}
	sort.Sort(releaseutil.BySplitManifestsOrder(names))
	for _, name := range names {
		var node yaml.Node
		if yaml.Unmarshal([]byte(documents[name]), &node) != nil {
			return strings.Split(documents[name], "\n")
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

// origin returns the line of a template that a rendered line comes from, 0 where none or several may be it: it is the
// same, or has the same key.
func origin(template, rendered string) int {
	rendered = strings.TrimSpace(rendered)
	key, _, keyed := strings.Cut(rendered, ":")
	same, alike := 0, 0
	for at, line := range strings.Split(template, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == rendered && same == 0:
			same = at + 1
		case line == rendered:
			return 0
		case keyed && strings.HasPrefix(line, key+":") && alike == 0:
			alike = at + 1
		case keyed && strings.HasPrefix(line, key+":"):
			alike = -1
		}
	}
	if same > 0 {
		return same
	}
	return max(alike, 0)
}
