// Package diagnose turns what kustomize, kyaml, envsubst and Flux's libraries say of a failed build into what a person
// needs: the essential words, the file and line at fault, how the build came there, and what to do. The libraries
// (kustomize api v0.21.1, fluxcd/pkg/kustomize v1.35.6, envsubst v1.7.1) have no types for most errors, so that this
// goes by their wording; what it doesn't know it hands on, shortened.
package diagnose

import (
	"errors"
	"path"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Build is the build that failed.
type Build struct {
	View *tree.View
	// Dir is the directory that was built, relative to the view's root ("" for the root itself).
	Dir string
	// Kustomization is the Flux object, nil for a kustomize directory.
	Kustomization map[string]any
	// Reads are the files that were read until it failed.
	Reads []string
	// Values are the variables of the substitution, where it came that far.
	Values map[string]string
	// Retry builds a directory once more with a file replaced, nil where that can't be done. It is asked where the
	// wording doesn't tell which entry of a kustomization file is at fault.
	Retry func(dir, file string, data []byte) error
}

// Explain returns a build's error as a fault. One that already knows its file is only completed.
func Explain(err error, build Build) *fault.Error {
	text := relative(err.Error())
	if problem := build.mappingAsKey(text); problem != nil {
		return problem
	}
	known := fault.Of(err, fault.Build)
	if known.File != "" || known.Code == fault.Path || known.Code == fault.Limit || known.Code == fault.Remote {
		complete := *known
		complete.Message = postBuild.ReplaceAllString(relative(complete.Message), "")
		if complete.Chain == nil && complete.File != "" {
			complete.Chain = build.chainTo(complete.File)
		}
		if complete.Code == fault.Path && complete.File == "" {
			build.completePath(&complete)
		}
		return &complete
	}
	if known.Code == fault.Substitution || known.Resource != "" {
		return build.substitution(known, text)
	}
	found := build.peel(text)
	problem := found.explain()
	var original *fault.Error
	if errors.As(err, &original) && original.Code != fault.Build {
		problem.Code = original.Code
	}
	return problem
}

// completePath completes the error for a directory that can't be built.
func (b Build) completePath(problem *fault.Error) {
	if b.Kustomization != nil {
		problem.Field = "spec.path"
	}
	problem.Fleeting = true
	if problem.Remedy == "" && !b.isFile(b.Dir) {
		problem.Remedy = b.whyMissing(b.Dir)
	}
}

// relative takes the paths of the file system that kustomize saw out of a text.
func relative(text string) string {
	text = strings.ReplaceAll(text, tree.Root+"/", "")
	return strings.ReplaceAll(text, tree.Root, ".")
}

// scene is where in a build an error arose.
type scene struct {
	build Build
	// dir is the directory of the kustomization file, and file that file, "" where Flux made it up.
	dir, file string
	chain     []fault.Place
	// text is what is left of the error.
	text string
	// entry is the resource or component that text is about, "" where it is about the kustomization as a whole.
	entry string
	// inFile is set where text is about the contents of the file that entry names.
	inFile bool
	source *source
}

func (b Build) scene(dir string) *scene {
	s := &scene{build: b, dir: dir, file: b.kustomizationFile(dir)}
	s.source = b.read(s.file)
	return s
}

// enter goes on to the base or component that an entry of this scene's file names.
func (s *scene) enter(entry, text string) *scene {
	inner := s.build.scene(s.resolve(entry))
	inner.chain = append(inner.chain, s.chain...)
	if s.file != "" {
		inner.chain = append(inner.chain, s.place(entry))
	}
	inner.text = text
	return inner
}

// place is where this scene's kustomization file names something; the line is 0 where it doesn't.
func (s *scene) place(value string) fault.Place {
	return fault.Place{File: s.file, Line: s.source.lineOf(nil, is(value))}
}

func (s *scene) resolve(entry string) string {
	return strings.TrimPrefix(path.Clean("/"+path.Join(s.dir, entry)), "/")
}

// outermost tells whether this is the kustomization that the Flux object adds fields to.
func (s *scene) outermost() bool { return len(s.chain) == 0 && s.build.Kustomization != nil }

// at returns a fault at a line of this scene's kustomization file.
func (s *scene) at(line int, code fault.Code, message, remedy string) *fault.Error {
	return &fault.Error{Code: code, Message: message, File: s.file, Line: line, Chain: s.chain, Remedy: remedy}
}

// within returns a fault in a file that this scene's kustomization file names at a line.
func (s *scene) within(file string, line, named int, code fault.Code, message, remedy string) *fault.Error {
	problem := &fault.Error{Code: code, Message: message, File: file, Line: line, Remedy: remedy, Chain: s.chain}
	if s.file != "" && file != s.file {
		problem.Chain = append(append([]fault.Place(nil), s.chain...), fault.Place{File: s.file, Line: named})
	}
	return problem
}

// atField returns a fault in the Flux object itself.
func atField(field string, code fault.Code, message, remedy string) *fault.Error {
	return &fault.Error{Code: code, Message: message, Field: field, Remedy: remedy}
}
