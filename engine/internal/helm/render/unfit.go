package render

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// afterwards begins what Helm says of what post-renderers can't read, which is all templates as one text.
const afterwards = "error while running post render on "

var (
	noKind = regexp.MustCompile(`^missing kind in object`)
	noName = regexp.MustCompile(`^missing metadata\.name in object \{\{\S* (\S*)\}`)
	twice  = regexp.MustCompile(`^may not add resource with an already registered id: (.*)`)
)

// unfit finds the template whose objects kustomize doesn't take, and the line of it that they come from.
func (i Installation) unfit(problem *fault.Error, functions *functions, capabilities *common.Capabilities) {
	rendered := i.again(functions, capabilities)
	all := resmap.New()
	givenBy := map[string]string{}
	for _, template := range slices.Sorted(maps.Keys(rendered)) {
		if strings.HasPrefix(path.Base(template), "_") || strings.HasSuffix(template, "NOTES.txt") {
			continue
		}
		for _, text := range documentsOf(rendered[template]) {
			resources, err := taken([]byte(text))
			if err == nil {
				err = all.AppendAll(resources)
			}
			if err != nil {
				i.blame(problem, template, text, err.Error(), givenBy)
				return
			}
			for _, resource := range resources.Resources() {
				givenBy[resource.CurId().String()] = template
			}
		}
	}
}

// taken returns the objects in a text that are read and written again.
func taken(text []byte) (resmap.ResMap, error) {
	resources, err := resourcesOf(text)
	if err == nil {
		_, err = resources.AsYaml()
	}
	return resources, err
}

func (i Installation) blame(problem *fault.Error, template, text, said string, givenBy map[string]string) {
	problem.Template = template
	said = strings.TrimPrefix(said, "map[string]interface {}(nil): ")
	lines := strings.Split(text, "\n")
	keys := []string{"name:", "kind:", "apiVersion:"}
	switch {
	case noKind.MatchString(said):
		said, keys = "an object has no kind", keys[2:]
	case noName.MatchString(said):
		said, keys = fmt.Sprintf("a %s has no metadata.name", noName.FindStringSubmatch(said)[1]), keys[1:]
	case twice.MatchString(said):
		id := twice.FindStringSubmatch(said)[1]
		said += ", which is in " + givenBy[id] + " already"
		if file, is := i.Chart.InTree(givenBy[id]); is {
			problem.Chain = []fault.Place{{File: file}}
		}
	}
	problem.Message = fmt.Sprintf("parsing %s: %s", template, said)
	if found := yamlLine.FindAllStringSubmatch(said, -1); found != nil {
		i.show(problem, lines, found[len(found)-1][1])
	} else {
		problem.TemplateLine = i.lineOf(template, lines, keys)
	}
	i.inTree(problem)
}

// lineOf returns the line of a template that the first of some keys of a rendered object comes from, 0 where that isn't
// certain.
func (i Installation) lineOf(template string, lines, keys []string) int {
	for _, key := range keys {
		for at, line := range lines {
			if strings.HasPrefix(strings.TrimSpace(line), key) {
				if found := origin(i.source(template), lines, at); found > 0 {
					return found
				}
			}
		}
	}
	return 0
}

// documentsOf returns the documents of a text, in their order.
func documentsOf(text string) []string {
	documents := releaseutil.SplitManifests(text)
	names := slices.Collect(maps.Keys(documents))
	sort.Sort(releaseutil.BySplitManifestsOrder(names))
	ordered := make([]string, len(names))
	for at, name := range names {
		ordered[at] = documents[name]
	}
	return ordered
}
