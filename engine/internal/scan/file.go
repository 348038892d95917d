package scan

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	k8syaml "sigs.k8s.io/yaml"

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
	if !isYAML(name) && !reference.IsKustomization(name) {
		return
	}
	data, err := view.Read(view.Lookup(name))
	if err != nil {
		p.errors = append(p.errors, Problem{File: name, Message: err.Error()})
		return
	}
	if reference.IsKustomization(name) {
		p.readKustomization(name, data)
	}
	if bytes.Contains(data, fluxGroup) {
		p.readVersion(name, data)
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
		object := map[string]any{}
		if err := k8syaml.Unmarshal(document.data, &object); err != nil {
			p.addError(name, document, err)
			continue
		}
		p.add(name, document, object)
	}
}

var apiVersion = regexp.MustCompile(`apiVersion['"]?[ \t]*:[ \t]*['"]?[\w.-]*fluxcd\.(?:io|controlplane\.io)/`)

// hasFluxObject tells, without parsing, whether a document may hold an object of Flux's.
func hasFluxObject(document []byte) bool {
	return bytes.Contains(document, fluxGroup) && apiVersion.Match(document)
}

func isFlux(object map[string]any) bool {
	version, _ := object["apiVersion"].(string)
	group, _, found := strings.Cut(version, "/")
	return found && (strings.HasSuffix(group, "fluxcd.io") || group == "fluxcd.controlplane.io")
}

// add keeps a document's object, or the items of a List; each item has the line of its own first key.
func (p *part) add(name string, document document, object map[string]any) {
	kind, _ := object["kind"].(string)
	items, _ := object["items"].([]any)
	if !strings.HasSuffix(kind, "List") || items == nil {
		if isFlux(object) && kind != "" {
			p.objects = append(p.objects, Object{File: name, Line: document.line, Object: object})
		}
		return
	}
	lines := itemLines(document)
	for index, item := range items {
		inner, _ := item.(map[string]any)
		if !isFlux(inner) {
			continue
		}
		line := document.line
		if index < len(lines) {
			line = lines[index]
		}
		p.objects = append(p.objects, Object{File: name, Line: line, Object: inner})
	}
}

func itemLines(document document) []int {
	node, err := yaml.Parse(string(document.data))
	if err != nil {
		return nil
	}
	items := node.Field("items")
	if items == nil || items.Value == nil {
		return nil
	}
	var lines []int
	for _, item := range items.Value.YNode().Content {
		lines = append(lines, document.offset+item.Line)
	}
	return lines
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// addError keeps a parser's error where the file is one of Flux's; others are for those who build it.
func (p *part) addError(name string, document document, err error) {
	if !bytes.Contains(document.data, fluxMark) {
		return
	}
	line := document.line
	message := err.Error()
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		if inner, err := strconv.Atoi(match[1]); err == nil {
			line = document.offset + inner
			message = yamlLine.ReplaceAllString(message, fmt.Sprintf("line %d", line))
		}
	}
	if unwrapped := errors.Unwrap(err); unwrapped != nil && message == err.Error() {
		message = unwrapped.Error()
	}
	p.errors = append(p.errors, Problem{File: name, Line: line, Message: message})
}
