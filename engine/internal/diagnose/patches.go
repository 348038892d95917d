package diagnose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// patch is a patch that this scene's kustomization names or holds.
type patch struct {
	// entry is where it stands in the kustomization: a line of the file, or a field of the Flux object.
	line  int
	field string
	// file is its own file, "" for an inline one, whose text begins at the line first; 0 where that isn't known.
	file  string
	first int
	text  string
	// merge is set for an entry of patchesStrategicMerge.
	merge bool
}

var patchEntries = regexp.MustCompile(`^(?:patches\[\d+\]\.(?:path|patch)|patchesStrategicMerge\[\d+\]|patchesJson6902\[\d+\]\.(?:path|patch))$`)

// patches lists them in the order of the file, then those of the Flux object.
func (s *scene) patches() []patch {
	var found []patch
	for _, f := range s.source.fields {
		if !f.scalar || !patchEntries.MatchString(f.path) {
			continue
		}
		p := patch{line: f.line, text: f.value, merge: strings.HasPrefix(f.path, "patchesStrategicMerge[")}
		if file := s.resolve(f.value); !strings.Contains(f.value, "\n") && s.build.isFile(file) {
			p.file, p.first, p.text = file, 1, string(s.build.read(file).data)
		} else if f.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			p.first = f.line + 1
		}
		found = append(found, p)
	}
	for _, f := range flatten(s.spec()) {
		if patchEntries.MatchString(f.path) {
			field := "spec." + f.path[:strings.IndexByte(f.path, ']')+1]
			found = append(found, patch{field: field, text: f.value})
		}
	}
	return found
}

// in returns a fault at a line of a patch's text, counted from 1.
func (s *scene) in(p patch, line int, code fault.Code, message, remedy string) *fault.Error {
	switch {
	case p.field != "":
		problem := atField(p.field, code, message, remedy)
		if problem.Line = line; line > 0 {
			problem.Field += ".patch"
		}
		return problem
	case p.file != "":
		return s.within(p.file, line, p.line, code, message, remedy)
	case p.first > 0 && line > 0:
		return s.at(p.first+line-1, code, message, remedy)
	default:
		return s.at(p.line, code, message, remedy)
	}
}

// unmatchedPatch explains a strategic merge patch for an object that isn't built.
func unmatchedPatch(s *scene, match []string) *fault.Error {
	id := parseID(match[1] + match[2])
	message := "no resource matches strategic merge patch " + id.String()
	if match[2] != "" {
		message = "more than one resource matches strategic merge patch " + id.String()
	}
	remedy := s.build.candidates(id)
	if len(s.build.manifests(s.build.Dir)) == 0 {
		remedy = "nothing is built here: list files or directories under resources"
	}
	if problem := s.otherType(id, message); problem != nil {
		return problem
	}
	for _, p := range s.patches() {
		for _, o := range objectsOf(p.file, []byte(p.text)) {
			if !id.equals(o) || o.space != id.space && id.space != "" {
				continue
			}
			problem := s.in(p, o.name, fault.Build, message, remedy)
			problem.Resource = id.String()
			return problem
		}
	}
	problem := s.byTrying(strings.TrimSpace(s.text))
	if problem == nil {
		problem = s.at(s.source.keyLine("patches"), fault.Build, message, "")
	}
	problem.Message, problem.Remedy, problem.Resource = message, remedy, id.String()
	return problem
}

// otherType explains a patch that matches nothing since its target's own file is wrong: the patch names a type that
// Kubernetes has, and the object of that name one that it doesn't have.
func (s *scene) otherType(id resID, message string) *fault.Error {
	o, found := s.build.instead(id)
	if !found || !isKubernetes(id.apiVersion(), id.kind) || isKubernetes(o.version, o.kind) {
		return nil
	}
	remedy := "write apiVersion: " + id.apiVersion()
	if o.kind != id.kind {
		remedy = "write kind: " + id.kind
	}
	problem := s.within(o.file, o.line, 0, fault.Build, message+": the one here is of "+o.version+", kind "+o.kind, remedy)
	problem.Chain = append(s.chain[:len(s.chain):len(s.chain)], s.build.chainFrom(s.dir, o.file)...)
	problem.Resource = id.String()
	return problem
}

// isKubernetes tells whether a type is one of those that kustomize knows of Kubernetes.
func isKubernetes(version, kind string) bool {
	_, known := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: version, Kind: kind})
	return known
}

var (
	pointer  = regexp.MustCompile(`(?:path: '|missing path: "?|^testing (?:value |path )?|key: ")?(/[^\s'":]+)`)
	opOf     = regexp.MustCompile(`^(?:error in )?(remove|replace|add|copy|move)\b|^(testing) |^Unexpected kind: (\S+)`)
	isJSONOp = regexp.MustCompile(`operation does not apply|^error in \w+ for path|^testing |test failed$|^Unexpected kind: |missing value$|Unable to `)
)

// jsonPatch explains an operation of a JSON patch that doesn't apply.
func jsonPatch(s *scene, _ []string) *fault.Error {
	text := strings.TrimSpace(s.text)
	if !isJSONOp.MatchString(text) {
		return nil
	}
	op, target := "", ""
	if match := opOf.FindStringSubmatch(text); match != nil {
		op = match[1] + match[3]
		if match[2] != "" {
			op = "test"
		}
	}
	if match := pointer.FindStringSubmatch(text); match != nil {
		target = strings.TrimSuffix(match[1], ":")
	}
	message := "the JSON patch does not apply: " + text
	var found []*fault.Error
	for _, p := range s.patches() {
		for _, o := range operations(p.text) {
			if o.op == op && (o.path == target || target == "") {
				found = append(found, s.in(p, o.line, fault.Build, message, jsonRemedy(op, text)))
			}
		}
	}
	if len(found) > 1 || len(found) == 0 {
		if tried := s.byTrying(text); tried != nil {
			for _, problem := range found {
				if strings.TrimSuffix(problem.Field, ".patch") == tried.Field && (tried.Field != "" || near(problem, tried)) {
					return problem
				}
			}
			if len(found) == 0 {
				tried.Message, tried.Remedy = message, jsonRemedy(op, text)
				return tried
			}
		}
	}
	if len(found) > 0 {
		return found[0]
	}
	return s.at(s.source.keyLine("patches"), fault.Build, message, jsonRemedy(op, text))
}

// near tells whether two faults are about the same patch: in the same file, or within the same entry.
func near(found, tried *fault.Error) bool {
	if found.File != tried.File {
		return len(found.Chain) > 0 && len(tried.Chain) < len(found.Chain) && found.Chain[len(found.Chain)-1].Line >= tried.Line
	}
	return found.Line >= tried.Line
}

func jsonRemedy(op, text string) string {
	switch {
	case op == "test":
		return "the value is another one by now"
	case op == "remove" || op == "replace":
		return "the path isn't in the object: correct it, or leave the operation out"
	case op == "add":
		return "the path's parent isn't in the object: add that first"
	case strings.HasPrefix(text, "Unexpected kind"):
		return "the operations are add, remove, replace, move, copy and test"
	}
	return ""
}

// operation is one of a JSON patch, at a line of its text.
type operation struct {
	op, path string
	line     int
}

func operations(text string) []operation {
	var node yaml.Node
	if yaml.Unmarshal([]byte(text), &node) != nil || len(node.Content) == 0 || node.Content[0].Kind != yaml.SequenceNode {
		return nil
	}
	var found []operation
	for _, item := range node.Content[0].Content {
		found = append(found, operation{op: scalar(item, "op"), path: scalar(item, "path"), line: item.Line})
	}
	return found
}

// patchEntry explains an entry that kustomize quotes as [path: "…"] or [patch: "…"].
func patchEntry(s *scene, match []string) *fault.Error {
	message, remedy := "a JSON patch needs a target", "name the objects to patch in the entry's target"
	if match[2] != "" {
		message = "several strategic merge patches in one entry can't have a target"
		remedy = "leave the target out, or make it one entry each"
	}
	for _, p := range s.patches() {
		if s.quotes(p, match[1]+match[2]) {
			if p.field != "" {
				return atField(p.field, fault.Build, message, remedy)
			}
			return s.at(p.line, fault.Build, message, remedy)
		}
	}
	return s.at(s.source.keyLine("patches"), fault.Build, message, remedy)
}

// quotes tells whether kustomize's quotation is that of a patch.
func (s *scene) quotes(p patch, quotation string) bool {
	if name, found := strings.CutPrefix(quotation, "path: "); found {
		return p.file != "" && fmt.Sprintf("%q", p.file) == fmt.Sprintf("%q", s.resolve(strings.Trim(name, `"`)))
	}
	if text, found := strings.CutPrefix(quotation, "patch: "); found && p.file == "" {
		quoted, err := strconv.Unquote(text)
		return err == nil && strings.TrimSpace(quoted) == strings.TrimSpace(p.text)
	}
	return false
}

// badMergePatch explains an entry of patchesStrategicMerge that is no object; nil where all of them are.
func (s *scene) badMergePatch() *fault.Error {
	for _, p := range s.patches() {
		if !p.merge {
			continue
		}
		if line, message, broken := syntax([]byte(p.text)); broken {
			return s.in(p, line, fault.YAML, "yaml: "+message, remedyFor([]byte(p.text), line, message))
		}
		if o, what := lacking(objectsOf("", []byte(p.text))); what != "" && s.exists(p) {
			return s.in(p, o.line, fault.YAML, "not a strategic merge patch: missing "+what, "add "+what)
		}
	}
	return nil
}

// exists tells whether a patch is what its text says, and not a file that isn't there.
func (s *scene) exists(p patch) bool { return p.file != "" || strings.Contains(p.text, "\n") }

// badPatch explains a patch that is neither kind.
func (s *scene) badPatch(quotation string) *fault.Error {
	for _, p := range s.patches() {
		if !s.quotes(p, quotation) {
			continue
		}
		if line, message, broken := syntax([]byte(p.text)); broken {
			return s.in(p, line, fault.YAML, "yaml: "+message, remedyFor([]byte(p.text), line, message))
		}
		objects := objectsOf("", []byte(p.text))
		message := "neither a strategic merge patch nor a JSON patch"
		if o, what := lacking(objects); what != "" && len(operations(p.text)) == 0 {
			return s.in(p, o.line, fault.YAML, message+": missing "+what, "add it; the target doesn't stand for it")
		}
		return s.in(p, 1, fault.YAML, message, "")
	}
	return nil
}
