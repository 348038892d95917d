package diagnose

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// about returns the file whose contents this scene's text is about, and the line that names it.
func (s *scene) about() (file string, named int) {
	if s.entry == "" {
		return s.file, 0
	}
	return s.resolve(s.entry), s.source.lineOf(nil, is(s.entry))
}

func notYAML(s *scene, match []string) *fault.Error {
	file, named := s.about()
	if separator, found := strings.CutPrefix(s.text, "invalid document separator: "); found {
		line := s.build.read(file).textLine(separator)
		return s.within(file, line, named, fault.YAML, strings.TrimSpace(s.text), "put nothing but a comment after the ---")
	}
	data := s.build.read(file).data
	line, message, broken := syntax(data)
	if !broken && s.entry == "" {
		for _, value := range s.source.values(configuration) {
			other := s.build.read(s.resolve(value))
			if line, message, broken := syntax(other.data); broken {
				named := s.source.lineOf(configuration, is(value))
				return s.within(other.name, line, named, fault.YAML, "yaml: "+message, remedyFor(other.data, line, message))
			}
		}
	}
	if !broken {
		message = inFileSuffix.ReplaceAllString(yamlPosition.ReplaceAllString(wrapped.ReplaceAllString(s.text, ""), ""), "")
		if key := regexp.MustCompile(`mapping key "(.*?)" already defined`).FindStringSubmatch(s.text); key != nil {
			return duplicatedKey(s, key)
		}
	}
	return s.within(file, line, named, fault.YAML, "yaml: "+message, remedyFor(data, line, message))
}

// configuration are the fields that name files of YAML other than manifests and patches.
var configuration = regexp.MustCompile(`^(?:configurations|crds|transformers|generators|validators)\[|^replacements\[\d+\]\.path$|^openapi\.path$`)

func (s *source) textLine(text string) int {
	for number, line := range strings.Split(string(s.data), "\n") {
		if strings.Contains(line, text) {
			return number + 1
		}
	}
	return 0
}

// duplicatedKey finds a mapping that has a key twice, in the files read where the scene names none.
func duplicatedKey(s *scene, match []string) *fault.Error {
	message := "mapping key " + inQuotes(match[1]) + " already defined"
	files := s.build.manifests(s.dir)
	if s.inFile || s.file == "" {
		file, _ := s.about()
		files = append([]string{file}, files...)
	}
	for _, file := range append(files, s.build.Reads...) {
		if second, first := duplicateKey(s.build.read(file).data, match[1]); second > 0 {
			problem := s.within(file, second, s.source.lineOf(nil, s.resolvesTo(file)), fault.YAML,
				message+" at line "+decimal(first), "merge the two")
			if s.entry == "" {
				problem.Chain = s.build.chainTo(file)
			}
			return problem
		}
	}
	return nil
}

func (s *scene) resolvesTo(file string) func(string) bool {
	return func(value string) bool { return s.resolve(value) == file }
}

// notObject explains a document that isn't a Kubernetes object.
func notObject(s *scene, _ []string) *fault.Error {
	file, named := s.about()
	o, what := lacking(s.build.objects(file))
	if what == "" {
		return s.within(file, 0, named, fault.YAML, strings.TrimSpace(s.text), "")
	}
	return s.within(file, o.line, named, fault.YAML, "not a Kubernetes object: missing "+what, notObjectRemedy(what))
}

func notObjectRemedy(what string) string {
	if strings.HasPrefix(what, "apiVersion,") {
		return "list manifests only under resources; other files belong to generators, patches or Helm values"
	}
	return "add " + what
}

// generatedFrom explains a file that Flux takes for a manifest as the directory has no kustomization file.
func generatedFrom(s *scene, match []string) *fault.Error {
	inner := *s
	inner.text, inner.dir, inner.file = match[2], "", ""
	inner.entry, inner.source = match[1], &source{}
	problem := (&inner).explain()
	if problem.Remedy == "" || strings.Contains(problem.Message, "Kubernetes object") {
		problem.Remedy = "Flux takes each YAML file of a directory without kustomization.yaml for a manifest: " +
			"exclude others with .sourceignore, or add a kustomization.yaml"
	}
	return problem
}

// undecodable explains an object that has lost, or never had, its apiVersion, kind or name.
func undecodable(s *scene, match []string) *fault.Error {
	var content struct {
		APIVersion, Kind string
		Metadata         struct{ Name, Namespace string }
	}
	_ = json.Unmarshal([]byte(match[1]), &content)
	id := resID{kind: content.Kind, name: content.Metadata.Name}
	for _, file := range s.build.manifests(s.dir) {
		for _, o := range s.build.objects(file) {
			if _, what := lacking([]object{o}); what != "" && o.kind == id.kind && (o.title == id.name || o.title == "") {
				problem := s.within(file, o.line, 0, fault.YAML, "not a Kubernetes object: missing "+what, notObjectRemedy(what))
				problem.Chain = s.build.chainTo(file)
				return problem
			}
		}
	}
	return s.at(0, fault.YAML, "an object has no apiVersion, kind or name: "+shorten(match[1]), "")
}

const longestQuote = 200

func shorten(text string) string {
	if len(text) <= longestQuote {
		return text
	}
	return strings.ToValidUTF8(text[:longestQuote], "") + "…"
}

func unknownField(s *scene, match []string) *fault.Error {
	line := s.source.keyLine(match[1])
	remedy := "see the fields of kustomization.yaml"
	if near := nearest(match[1], kustomizationFields(line > 0 && s.source.topLevel(match[1]))); near != "" {
		remedy = "did you mean " + inQuotes(near) + "?"
	}
	return s.at(line, fault.Build, "invalid Kustomization: unknown field "+inQuotes(match[1]), remedy)
}

func (s *source) topLevel(key string) bool {
	for _, f := range s.fields {
		if f.path == key {
			return true
		}
	}
	return false
}

// kustomizationFields lists the fields of a kustomization file, those below its top level too unless only that is asked for.
func kustomizationFields(top bool) []string {
	var names []string
	seen := map[reflect.Type]bool{}
	var add func(reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for index := range t.NumField() {
			f := t.Field(index)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				names = append(names, name)
			}
			if !top || f.Anonymous {
				add(f.Type)
			}
		}
	}
	add(reflect.TypeFor[types.Kustomization]())
	return names
}

var pathOfStruct = regexp.MustCompile(`^[A-Z]\w*\.`)

// wrongType explains a value of another type than its field's.
func wrongType(s *scene, match []string) *fault.Error {
	field := pathOfStruct.ReplaceAllString(match[2], "")
	file, named := s.file, 0
	src := s.source
	if src.keyLine(field) == 0 {
		for _, value := range src.values(nil) {
			if target := s.resolve(value); s.build.isFile(target) && s.build.read(target).keyLine(field) > 0 {
				file, named, src = target, src.lineOf(nil, is(value)), s.build.read(target)
				break
			}
		}
	}
	remedy := ""
	if match[3] == "string" {
		remedy = "put the value in quotes"
	} else if strings.HasPrefix(match[3], "[]") {
		remedy = "make it a list"
	}
	return s.within(file, src.wrongLine(field, match[1]), named, fault.Build,
		"cannot unmarshal "+match[1]+" into field "+field+" of type "+strings.TrimPrefix(match[3], "types."), remedy)
}

// wrongLine returns the line of the first value of a field that is of the given JSON type.
func (s *source) wrongLine(path, kind string) int {
	looks := map[string]*regexp.Regexp{
		"number": regexp.MustCompile(`^[-+]?[0-9.]+(?:e[-+]?\d+)?$`),
		"bool":   regexp.MustCompile(`^(?i:true|false|yes|no|on|off|y|n)$`),
	}
	for _, f := range s.fields {
		if kind == "string" && f.scalar && plainPath(f.path) == path && f.path != path {
			return f.line
		}
		inside := plainPath(f.path) == path || strings.HasSuffix(plainPath(f.path), "."+path) || strings.HasPrefix(plainPath(f.path), path+".")
		if look := looks[kind]; inside && f.scalar && f.style == 0 && look != nil && look.MatchString(f.value) {
			return f.line
		}
	}
	return s.keyLine(path)
}
