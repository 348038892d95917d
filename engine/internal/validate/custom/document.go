package custom

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/kube"
)

// document is one JSON schema of a folder, compiled when it is first needed.
type document struct {
	name    string
	compile func() (*jsonschema.Schema, error)
}

// scheme stands for the folder in the URLs of its schemas.
const scheme = "folder:///"

func (f *Folder) document(name string) *document {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if known, ok := f.ready[name]; ok {
		return known
	}
	made := &document{name: f.name + "/" + name, compile: sync.OnceValues(func() (*jsonschema.Schema, error) {
		compiler := jsonschema.NewCompiler()
		compiler.UseLoader(loader{f})
		return compiler.Compile(scheme + name)
	})}
	f.ready[name] = made
	return made
}

// loader reads what schemas refer to from the folder, and from nowhere else.
type loader struct{ folder *Folder }

// Load returns the document at a URL.
func (l loader) Load(address string) (any, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "folder" {
		return nil, errors.New("it is outside of the schema folder, and nothing is fetched")
	}
	text, err := l.folder.read(strings.TrimPrefix(parsed.Path, "/"))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

func (d *document) judge(object map[string]any) []finding.Finding {
	compiled, err := d.compile()
	if err != nil {
		return []finding.Finding{{
			Message: fmt.Sprintf("%s can't be used: %s", d.name, because(err)), Path: finding.Path{}, Rule: finding.Definition,
			Remedy: "put what it refers to into the folder", Severity: finding.Error,
		}}
	}
	var broken *jsonschema.ValidationError
	if !errors.As(compiled.Validate(object), &broken) {
		return nil
	}
	var findings []finding.Finding
	for _, leaf := range leaves(broken) {
		findings = append(findings, describe(leaf, object)...)
	}
	return findings
}

// because says why a schema can't be compiled, without the inner URLs.
func because(err error) string {
	var missing *jsonschema.LoadURLError
	if errors.As(err, &missing) {
		return fmt.Sprintf("$ref %s can't be resolved: %s", strings.TrimPrefix(missing.URL, scheme), missing.Err)
	}
	return strings.ReplaceAll(err.Error(), scheme, "")
}

// leaves returns the errors that say what is wrong; of alternatives, only that none fits.
func leaves(err *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch err.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Not:
		return []*jsonschema.ValidationError{err}
	}
	if len(err.Causes) == 0 {
		return []*jsonschema.ValidationError{err}
	}
	var found []*jsonschema.ValidationError
	for _, cause := range err.Causes {
		found = append(found, leaves(cause)...)
	}
	return found
}

func describe(err *jsonschema.ValidationError, object map[string]any) []finding.Finding {
	path := pathOf(err.InstanceLocation, object)
	value, _ := path.Lookup(object)
	if finding.HoldsUnknown(value) {
		if _, isMap := value.(map[string]any); !isMap {
			return nil
		}
	}
	var findings []finding.Finding
	switch problem := err.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range problem.Properties {
			findings = append(findings, kube.Undeclared(path.With(name), nil))
		}
	case *kind.Required:
		for _, name := range problem.Missing {
			missing := path.With(name)
			findings = append(findings, finding.Finding{
				Message: missing.String() + " is missing", Path: missing, Rule: finding.Required, Severity: finding.Error,
			})
		}
	case *kind.Type:
		expected := strings.Join(problem.Want, " or ")
		findings = append(findings, finding.Finding{
			Expected: expected, Message: fmt.Sprintf("%s is %s, must be %s", path, finding.TypeName(value), expected),
			Path: path, Rule: finding.Type, Severity: finding.Error, Value: finding.Show(value),
		})
	default:
		said := err.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		findings = append(findings, finding.Finding{
			Message: fmt.Sprintf("%s: %s", path, said), Path: path, Rule: finding.Value, Severity: finding.Error,
			Value: finding.Show(value),
		})
	}
	return findings
}

func pathOf(steps []string, object any) finding.Path {
	path := finding.Path{}
	for _, step := range steps {
		if _, isList := object.([]any); isList {
			if index, err := strconv.Atoi(step); err == nil {
				path = append(path, index)
				object, _ = finding.Path{index}.Lookup(object)
				continue
			}
		}
		path = append(path, step)
		object, _ = finding.Path{step}.Lookup(object)
	}
	return path
}
