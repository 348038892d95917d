package diagnose

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// mostTries and longestTrying bound the search for an entry at fault.
	mostTries     = 60
	longestTrying = 2 * time.Second
)

// tried are the lists of a kustomization whose entries are left out in turn, in the order in which kustomize works.
var tried = []string{
	"patchesStrategicMerge", "patches", "patchesJson6902", "replacements", "images", "replicas", "labels", "vars",
	"configMapGenerator", "secretGenerator", "transformers", "validators", "generators", "configurations", "crds", "components", "resources",
}

// byTrying finds the entry without which this scene's kustomization fails in another way or not at all. For a
// kustomization that the Flux object adds to, that object's patches count as well.
func (s *scene) byTrying(text string) *fault.Error {
	if s.build.Retry == nil || s.file == "" {
		return nil
	}
	fields := map[string]any{}
	if yaml.Unmarshal(s.source.data, &fields) != nil {
		return nil
	}
	sizes := map[string]int{}
	for _, list := range tried {
		entries, _ := fields[list].([]any)
		sizes[list] = len(entries)
		if added, _ := s.spec()[list].([]any); added != nil {
			fields[list] = append(entries, added...)
		}
	}
	if !s.failsAlike(fields, text) {
		return nil
	}
	started := time.Now()
	tries := 0
	for _, list := range tried {
		entries, _ := fields[list].([]any)
		for index := range entries {
			if tries++; tries > mostTries || time.Since(started) > longestTrying {
				return nil
			}
			fields[list] = append(append([]any(nil), entries[:index]...), entries[index+1:]...)
			if s.failsAlike(fields, text) {
				continue
			}
			if index >= sizes[list] {
				return atField("spec."+list+"["+strconv.Itoa(index-sizes[list])+"]", fault.Build, text, "")
			}
			return s.atTried(list, index, text)
		}
		if entries != nil {
			fields[list] = entries
		}
	}
	return s.withoutKey(fields, text)
}

// withoutKey finds the field at fault among those that aren't lists.
func (s *scene) withoutKey(fields map[string]any, text string) *fault.Error {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if _, list := fields[key].([]any); list || key == "kind" || key == "apiVersion" {
			continue
		}
		others := maps.Clone(fields)
		delete(others, key)
		if !s.failsAlike(others, text) {
			return s.at(s.source.keyLine(key), fault.Build, text, "")
		}
	}
	return nil
}

// failsAlike builds with other fields, and tells whether that gives the same error.
func (s *scene) failsAlike(fields map[string]any, text string) bool {
	data, err := json.Marshal(fields)
	if err != nil {
		return false
	}
	err = s.build.Retry(s.dir, s.file, data)
	if err == nil {
		return false
	}
	inner := Build{View: s.build.View, Dir: s.dir}.peel(relative(err.Error()))
	return inner.dir == s.dir && strings.TrimSpace(inner.text) == text
}

var nodeContents = regexp.MustCompile(`(?s)^(.*?): node contents:\n(.*)$`)

// atTried returns a fault at an entry, or in the file of a patch that holds what the error quotes.
func (s *scene) atTried(list string, index int, text string) *fault.Error {
	line := s.lineOfEntry(list, index)
	match := nodeContents.FindStringSubmatch(text)
	if match == nil {
		return s.at(line, fault.Build, text, "")
	}
	remedy := "write the field as the patched object has it: " + shapes.Replace(match[1])
	for _, p := range s.patches() {
		if entry := p.line; entry < line || list == "resources" || s.lineAfter(list, index) > 0 && entry >= s.lineAfter(list, index) {
			continue
		}
		quoted := strings.TrimSpace(match[2])
		for _, f := range fieldsOf([]byte(p.text)) {
			if f.scalar && f.value == quoted && quoted != "" {
				return s.in(p, f.line, fault.Build, match[1], remedy)
			}
		}
		return s.in(p, 1, fault.Build, match[1], remedy)
	}
	return s.at(line, fault.Build, match[1], remedy)
}

// shapes are the words for kyaml's kinds of nodes.
var shapes = strings.NewReplacer(
	"wrong node kind: ", "", "SequenceNode", "a list", "MappingNode", "a mapping", "ScalarNode", "a single value",
)

// lineAfter returns the line of the entry after one, 0 where it is the last.
func (s *scene) lineAfter(list string, index int) int {
	for _, f := range s.source.fields {
		if f.path == list+"["+strconv.Itoa(index+1)+"]" {
			return f.line
		}
	}
	return 0
}

func (s *scene) lineOfEntry(list string, index int) int {
	path := list + "[" + strconv.Itoa(index) + "]"
	for _, f := range s.source.fields {
		if f.path == path {
			return f.line
		}
	}
	return s.source.keyLine(list)
}
