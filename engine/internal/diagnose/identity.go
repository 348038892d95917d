package diagnose

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

func decimal(number int) string { return strconv.Itoa(number) }

// duplicateID explains an object that is there twice: the fault is at the second, the message names the first.
func duplicateID(s *scene, match []string) *fault.Error {
	id := parseID(match[1])
	found := s.build.declaring(id, s.scope())
	problem := s.atEntry(s.entry, fault.Build, "may not add resource with an already registered id: "+id.String(), "remove or rename one of the two")
	if len(found) > 0 {
		second := found[len(found)-1]
		problem = s.within(second.file, second.line, 0, fault.Build, problem.Message, problem.Remedy)
		problem.Chain = append(s.chain[:len(s.chain):len(s.chain)], s.build.chainFrom(s.dir, second.file)...)
		if len(found) > 1 {
			problem.Message += ", which " + found[0].file + ":" + decimal(found[0].line) + " has"
		} else {
			problem.Message += "; its file is included twice" + s.build.inclusions(s.dir, second.file)
			problem.File, problem.Line = s.file, s.source.lineOf(bases, is(s.entry))
			problem.Chain = s.chain
		}
	}
	problem.Resource = id.String()
	return problem
}

// inclusions names the two entries by which a file is included twice, as far as the ways to it differ.
func (b Build) inclusions(dir, file string) string {
	ways := b.ways(dir, file, nil, 0)
	if len(ways) < 2 {
		return ""
	}
	one, other := ways[0], ways[1]
	for len(one) > 1 && len(other) > 1 && one[len(one)-1] == other[len(other)-1] {
		one, other = one[:len(one)-1], other[:len(other)-1]
	}
	return ", by " + one[len(one)-1].text() + " and " + other[len(other)-1].text()
}

// ways returns the first two chains of entries that lead from a directory to a file.
func (b Build) ways(dir, file string, way []step, found int) [][]step {
	s := b.scene(dir)
	var ways [][]step
	for _, f := range s.source.fields {
		if !f.scalar || !bases.MatchString(f.path) || f.value == "" || len(f.value) > longestPath || len(way) > maxNesting {
			continue
		}
		on := append(way[:len(way):len(way)], step{s.file, f.line})
		if target := s.resolve(f.value); target == file {
			ways = append(ways, on)
		} else if _, leads := b.search(target, file, map[string]bool{}); leads {
			ways = append(ways, b.ways(target, file, on, found+len(ways))...)
		}
		if found+len(ways) > 1 {
			break
		}
	}
	return ways
}

type step struct {
	file string
	line int
}

func (s step) text() string { return s.file + ":" + decimal(s.line) }

// scope returns the files that hold the resources up to this scene's entry, and that entry's own.
func (s *scene) scope() []string {
	var files []string
	seen := map[string]bool{}
	for _, value := range s.source.values(bases) {
		target := s.resolve(value)
		if s.build.isDir(target) {
			s.build.collect(target, seen, &files)
		} else if s.build.isFile(target) {
			files = append(files, target)
		}
		if value == s.entry && s.source.lineOf(bases, is(value)) > 0 && count(s.source.values(bases), value) < 2 {
			break
		}
	}
	if s.file == "" {
		files = s.build.readsBelow(s.dir)
	}
	return unique(files)
}

func count(values []string, wanted string) int {
	found := 0
	for _, value := range values {
		if value == wanted {
			found++
		}
	}
	return found
}

func unique(values []string) []string {
	seen := map[string]bool{}
	kept := values[:0:0]
	for _, value := range values {
		if !seen[value] {
			seen[value] = true
			kept = append(kept, value)
		}
	}
	return kept
}

// namespaceConflict explains two objects that one namespace makes the same.
func namespaceConflict(s *scene, match []string) *fault.Error {
	decoder := json.NewDecoder(strings.NewReader(strings.TrimPrefix(match[1], "[")))
	var id resID
	var content struct {
		Kind     string
		Metadata struct{ Name, Namespace string }
	}
	for decoder.More() && decoder.Decode(&content) == nil {
		id = resID{kind: content.Kind, name: content.Metadata.Name, space: content.Metadata.Namespace}
	}
	found := s.build.declaring(id, s.build.manifests(s.dir))
	if id.kind == "Namespace" {
		found = nil
		for _, file := range s.build.manifests(s.dir) {
			for _, o := range s.build.objects(file) {
				if o.kind == id.kind {
					found = append(found, o)
				}
			}
		}
	}
	message := "namespace transformation produces ID conflict: " + id.String()
	remedy := "rename one of them, or leave the namespace to the objects"
	field := "namespace"
	if _, set := s.spec()["targetNamespace"]; set {
		field = "spec.targetNamespace"
	}
	if len(found) < 2 {
		if field != "namespace" {
			return atField(field, fault.Build, message, remedy)
		}
		return s.at(s.source.keyLine(field), fault.Build, message, remedy)
	}
	first, second := found[0], found[len(found)-1]
	problem := s.within(second.file, second.name, 0, fault.Build,
		message+"; the other is in "+first.file+":"+decimal(first.name), remedy)
	problem.Chain = append(s.chain[:len(s.chain):len(s.chain)], s.build.chainFrom(s.dir, second.file)...)
	problem.Resource = id.String()
	return problem
}

// chainTo returns the kustomization files that lead from the top to a file.
func (b Build) chainTo(file string) []fault.Place { return b.chainFrom(b.Dir, file) }

// chainFrom returns the kustomization files that lead from a directory to a file, each with the line that names the
// next; nothing where none does.
func (b Build) chainFrom(dir, file string) []fault.Place {
	chain, _ := b.search(dir, file, map[string]bool{})
	return chain
}

func (b Build) search(dir, file string, seen map[string]bool) ([]fault.Place, bool) {
	s := b.scene(dir)
	if seen[dir] || s.file == "" {
		return nil, false
	}
	seen[dir] = true
	if s.file == file {
		return nil, true
	}
	for _, f := range s.source.fields {
		if !f.scalar || f.value == "" || len(f.value) > longestPath {
			continue
		}
		target := s.resolve(f.value)
		place := fault.Place{File: s.file, Line: f.line}
		if target == file {
			return []fault.Place{place}, true
		}
		if !bases.MatchString(f.path) || !b.isDir(target) {
			continue
		}
		if rest, found := b.search(target, file, seen); found {
			return append([]fault.Place{place}, rest...), true
		}
	}
	return nil, false
}

const longestPath = 1000
