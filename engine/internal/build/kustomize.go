package build

import (
	"fmt"
	"sync"

	flux "github.com/fluxcd/pkg/kustomize"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// schema guards kustomize's global OpenAPI schema. Flux resets the schema around each build and lets one build run at
// a time; that takes most of the time, and only a kustomization file with an openapi field changes the schema.
// Such a build runs alone here, through Flux's own function; the others share a schema that nobody changes.
var schema struct {
	sync.RWMutex
	preload sync.Once
}

// shared builds with the built-in schema, along with others.
func shared(fs filesys.FileSystem, dir string) (resources resmap.ResMap, err error) {
	schema.RLock()
	defer schema.RUnlock()
	schema.preload.Do(func() { openapi.Schema() })
	// kustomize panics on some invalid objects; Flux reports that as an error of the build.
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("recovered from kustomize build panic: %v", reason)
		}
	}()
	return krusty.MakeKustomizer(&krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone,
		PluginConfig:     types.DisabledPluginConfig(),
	}).Run(fs, dir)
}

// alone builds with a schema that the build may change.
func alone(fs filesys.FileSystem, dir string) (resmap.ResMap, error) {
	schema.Lock()
	defer schema.Unlock()
	defer func() {
		openapi.ResetOpenAPI()
		openapi.Schema()
	}()
	return flux.Build(fs, dir)
}
