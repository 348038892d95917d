package chart

import (
	"maps"
	"slices"
	"sync"
	"time"

	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// pristine is a chart as it was loaded. Rendering changes charts, so that each rendering gets a copy: that takes a
// tenth of the time that parsing it again would.
type pristine struct {
	loaded *helmchart.Chart
	// size is what its files come to, in bytes.
	size int
	// digest is that of the archive.
	digest tree.Hash
	// entries are the names in charts/ of the charts that it depends on.
	entries map[string]string
}

func (p *pristine) chart() *helmchart.Chart { return copyOf(p.loaded) }

// copyOf copies what processing dependencies, values and versions changes; the contents of files are shared.
func copyOf(of *helmchart.Chart) *helmchart.Chart {
	copied := &helmchart.Chart{
		Raw: files(of.Raw), Templates: slices.Clone(of.Templates), Files: files(of.Files), Schema: of.Schema,
		SchemaModTime: of.SchemaModTime, ModTime: of.ModTime, Lock: of.Lock, Values: runtimeCopy(of.Values),
	}
	metadata := *of.Metadata
	metadata.Annotations = maps.Clone(metadata.Annotations)
	metadata.Dependencies = slices.Clone(metadata.Dependencies)
	for at, dependency := range metadata.Dependencies {
		if dependency != nil {
			own := *dependency
			metadata.Dependencies[at] = &own
		}
	}
	copied.Metadata = &metadata
	for _, child := range of.Dependencies() {
		copied.AddDependency(copyOf(child))
	}
	return copied
}

// files copies the headers of files, of which values.yaml is replaced by some charts' makers.
func files[F any](of []*F) []*F {
	copied := make([]*F, len(of))
	for at, file := range of {
		own := *file
		copied[at] = &own
	}
	return copied
}

func runtimeCopy(values map[string]any) map[string]any {
	if values == nil {
		return nil
	}
	return runtime.DeepCopyJSON(values)
}

// maxKept is what the kept charts may come to, in bytes.
const maxKept = 64 << 20

// charts are those that were used last.
var charts = kept{entries: map[key]*entry{}}

type key struct {
	name    string
	size    int64
	changed time.Time
}

type entry struct {
	once sync.Once
	pristine
	err  error
	used uint64
}

type kept struct {
	mutex   sync.Mutex
	entries map[key]*entry
	clock   uint64
}

// get returns a chart, made once however many ask for it at the same time.
func (k *kept) get(wanted key, make func() (*pristine, error)) (*pristine, error) {
	k.mutex.Lock()
	found := k.entries[wanted]
	if found == nil {
		found = &entry{}
		k.entries[wanted] = found
	}
	k.clock++
	found.used = k.clock
	k.mutex.Unlock()
	found.once.Do(func() {
		made, err := make()
		if err != nil {
			found.err = err
			return
		}
		k.mutex.Lock()
		defer k.mutex.Unlock()
		found.pristine = *made
		k.prune()
	})
	if found.err != nil {
		return nil, found.err
	}
	return &found.pristine, nil
}

// prune forgets the charts not used for longest. The caller has the lock.
func (k *kept) prune() {
	total := 0
	for _, entry := range k.entries {
		total += entry.size
	}
	for total > maxKept && len(k.entries) > 1 {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(k.entries)), func(a, b key) int {
			return int(k.entries[a].used) - int(k.entries[b].used)
		})
		total -= k.entries[oldest].size
		delete(k.entries, oldest)
	}
}
