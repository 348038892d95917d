package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
)

// Bad is the code of templates that fail, and of post-renderers.
const Bad fault.Code = "helm"

// explain makes a fault of what Helm says.
func (i Installation) explain(err error, functions *functions, capabilities *common.Capabilities) *fault.Error {
	message := err.Error()
	problem := fault.Of(err, Bad)
	switch {
	case problem.Code != Bad || problem.Field != "":
		return problem
	case strings.HasPrefix(message, schemaFailure):
		i.refused(problem)
	case mismatched.MatchString(message):
		name := mismatched.FindStringSubmatch(message)[1]
		problem.Code, problem.Field = values.Bad, name
		problem.Message = "the values of the chart " + name + " must be a map"
	case strings.HasPrefix(message, "chart requires kubeVersion"), strings.Contains(message, "chart dependencies processing failed"),
		strings.Contains(message, "validation: "):
		problem.Code = chart.Bad
	case strings.HasPrefix(message, "release name check failed") && i.Release.Spec.ReleaseName != "":
		problem.Field = "spec.releaseName"
	case strings.HasPrefix(message, afterwards):
		i.unfit(problem, functions, capabilities)
	default:
		i.locate(problem)
		i.excerpt(problem, functions, capabilities)
	}
	problem.Message = shortened(problem.Message)
	return problem
}

var (
	// located is how Helm and text/template name a place: the template, its line, and maybe its column.
	located = regexp.MustCompile(`([^\s()"':]+/[^\s()"':]+):(\d+)(?::(\d+))?`)
	parsing = regexp.MustCompile(`(?:YAML parse error on|parsing|error parsing) ([^\s:]+/[^\s:]+)`)
)

// mismatched is how Helm says that a value that has a chart's name isn't what a chart's values are.
var mismatched = regexp.MustCompile(`type mismatch on (\S+):`)

// longest is the length of the longest message, in bytes: templates that include themselves make endless ones.
const longest = 4 << 10

// shortened leaves out the middle of a long message.
func shortened(message string) string {
	if len(message) <= longest {
		return message
	}
	return strings.ToValidUTF8(message[:longest/2]+" … "+message[len(message)-longest/2:], "")
}

// locate names the template and its line that an error is about, and the value that led there. The last place that Helm
// names is the innermost, where the error happened; the first is of the chart whose values are meant.
func (i Installation) locate(problem *fault.Error) {
	outermost := ""
	if places := located.FindAllStringSubmatch(problem.Message, -1); len(places) > 0 {
		innermost := places[len(places)-1]
		outermost = places[0][1]
		problem.Template = innermost[1]
		problem.TemplateLine, _ = strconv.Atoi(innermost[2])
		for _, place := range places[:len(places)-1] {
			line, _ := strconv.Atoi(place[2])
			if file, is := i.Chart.InTree(place[1]); is {
				problem.Chain = append(problem.Chain, fault.Place{File: file, Line: line})
			}
			problem.Chain = slices.Compact(problem.Chain)
		}
	} else if place := parsing.FindStringSubmatch(problem.Message); place != nil {
		problem.Template = place[1]
	}
	problem.ValuesPath = i.cause(problem, outermost)
	i.inTree(problem)
}

// inTree names the file of a template that lies in the tree.
func (i Installation) inTree(problem *fault.Error) {
	if file, is := i.Chart.InTree(problem.Template); is && problem.Template != "" {
		problem.File, problem.Line = file, problem.TemplateLine
	}
}
