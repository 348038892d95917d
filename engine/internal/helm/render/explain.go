package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
)

// Bad is the code of templates that fail, and of post-renderers.
const Bad fault.Code = "helm"

// explain makes a fault of what Helm says.
func (i Installation) explain(err error) *fault.Error {
	message := err.Error()
	problem := fault.Of(err, Bad)
	switch {
	case problem.Code != Bad || problem.Field != "":
		return problem
	case strings.HasPrefix(message, schemaFailure):
		problem.Code, problem.Field = values.Bad, violation(message)
		return problem
	case strings.HasPrefix(message, "chart requires kubeVersion"), strings.Contains(message, "chart dependencies processing failed"),
		strings.Contains(message, "validation: "):
		problem.Code = chart.Bad
		return problem
	}
	i.locate(problem)
	return problem
}

const schemaFailure = "values don't meet the specifications of the schema(s) in the following chart(s):"

var violated = regexp.MustCompile(`(?m)^- at '(/?[^']*)'`)

// violation returns the path of the first value that a schema refuses: /ingress/hosts/0 becomes ingress.hosts[0], within
// the chart that is named before it.
func violation(message string) string {
	at := violated.FindStringSubmatchIndex(message)
	if at == nil {
		return ""
	}
	field := ""
	for _, part := range strings.Split(strings.TrimPrefix(message[at[2]:at[3]], "/"), "/") {
		if _, err := strconv.Atoi(part); err == nil {
			field += "[" + part + "]"
		} else if part != "" {
			field += "." + strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		}
	}
	return strings.TrimPrefix(field, ".")
}

var (
	// located is how Helm and text/template name a place: the template, its line, and maybe its column.
	located = regexp.MustCompile(`([^\s()"':]+/[^\s()"':]+):(\d+)(?::(\d+))?`)
	parsing = regexp.MustCompile(`(?:YAML parse error on|parsing|error parsing) ([^\s:]+/[^\s:]+)`)
	valued  = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
)

// longest is the length of the longest message, in bytes: templates that include themselves make endless ones.
const longest = 4 << 10

// shortened leaves out the middle of a long message.
func shortened(message string) string {
	if len(message) <= longest {
		return message
	}
	return strings.ToValidUTF8(message[:longest/2]+" … "+message[len(message)-longest/2:], "")
}

// locate names the template and its line that an error is about, and the value in the expression that failed. The last
// place that Helm names is the innermost, where the error happened.
func (i Installation) locate(problem *fault.Error) {
	if places := located.FindAllStringSubmatch(problem.Message, -1); len(places) > 0 {
		innermost := places[len(places)-1]
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
	if values := valued.FindAllStringSubmatch(problem.Message, -1); len(values) > 0 {
		problem.ValuesPath = strings.TrimPrefix(values[len(values)-1][1], ".")
	}
	if file, is := i.Chart.InTree(problem.Template); is && problem.Template != "" {
		problem.File, problem.Line = file, problem.TemplateLine
	}
}
