package diagnose

import (
	"regexp"
	"strings"

	"github.com/fluxcd/pkg/envsubst"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

var (
	postBuild     = regexp.MustCompile(`^post build failed for '[^']*': `)
	envsubstError = regexp.MustCompile(`^(?:envsubst error: )?(?:variable substitution failed: )?`)
	unset         = regexp.MustCompile(`variable not set \(strict mode\): "(.*)"`)
	invalidName   = regexp.MustCompile(`'([^']*)' var name is invalid, must match`)
	absent        = regexp.MustCompile(`substitute from '(\w+)/(.*?)' error: `)
	notString     = regexp.MustCompile(`^\.(spec\.postBuild\.\w+) accessor error: .*under key "(.*?)": (.*)$`)
	becameOne     = regexp.MustCompile(`^in Replace: id matched \d+ resources$`)
	notYAMLAfter  = regexp.MustCompile(`YAMLToJSON: (?:yaml: )?(?:line \d+: )?(.*)$`)
)

// substitution completes an error of the post-build substitution, which knows its resource, and maybe its variable.
func (b Build) substitution(known *fault.Error, text string) *fault.Error {
	problem := *known
	problem.Code = fault.Substitution
	problem.Message = envsubstError.ReplaceAllString(postBuild.ReplaceAllString(text, ""), "")
	if match := unset.FindStringSubmatch(text); match != nil {
		return b.notSet(&problem, match[1])
	}
	if match := invalidName.FindStringSubmatch(text); match != nil {
		return b.badName(&problem, match[1])
	}
	if match := absent.FindStringSubmatch(text); match != nil {
		problem.Message = match[1] + "/" + match[2] + ", which substituteFrom names, is not in the cluster"
		problem.Field = b.fieldOf("postBuild.substituteFrom[", ".name", match[2])
		problem.Remedy, problem.Resource = "create it, correct the name, or set optional: true", ""
		return &problem
	}
	if match := notString.FindStringSubmatch(text); match != nil {
		problem.Field, problem.Resource = match[1]+"."+match[2], ""
		problem.Message = "the value of the variable " + match[2] + " must be a string: " + match[3]
		problem.Remedy = "put the value in quotes"
		return &problem
	}
	if becameOne.MatchString(problem.Message) {
		problem.Message = "once their variables are substituted, two objects are " + problem.Resource
		problem.Remedy = "give their variables different values, or the objects different names"
		return &problem
	}
	if match := notYAMLAfter.FindStringSubmatch(text); match != nil {
		problem.Message = "the object is not YAML any more once its variables are substituted: " + match[1]
		problem.Remedy = "put the expression in quotes, or correct the variable's value"
		return b.atExpression(&problem, b.breaksYAML)
	}
	if strings.Contains(text, "mapping key") || known.Code == fault.YAML {
		return b.duplicated(known, text)
	}
	problem.Remedy = "write $${…} for what isn't a variable, or switch the substitution off for the object with the annotation " +
		"kustomize.toolkit.fluxcd.io/substitute: disabled"
	problem.Message = "not an expression that can be substituted: " + problem.Message
	return b.atExpression(&problem, func(line string) bool {
		_, err := envsubst.Parse(line)
		return err != nil
	})
}

// duplicated explains an object that can't be encoded.
func (b Build) duplicated(known *fault.Error, text string) *fault.Error {
	s := b.scene(b.Dir)
	s.text = text
	problem := s.explain()
	problem.Code, problem.Resource = fault.YAML, known.Resource
	return problem
}

func (b Build) notSet(problem *fault.Error, name string) *fault.Error {
	problem.Variable = name
	problem.Message = "variable not set (strict mode): " + inQuotes(name)
	problem.Remedy = "set it in spec.postBuild.substitute, give it a default (${" + name + ":=…}), or write $${" + name + "} for the literal text"
	if b.Kustomization != nil {
		if near := nearest(name, keysOf(b.Values)); near != "" {
			problem.Remedy = "did you mean " + near + "? Else " + problem.Remedy
		}
	}
	use := regexp.MustCompile(`\$\{#?` + literally(name) + `\b`)
	return b.atExpression(problem, use.MatchString)
}

func keysOf(values map[string]string) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	return names
}

func (b Build) badName(problem *fault.Error, name string) *fault.Error {
	problem.Message = inQuotes(name) + " can't be a variable's name, must match ^[_[:alpha:]][_[:alpha:][:digit:]]*$"
	problem.Remedy, problem.Resource = "rename it: letters, digits and underscores, no digit first", ""
	if f, found := findIn(flatten(b.Kustomization["spec"]), regexp.MustCompile(`^postBuild\.substitute\.`+literally(name)+`$`), anything); found {
		problem.Field = "spec." + f.path
		return problem
	}
	problem.Field = "spec.postBuild.substituteFrom"
	return problem
}

func anything(string) bool { return true }

// fieldOf returns the path of the list entry whose field has a value.
func (b Build) fieldOf(prefix, suffix, value string) string {
	for _, f := range flatten(b.Kustomization["spec"]) {
		if strings.HasPrefix(f.path, prefix) && strings.HasSuffix(f.path, suffix) && f.value == value {
			return "spec." + strings.TrimSuffix(f.path, suffix)
		}
	}
	return "spec." + strings.TrimSuffix(prefix, "[")
}

// breaksYAML tells whether a line is YAML as it stands, and isn't with the values.
func (b Build) breaksYAML(line string) bool {
	if !strings.Contains(line, "${") {
		return false
	}
	after, err := envsubst.Eval(line, func(name string) (string, bool) { return b.Values[name], true })
	text := strings.TrimSpace(after)
	return err != nil || parse([]byte(text)) != nil || parse([]byte(strings.TrimPrefix(text, "- "))) != nil
}

// atExpression points a fault at the first line for which it is: among the lines of its object in the manifests, then
// in any other file read, then in the Flux object's patches.
func (b Build) atExpression(problem *fault.Error, at func(line string) bool) *fault.Error {
	kind, name := splitIdentity(problem.Resource)
	id := resID{kind: kind, name: name}
	for _, o := range b.declaring(id, b.manifests(b.Dir)) {
		if line := firstLine(o.text, at); line > 0 {
			problem.File, problem.Line = o.file, b.documentOf(o)+line-1
			problem.Chain = b.chainTo(o.file)
			return problem
		}
	}
	for _, file := range b.Reads {
		if line := firstLine(b.read(file).data, at); line > 0 {
			problem.File, problem.Line, problem.Chain = file, line, b.chainTo(file)
			return problem
		}
	}
	for _, f := range flatten(b.Kustomization["spec"]) {
		if strings.HasPrefix(f.path, "patches[") && firstLine([]byte(f.value), at) > 0 {
			problem.Field = "spec." + f.path[:strings.IndexByte(f.path, ']')+1]
			return problem
		}
	}
	return problem
}

// documentOf returns the line at which an object's document begins.
func (b Build) documentOf(o object) int {
	for _, doc := range split(b.read(o.file).data) {
		if doc.first <= o.line && o.line < doc.first+strings.Count(string(doc.data), "\n")+1 {
			return doc.first
		}
	}
	return 1
}

func firstLine(text []byte, at func(string) bool) int {
	for index, line := range strings.Split(string(text), "\n") {
		if strings.Contains(line, "$") && !strings.HasPrefix(strings.TrimSpace(line), "#") && at(line) {
			return index + 1
		}
	}
	return 0
}

func splitIdentity(resource string) (kind, name string) {
	kind, rest, _ := strings.Cut(resource, "/")
	return kind, rest[strings.LastIndexByte(rest, '/')+1:]
}
