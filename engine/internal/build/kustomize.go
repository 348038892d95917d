package build

import (
	"fmt"
	"sync"

	flux "github.com/fluxcd/pkg/kustomize"
	"golang.org/x/sync/semaphore"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// schema guards kustomize's global OpenAPI schema. Flux resets the schema around each build and lets one build run at
// a time; that takes most of the time, and only a kustomization file with an openapi field changes the schema.
// Such a build runs alone here, through Flux's own function; the others share a schema that nobody changes. A job
// has its share for as long as it has to do with kustomize's objects: their identities ask the schema, too.
//
// It is a semaphore and not an RWMutex so that waiting ends with the request's deadline: a build that never ends must
// not take all others with it.
var schema = struct {
	*semaphore.Weighted
	preload sync.Once
}{Weighted: semaphore.NewWeighted(everyone)}

// everyone is the weight of all jobs that may share the schema.
const everyone = 1 << 30

// useSchema lets a job share the built-in schema until it has ended.
func (j *job) useSchema() error {
	if err := schema.Acquire(j.ctx, 1); err != nil {
		return err
	}
	j.weight = 1
	schema.preload.Do(func() { openapi.Schema() })
	return nil
}

func (j *job) leaveSchema() {
	schema.Release(j.weight)
	j.weight = 0
}

// shared builds with the built-in schema, along with others. The caller uses the schema.
func shared(fs filesys.FileSystem, dir string) (resources resmap.ResMap, err error) {
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

// alone builds with a schema that the build may change, and has it for itself until the job ends.
func (j *job) alone() (resmap.ResMap, error) {
	if j.weight != everyone {
		j.leaveSchema()
		if err := schema.Acquire(j.ctx, everyone); err != nil {
			return nil, err
		}
		j.weight = everyone
	}
	defer func() {
		openapi.ResetOpenAPI()
		openapi.Schema()
	}()
	return flux.Build(j.fs, j.dir)
}
