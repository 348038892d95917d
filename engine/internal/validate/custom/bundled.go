package custom

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"strings"
	"sync"
)

// Made by scripts/update_crds.py.
//
//go:embed data/*.json.gz
var data embed.FS

// bundles names the project and file that the kinds of a group are in.
var bundles = []struct{ suffix, project, file string }{
	{"toolkit.fluxcd.io", "Flux 2.9", "flux"},
	{"source.extensions.fluxcd.io", "Flux 2.9", "flux"},
	{"fluxcd.controlplane.io", "flux-operator 0.58", "flux-operator"},
	{"flagger.app", "Flagger 1.36", "flagger"},
	{"gateway.networking.k8s.io", "Gateway API 1.6", "gateway-api"},
	{"gateway.networking.x-k8s.io", "Gateway API 1.6", "gateway-api"},
}

var unpacked sync.Map

// Bundled returns a kind of the projects that come with the engine, nil where there is none.
func Bundled(group, name string) *Kind { return bundle(group)[group+"/"+name] }

// Siblings returns the names of a group's kinds that come with the engine.
func Siblings(group string) []string {
	var names []string
	for _, kind := range bundle(group) {
		if kind.Group == group {
			names = append(names, kind.Name)
		}
	}
	return names
}

func bundle(group string) map[string]*Kind {
	for _, bundle := range bundles {
		if group == bundle.suffix || strings.HasSuffix(group, "."+bundle.suffix) {
			once, _ := unpacked.LoadOrStore(bundle.file, sync.OnceValue(func() map[string]*Kind {
				return unpack(bundle.file, bundle.project)
			}))
			return once.(func() map[string]*Kind)()
		}
	}
	return nil
}

// unpack reads a bundle. The files are the engine's own, so that one which can't be read is a defect of the build.
func unpack(file, project string) map[string]*Kind {
	content, err := data.ReadFile("data/" + file + ".json.gz")
	if err != nil {
		panic(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		panic(err)
	}
	var definitions []json.RawMessage
	if err := json.NewDecoder(unzipped).Decode(&definitions); err != nil {
		panic(err)
	}
	kinds := make(map[string]*Kind, len(definitions))
	for _, text := range definitions {
		kind, err := Parse(text, project)
		if err != nil {
			panic(err)
		}
		kinds[kind.Group+"/"+kind.Name] = kind
	}
	return kinds
}
