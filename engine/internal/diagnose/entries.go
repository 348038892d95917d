package diagnose

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

var (
	unparsable   = regexp.MustCompile(`(?s)^unable to parse SM or JSON patch from \[(.*)\]$`)
	generators   = regexp.MustCompile(`^(?:configMapGenerator|secretGenerator)\[\d+\]`)
	generated    = regexp.MustCompile(`^(?:configMapGenerator|secretGenerator)\[\d+\]\.name$`)
	replacements = regexp.MustCompile(`^replacements\[`)
)

// configuring explains a built-in plugin that refuses its configuration, which kustomize quotes.
func configuring(s *scene, match []string) *fault.Error {
	text := strings.TrimSpace(match[3])
	if strings.Contains(text, "must specify --enable-helm") {
		return charts(s, nil)
	}
	if quotation := unparsable.FindStringSubmatch(text); quotation != nil {
		return s.badPatch(strings.TrimSpace(quotation[1]))
	}
	if strings.HasPrefix(match[1], "PatchStrategicMerge") {
		if problem := s.badMergePatch(); problem != nil {
			return problem
		}
	}
	inner := s.with(text)
	if match := missingFile.FindStringSubmatch(text); match != nil {
		return inner.missing(strings.TrimPrefix(match[1], "./"))
	}
	if outsidePath.MatchString(text) || strings.Contains(text, "yaml: ") && !strings.Contains(text, "\n") {
		return inner.explain()
	}
	message, _, _ := strings.Cut(text, "\n")
	message = strings.TrimSuffix(message, " in")
	problem := s.at(s.configured(match[2]), fault.Build, match[1]+": "+message, "")
	if problem.Line == 0 && s.outermost() {
		if field := s.configuredField(match[2]); field != "" {
			return atField(field, fault.Build, problem.Message, "")
		}
	}
	return problem
}

// configured returns the line of the entry that gave a plugin its configuration: the first to hold one of its values.
func (s *scene) configured(config string) int {
	for _, f := range fieldsOf([]byte(config)) {
		if f.scalar && f.value != "" {
			if line := s.source.lineOf(nil, is(f.value)); line > 0 {
				return line
			}
		}
	}
	return 0
}

func (s *scene) configuredField(config string) string {
	var fields any
	_ = yaml.Unmarshal([]byte(config), &fields)
	for _, wanted := range flatten(fields) {
		if f, found := findIn(flatten(s.spec()), nil, is(wanted.value)); found && wanted.value != "" {
			return "spec." + f.path
		}
	}
	return ""
}

// keyValues explains what a generator can't read.
func keyValues(s *scene, match []string) *fault.Error {
	inner := s.with(match[2])
	inner.entry = ""
	if missingFile.MatchString(match[2]) || outsidePath.MatchString(match[2]) {
		return inner.explain()
	}
	for _, value := range s.source.values(generators) {
		if strings.Contains(match[2], "source "+value) || strings.Contains(match[2], "source \""+value+"\"") {
			return s.at(s.source.lineOf(generators, is(value)), fault.Build, match[2], "")
		}
		if file := s.resolve(value); s.build.isFile(file) && strings.Contains(match[1], value) {
			return s.within(file, 0, s.source.lineOf(generators, is(value)), fault.Build, match[2], "")
		}
	}
	return nil
}

// generatorClash explains a generated object that is there already, or that isn't there to be merged with.
func generatorClash(s *scene, match []string) *fault.Error {
	id := resID{kind: match[1], name: match[2]}
	remedy := "set behavior: merge or behavior: replace, or rename it"
	message := id.String() + " " + match[3] + "; " + match[4]
	if match[3] == "exists" {
		if found := s.build.declaring(id, s.scope()); len(found) > 0 {
			message += "; the other is in " + found[0].file + ":" + decimal(found[0].line)
		}
	} else {
		remedy = "take behavior out, or correct the name; " + s.build.candidates(id)
	}
	line := 0
	for _, f := range s.source.fields {
		if generated.MatchString(f.path) && f.value == match[2] {
			line = f.line
		}
	}
	problem := s.at(line, fault.Build, message, remedy)
	problem.Resource = id.String()
	return problem
}

func repeatedKey(s *scene, match []string) *fault.Error {
	line := s.source.lineOf(generated, is(match[1]))
	for _, f := range s.source.fields {
		if key, _, _ := strings.Cut(f.value, "="); generators.MatchString(f.path) && key == match[2] && f.scalar {
			line = f.line
		}
	}
	return s.at(line, fault.Build, strings.TrimSpace(s.text), "")
}

func namelessGenerator(s *scene, match []string) *fault.Error {
	field := map[string]string{"configmap": "configMapGenerator", "secret": "secretGenerator"}[match[1]]
	named := map[string]bool{}
	for _, f := range s.source.fields {
		if generated.MatchString(f.path) {
			named[strings.TrimSuffix(f.path, ".name")] = true
		}
	}
	for _, f := range s.source.fields {
		if strings.HasPrefix(f.path, field+"[") && strings.HasSuffix(f.path, "]") && strings.Count(f.path, "[") == 1 && !named[f.path] {
			return s.at(f.line, fault.Build, strings.TrimSpace(s.text), "add name")
		}
	}
	return s.at(s.source.keyLine(field), fault.Build, strings.TrimSpace(s.text), "add name")
}

// replacementSource explains a replacement whose source isn't built.
func replacementSource(s *scene, match []string) *fault.Error {
	id := parseID(match[1])
	return s.inReplacements(id.name, "nothing selected by "+id.String(), s.build.candidates(id))
}

func replacementField(s *scene, match []string) *fault.Error {
	remedy := "correct the path, or set options.create in the target"
	message := "unable to find field " + inQuotes(match[1]) + " in replacement target"
	if len(match) > 2 {
		message = "fieldPath " + inQuotes(match[1]) + " is missing for replacement source " + parseID(match[2]).String()
		remedy = "correct fieldPath"
	}
	return s.inReplacements(match[1], message, remedy)
}

// inReplacements returns a fault at a value among the replacements, in the kustomization or in files that it names.
func (s *scene) inReplacements(value, message, remedy string) *fault.Error {
	if line := s.source.lineOf(replacements, is(value)); line > 0 && value != "" {
		return s.at(line, fault.Build, message, remedy)
	}
	for _, named := range s.source.values(replacements) {
		file := s.resolve(named)
		if line := s.build.read(file).lineOf(nil, is(value)); line > 0 {
			return s.within(file, line, s.source.lineOf(replacements, is(named)), fault.Build, message, remedy)
		}
	}
	return s.at(s.source.keyLine("replacements"), fault.Build, message, remedy)
}

func replicas(s *scene, match []string) *fault.Error {
	return s.at(s.source.lineOf(regexp.MustCompile(`^replicas\[`), is(match[1])), fault.Build,
		"no Deployment, StatefulSet, ReplicaSet or ReplicationController is named "+match[1], "")
}

func variable(s *scene, match []string) *fault.Error {
	return s.at(s.source.lineOf(regexp.MustCompile(`^vars\[\d+\]\.name$`), is(match[1])), fault.Build,
		"the var "+match[1]+" cannot be mapped to a field in the set of known resources", "")
}

// unsuitableField explains an object whose field isn't what a transformer needs.
func unsuitableField(s *scene, match []string) *fault.Error {
	id := parseID(match[2])
	message, _, _ := strings.Cut(match[3], ": node contents")
	message = "the field " + strings.ReplaceAll(match[1], "/", ".") + " of " + id.String() + " can't be transformed: " + message
	found := s.build.declaring(id, s.build.manifests(s.dir))
	if len(found) == 0 {
		return s.at(0, fault.Build, message, "")
	}
	problem := s.within(found[0].file, found[0].line, 0, fault.Build, message, "")
	problem.Chain = append(s.chain[:len(s.chain):len(s.chain)], s.build.chainFrom(s.dir, found[0].file)...)
	problem.Resource = id.String()
	return problem
}

var selectors = regexp.MustCompile(`\.(?:labelSelector|annotationSelector)$`)

// badSelector explains a selector of labels or annotations that doesn't parse.
func badSelector(s *scene, _ []string) *fault.Error {
	for _, value := range append(s.source.values(selectors), valuesOf(flatten(s.spec()), selectors)...) {
		if _, err := labels.Parse(value); err != nil {
			return s.atEntry(value, fault.Build, "not a label selector: "+value+" ("+err.Error()+")", "")
		}
	}
	return nil
}

func valuesOf(fields []field, paths *regexp.Regexp) []string {
	return (&source{fields: fields}).values(paths)
}

// badRegexp explains a selector that isn't a regular expression; kustomize anchors it before it complains.
func badRegexp(s *scene, match []string) *fault.Error {
	return s.atEntry(match[1], fault.Build, "not a regular expression: "+match[1]+" (error parsing regexp)",
		"selectors are regular expressions: escape what they mean literally")
}

func remoteComponent(s *scene, match []string) *fault.Error {
	return s.atEntry(match[1], fault.Refused, strings.TrimSpace(s.text), "put the component into the source")
}

func badSpecList(s *scene, match []string) *fault.Error {
	field := "spec." + match[1]
	if position := regexp.MustCompile(`patch (\d+) to map`).FindStringSubmatch(match[2]); position != nil {
		return atField(field+"["+position[1]+"]", fault.Build, "an entry of "+field+" is not an object", "")
	}
	return atField(field, fault.Build, strings.TrimSpace(s.text), "")
}

func badSpecField(_ *scene, match []string) *fault.Error {
	return atField(match[1], fault.Build, match[1]+": "+match[2], "")
}
