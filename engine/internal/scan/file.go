package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/canonical"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/diagnose"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// part is what one file holds.
type part struct {
	kustomization *Kustomization
	objects       []Object
	versions      []Version
	errors        []Problem
}

var (
	fluxGroup     = []byte("fluxcd.")
	fluxMark      = []byte("fluxcd.io/")
	versionMark   = []byte("Flux Version:")
	versionLabel  = []byte("app.kubernetes.io/part-of: flux")
	versionHeader = regexp.MustCompile(`(?m)^# Flux Version: (v\S+)`)
	versionOf     = regexp.MustCompile(`(?m)^\s+app\.kubernetes\.io/version: ["']?(v[^\s"']+)`)
)

func (p *part) read(view *tree.View, name string) {
	if !isRead(name) {
		return
	}
	entry := view.Lookup(name)
	data, err := view.Read(entry)
	if err != nil {
		var problem *fault.Error
		if !errors.As(err, &problem) || view.Contains(entry, fluxMark) {
			p.errors = append(p.errors, Problem{File: name, Message: err.Error()})
		}
		return
	}
	if reference.IsKustomization(name) {
		p.readKustomization(name, data)
	}
	p.readVersion(name, data)
	if bytes.Contains(data, fluxGroup) {
		p.readObjects(name, data)
	}
}

func isYAML(name string) bool {
	extension := path.Ext(name)
	return extension == ".yaml" || extension == ".yml"
}

func (p *part) readKustomization(name string, data []byte) {
	file, err := reference.Parse(data)
	if err != nil {
		// It is there all the same: whoever builds it gets the error.
		file = &reference.File{}
	}
	p.kustomization = kustomizationOf(name, file)
}

// readVersion finds the version in the manifests of `flux install`: in their head, else in their labels.
func (p *part) readVersion(name string, data []byte) {
	match := versionHeader.FindSubmatch(data)
	if !bytes.Contains(data, versionMark) {
		if !bytes.Contains(data, versionLabel) {
			return
		}
		match = versionOf.FindSubmatch(data)
	}
	if match != nil {
		p.versions = append(p.versions, Version{File: name, Flux: string(match[1])})
	}
}

func (p *part) readObjects(name string, data []byte) {
	for _, document := range split(data) {
		if !hasFluxObject(document.data) {
			continue
		}
		var node yaml.Node
		if err := yaml.Unmarshal(document.data, &node); err != nil {
			p.addError(name, document, err)
			continue
		}
		if len(node.Content) > 0 {
			p.add(name, document, node.Content[0])
		}
	}
}

var apiVersion = regexp.MustCompile(`apiVersion['"]?[ \t]*:[ \t]*['"]?[\w.-]*fluxcd\.(?:io|controlplane\.io)/`)

// hasFluxObject tells, without parsing, whether a document may hold an object of Flux's.
func hasFluxObject(document []byte) bool {
	return bytes.Contains(document, fluxGroup) && apiVersion.Match(document)
}

func isFlux(object *yaml.Node) bool {
	group, _, found := strings.Cut(textOf(object, "apiVersion"), "/")
	return found && (strings.HasSuffix(group, "fluxcd.io") || group == "fluxcd.controlplane.io") &&
		textOf(object, "kind") != ""
}

// add keeps a document's object, or the items of a List; each has the line of its own first key.
func (p *part) add(name string, document document, object *yaml.Node) {
	if items := field(object, "items"); items != nil && strings.HasSuffix(textOf(object, "kind"), "List") {
		for _, item := range items.Content {
			p.add(name, document, item)
		}
		return
	}
	if !isFlux(object) {
		return
	}
	text, err := canonical.Append(nil, object)
	if errors.Is(err, canonical.ErrUnusual) {
		text, err = decoded(object)
	}
	if err != nil {
		p.addError(name, document, err)
		return
	}
	p.objects = append(p.objects, Object{File: name, Line: document.offset + object.Line, Object: text})
}

// decoded is the JSON of an object with aliases and the like.
func decoded(object *yaml.Node) (json.RawMessage, error) {
	var plain map[string]any
	if err := object.Decode(&plain); err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

func field(node *yaml.Node, name string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for at := 0; at+1 < len(node.Content); at += 2 {
		if node.Content[at].Value == name {
			return node.Content[at+1]
		}
	}
	return nil
}

func textOf(node *yaml.Node, name string) string {
	if value := field(node, name); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

// addError keeps a parser's error where the file is one of Flux's; others are for those who build it.
func (p *part) addError(name string, document document, err error) {
	if !bytes.Contains(document.data, fluxMark) {
		return
	}
	problem := Problem{File: name, Line: document.line, Message: err.Error()}
	if line, message, broken := diagnose.Syntax(document.data); broken {
		problem.Line, problem.Message = document.offset+line, message
	}
	p.errors = append(p.errors, problem)
}
