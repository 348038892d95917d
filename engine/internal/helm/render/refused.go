package render

import (
	"regexp"
	"strconv"
	"strings"

	helmchart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
)

const (
	schemaFailure = "values don't meet the specifications of the schema(s) in the following chart(s):"
	notAMap       = "invalid type for values: expected object (map)"
	schemaFile    = "values.schema.json"
)

var violated = regexp.MustCompile(`(?m)^- at '(/?[^']*)'`)

// refused names the value that a chart's schema refuses first, or the schema where it can't be used itself.
func (i Installation) refused(problem *fault.Error) {
	name, said, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(problem.Message, schemaFailure), "\n"), ":\n")
	below, _ := beneath(i.Chart.Chart, name)
	at := violated.FindStringSubmatch(said)
	switch {
	case strings.HasPrefix(said, notAMap):
		problem.Code, problem.Field = values.Bad, name
	case at == nil || strings.Contains(said, "is not valid against metaschema"):
		problem.Code = chart.Bad
		problem.Message = "the chart's " + schemaFile + " can't be used: " + said
		if file, is := i.Chart.InTree(strings.Join(append([]string{i.Chart.Name()}, folders(below)...), "/") + "/" + schemaFile); is {
			problem.File = file
		}
	default:
		problem.Code, problem.Field = values.Bad, valuePath(strings.Join(below, "."), at[1])
	}
}

// valuePath writes a path as values have it: /ingress/hosts/0 becomes ingress.hosts[0].
func valuePath(below, pointer string) string {
	path := below
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(part); err == nil {
			path += "[" + part + "]"
		} else if part != "" {
			path += "." + strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		}
	}
	return strings.TrimPrefix(path, ".")
}

// beneath returns the names that lead from a chart to one of those that it depends on; none to the chart itself.
func beneath(of *helmchart.Chart, name string) ([]string, bool) {
	if of.Name() == name {
		return nil, true
	}
	for _, child := range of.Dependencies() {
		if names, found := beneath(child, name); found {
			return append([]string{child.Name()}, names...), true
		}
	}
	return nil, false
}

func folders(names []string) []string {
	var parts []string
	for _, name := range names {
		parts = append(parts, "charts", name)
	}
	return parts
}
