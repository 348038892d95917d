package diagnose

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// rule explains the texts that match its pattern; a nil result leaves them to the next one.
type rule struct {
	pattern *regexp.Regexp
	explain func(s *scene, match []string) *fault.Error
}

func on(pattern string, explain func(*scene, []string) *fault.Error) rule {
	return rule{regexp.MustCompile(`(?s)` + pattern), explain}
}

// rules returns all that is known of the libraries' wording, the more specific first.
func rules() []rule {
	return []rule{
		on(`^trouble configuring builtin (\w+) with config: `+"`\n(.*?)`: (.*)$", configuring),
		on(`external plugins disabled; unable to load external plugin '(.*)'`, plugin),
		on(`must specify --enable-helm`, charts),
		on(`^failed to decode Kubernetes YAML from (.*?): (.*)$`, generatedFrom),
		on(`MalformedYAMLError|^error converting YAML to JSON|^yaml: |^invalid document separator|^invalid Kustomization: yaml: `, notYAML),
		on(`mapping key "(.*?)" already defined`, duplicatedKey),
		on(`^cycle detected: `, cycle),
		on(`cannot be absolute$`, absolute),
		on(outsidePath.String(), func(s *scene, match []string) *fault.Error { return s.outside(match[1]) }),
		on(missingKustomization.String(), noKustomization),
		on(`^expected kind (!?)=? ?'Component'`, wrongKind),
		on(`^Found multiple kustomization files under: `, twoFiles),
		on(`^Failed to read kustomization file under [^\n]*:\n(.*)$`, wrongHeader),
		on(`kustomization\.yaml is empty$`, empty),
		on(`json: unknown field "(.*)"`, unknownField),
		on(`json: cannot unmarshal (\S+) into Go struct field (\S+) of type (\S+)`, wrongType),
		on(`^failed to decode Kubernetes apiVersion, kind and name from: (.*)$`, undecodable),
		on(`missing Resource metadata|missing kind in object|missing metadata\.name in object|empty item at `, notObject),
		on(`may not add resource with an already registered id: (\S+)$`, duplicateID),
		on(`^namespace transformation produces ID conflict: (.*)$`, namespaceConflict),
		on(`no matches for Id ([^;]*);|multiple matches for Id ([^;]*);`, unmatchedPatch),
		on(`^(?:error in |testing (?:value |path ))?(remove|replace|add|test|copy|move|/\S*|Unexpected kind: \S*)`, jsonPatch),
		on(`must specify a target for JSON patch \[(.*)\]$|not allowed to set `+"`patches.target` field"+`: \[(.*)\]$`, patchEntry),
		on(`^loading KV pairs: (?:env source files|file sources|literal sources):? \[(.*?)\]: (.*)$`, keyValues),
		on(`^merging from generator .*Kind:"(\w+)".*Name:"(.*?)".*\} (exists|does not exist); (.*)$`, generatorClash),
		on(`^(?:configmap|secret) (\S+) illegally repeats the key `+"`(.*)`", repeatedKey),
		on(`^a (configmap|secret) must have a name`, namelessGenerator),
		on(`^nothing selected by (\S+?)(?::(\S+))?$`, replacementSource),
		on("^fieldPath `(.*)` is missing for replacement source (\\S+)", replacementField),
		on(`unable to find field "(.*)" in replacement target`, replacementField),
		on(`^resource with name (\S+) does not match a config`, replicas),
		on(`^var '\{(\S+) `, variable),
		on(`^error parsing regexp: .*`+"`"+`\^\(\?:(.*)\)\$`+"`$", badRegexp),
		on(`^considering field '(.*?)' of object (\S+): (.*)$`, unsuitableField),
		on(`^(?:found .*, expected: .*|unable to parse requirement: .*)$`, badSelector),
		on(`^component path '(.*)' must be local and relative`, remoteComponent),
		on(`^unable to get (\w+): (.*)$`, badSpecList),
		on(`^\.(spec\.[\w.]+) accessor error: (.*)$`, badSpecField),
		on(missingFile.String(), func(s *scene, match []string) *fault.Error { return s.missing(strings.TrimPrefix(match[1], "./")) }),
		on(`file is not directory`, notADirectory),
	}
}

// compiled are the rules, once they are needed.
var compiled struct {
	sync.Once
	rules []rule
}

// explain applies the first rule that has something to say, then looks for the entry at fault by trying.
func (s *scene) explain() *fault.Error {
	text := strings.TrimSpace(s.text)
	compiled.Do(func() { compiled.rules = rules() })
	for _, rule := range compiled.rules {
		if match := rule.pattern.FindStringSubmatch(text); match != nil {
			if problem := rule.explain(s, match); problem != nil {
				return problem
			}
		}
	}
	if problem := s.byTrying(text); problem != nil {
		return problem
	}
	if s.entry != "" {
		return s.atEntry(s.entry, fault.Build, text, "")
	}
	return s.at(0, fault.Build, text, "")
}

func plugin(s *scene, match []string) *fault.Error {
	message := "external plugins disabled; unable to load external plugin '" + match[1] + "'"
	remedy := "Flux runs kustomize's built-in generators and transformers only: render it beforehand, or use a HelmRelease"
	list := regexp.MustCompile(`^(?:generators|transformers|validators)\[`)
	for _, value := range s.source.values(list) {
		for _, o := range objectsOf(s.file, s.contents(value)) {
			if o.kind != match[1] {
				continue
			}
			named := s.source.lineOf(list, is(value))
			if file := s.resolve(value); s.build.isFile(file) {
				return s.within(file, o.line, named, fault.Refused, message, remedy)
			}
			return s.at(named, fault.Refused, message, remedy)
		}
	}
	return s.at(s.source.keyLine("transformers"), fault.Refused, message, remedy)
}

// contents returns a file that an entry names, else the entry as inline text.
func (s *scene) contents(entry string) []byte {
	if file := s.resolve(entry); !strings.Contains(entry, "\n") && s.build.isFile(file) {
		return s.build.read(file).data
	}
	return []byte(entry)
}

func charts(s *scene, _ []string) *fault.Error {
	line := s.source.keyLine("helmCharts")
	if line == 0 {
		line = s.source.keyLine("helmChartInflationGenerator")
	}
	return s.at(line, fault.Refused, "Flux doesn't inflate Helm charts in a kustomization (must specify --enable-helm)",
		"use a HelmRelease, or commit the rendered chart")
}

func cycle(s *scene, _ []string) *fault.Error {
	return s.atEntry(s.entry, fault.Build, strings.TrimSpace(s.text),
		"remove the entry: it names this kustomization, one above it, or one that led here")
}

func absolute(s *scene, _ []string) *fault.Error {
	return s.atEntry(s.entry, fault.Path, "the path "+s.entry+" cannot be absolute",
		"name it relative to the directory of the kustomization file")
}

func noKustomization(s *scene, _ []string) *fault.Error {
	dir := s.resolve(s.entry)
	if s.entry == "" {
		dir = s.dir
	}
	message := strings.TrimSpace(s.text)
	remedy := "add a kustomization.yaml, or name the files themselves"
	for _, base := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if where, why, found := s.build.View.LeftOut(path.Join(dir, base)); found {
			remedy = leftOut(where, why)
		}
	}
	if entry := s.build.View.Lookup(dir); entry != nil {
		if near := nearest("kustomization.yaml", entry.Names); near != "" && s.build.isFile(path.Join(dir, near)) {
			remedy = "rename " + path.Join(dir, near) + " to kustomization.yaml"
		}
	}
	problem := &fault.Error{Code: fault.Build, Message: message, Remedy: remedy, Chain: s.chain}
	if s.entry != "" {
		problem = s.atEntry(s.entry, fault.Build, message, remedy)
	}
	problem.Fleeting = true
	return problem
}

func orRoot(dir string) string {
	if dir == "" {
		return "the root"
	}
	return dir
}

// wrongKind explains a Component among the resources, and the reverse.
func wrongKind(s *scene, match []string) *fault.Error {
	entry := s.entry
	if quotedPath := regexp.MustCompile(`for path '(.*?)'`).FindStringSubmatch(s.text); quotedPath != nil && entry == "" {
		entry = s.entryFor(quotedPath[1])
	}
	if match[1] == "!" {
		return s.among(resourcePaths, entry, strings.TrimSpace(s.text), "it is a Component: list it under components")
	}
	return s.among(componentPaths, entry, strings.TrimSpace(s.text),
		"list it under resources, or make it a Component (apiVersion kustomize.config.k8s.io/v1alpha1, kind Component)")
}

var (
	componentPaths = regexp.MustCompile(`^components\[`)
	resourcePaths  = regexp.MustCompile(`^(?:resources|bases)\[`)
)

// among returns a fault at an entry of one of the lists alone: another may hold the same value rightly.
func (s *scene) among(lists *regexp.Regexp, entry, message, remedy string) *fault.Error {
	if f, found := s.source.find(lists, is(entry)); found {
		return s.at(f.line, fault.Build, message, remedy)
	}
	for _, f := range flatten(s.spec()) {
		if lists.MatchString(f.path) && (f.value == entry || s.resolve(f.value) == s.resolve(entry)) {
			return atField("spec."+f.path, fault.Build, message, remedy)
		}
	}
	return s.atEntry(entry, fault.Build, message, remedy)
}

func twoFiles(s *scene, _ []string) *fault.Error {
	return s.at(0, fault.Build, strings.TrimSpace(s.text), "keep one of them")
}

func wrongHeader(s *scene, match []string) *fault.Error {
	key := "kind"
	if strings.HasPrefix(match[1], "apiVersion") {
		key = "apiVersion"
	}
	remedy := "write kind: Kustomization"
	if key == "apiVersion" {
		remedy = "write apiVersion: kustomize.config.k8s.io/v1beta1"
		if strings.Contains(match[1], "Component") {
			remedy = "write apiVersion: kustomize.config.k8s.io/v1alpha1"
		}
	}
	return s.at(s.source.keyLine(key), fault.Build, strings.ReplaceAll(match[1], "\n", ", "), remedy)
}

func empty(s *scene, _ []string) *fault.Error {
	return s.at(1, fault.Build, path.Base(orRoot(s.file))+" is empty", "list the resources in it, or remove it")
}

func inQuotes(text string) string { return "\"" + text + "\"" }

func notADirectory(s *scene, _ []string) *fault.Error {
	if s.entry == "" {
		return nil
	}
	return s.atEntry(s.entry, fault.Build, s.entry+" is a file where a directory is needed", "")
}
