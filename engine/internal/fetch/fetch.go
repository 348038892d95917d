// Package fetch brings what a repository names into a cache on disk: the artifacts of Flux sources, charts, and remote
// bases. What a name leads to is remembered for a while, what it led to is kept by its digest.
package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/credential"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/git"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/oci"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

const (
	// movingAge is how long what moves (a branch, a range of versions, an index) is not asked again; namedAge is that of
	// what has a fixed name, such as a tag. What a digest names is never asked again.
	movingAge = time.Hour
	namedAge  = 24 * time.Hour
)

// limits bound one fetch: its time, the bytes received, the files of an artifact and their bytes, a packed chart, an index
// and a file that is a remote base.
type limits struct {
	time                                   time.Duration
	download, unpacked, chart, index, file int64
	files                                  int
}

// usual is well above what sources are made of. Those of charts and indexes are source-controller's own defaults.
var usual = limits{
	time: 60 * time.Second, download: 512 << 20, unpacked: 1 << 30, chart: 10 << 20, index: 50 << 20, file: 16 << 20,
	files: 100_000,
}

// Source is a Flux source, as far as it says what to fetch.
type Source struct {
	Kind string          `json:"kind"`
	Spec json.RawMessage `json:"spec"`
}

// Chart names a chart of a HelmRepository; the version may be a range.
type Chart struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Request says what to fetch: a source, a chart of one, or a remote base.
type Request struct {
	Source  *Source       `json:"source"`
	Chart   *Chart        `json:"chart"`
	Base    string        `json:"base"`
	Cache   string        `json:"cache"`
	Offline bool          `json:"offline"`
	Refresh bool          `json:"refresh"`
	Policy  policy.Policy `json:"policy"`
}

// Result is what was fetched; Path is what a remote base means within the directory. Its fields are in the order of their
// JSON keys.
type Result struct {
	Archive    string `json:"archive,omitempty"`
	Cached     bool   `json:"cached"`
	Digest     string `json:"digest"`
	Directory  string `json:"directory,omitempty"`
	Path       string `json:"path,omitempty"`
	Revision   string `json:"revision"`
	Unverified bool   `json:"unverified,omitempty"`
	Version    string `json:"version,omitempty"`
}

// Fetcher fetches; the zero value is ready to use.
type Fetcher struct {
	// limits are the usual ones where they are nil.
	limits *limits

	mutex    sync.Mutex
	stores   map[string]*store.Store
	webs     map[string]*policy.Web
	asked    map[string]bool
	indexes  indexes
	presence policy.Presence
}

// Run fetches one thing, or finds it in the cache.
func (f *Fetcher) Run(ctx context.Context, request Request) (Result, error) {
	kept, err := f.store(request.Cache)
	if err != nil {
		return Result{}, err
	}
	bounds := usual
	if f.limits != nil {
		bounds = *f.limits
	}
	ctx, cancel := context.WithTimeout(ctx, f.presence.Time(bounds.time))
	defer cancel()
	ctx = policy.WithBudget(ctx, policy.NewBudget(bounds.download))
	web := f.web(request.Policy)
	job := &job{
		fetcher: f, request: request, limits: bounds, store: kept, web: web,
		registry: oci.Registry{Policy: request.Policy, Web: web, Keychain: credential.Registries()},
		git:      git.Client{Policy: request.Policy, Web: web},
	}
	address, result, err := job.run(ctx)
	if err == nil {
		return result, nil
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.presence.Slow(policy.HostOf(address))
	}
	return Result{}, policy.Explain(err, address)
}

func (f *Fetcher) store(directory string) (*store.Store, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if known := f.stores[directory]; known != nil {
		return known, nil
	}
	if directory == "" {
		return nil, fault.New(fault.Protocol, "fetch needs a cache")
	}
	opened, err := store.Open(directory)
	if err != nil {
		return nil, err
	}
	if f.stores == nil {
		f.stores = map[string]*store.Store{}
	}
	f.stores[directory] = opened
	return opened, nil
}

// web returns what connects under a policy; it keeps connections.
func (f *Fetcher) web(rules policy.Policy) *policy.Web {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	key := store.Key(rules)
	if f.webs[key] == nil {
		if f.webs == nil {
			f.webs = map[string]*policy.Web{}
		}
		f.webs[key] = policy.NewWeb(rules, &f.presence)
	}
	return f.webs[key]
}

// first tells whether something is asked for the first time in this process: asking to refresh means once.
func (f *Fetcher) first(key string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.asked == nil {
		f.asked = map[string]bool{}
	}
	before := f.asked[key]
	f.asked[key] = true
	return !before
}

// job is one fetch.
type job struct {
	fetcher  *Fetcher
	request  Request
	limits   limits
	store    *store.Store
	web      *policy.Web
	registry oci.Registry
	git      git.Client
}

// run returns the URL that is fetched from, for errors, and what was fetched.
func (j *job) run(ctx context.Context) (string, Result, error) {
	if j.request.Base != "" {
		result, err := j.base(ctx)
		return j.request.Base, result, err
	}
	if j.request.Source == nil {
		return "", Result{}, fault.New(fault.Protocol, "fetch needs a source or a base")
	}
	var common struct {
		URL    string `json:"url"`
		Type   string `json:"type"`
		Verify any    `json:"verify"`
	}
	if err := json.Unmarshal(j.request.Source.Spec, &common); err != nil {
		return "", Result{}, fault.New(fault.Artifact, "the source's spec can't be read: %s", err)
	}
	if common.URL == "" {
		return "", Result{}, fault.New(fault.Artifact, "the source has no URL")
	}
	result, err := j.source(ctx, common.Type)
	result.Unverified = common.Verify != nil
	return common.URL, result, err
}

func (j *job) source(ctx context.Context, kind string) (Result, error) {
	switch {
	case j.request.Source.Kind == "GitRepository":
		return j.gitRepository(ctx)
	case j.request.Source.Kind == "OCIRepository":
		return j.ociRepository(ctx)
	case j.request.Source.Kind == "HelmRepository" && j.request.Chart == nil:
		return Result{}, fault.New(fault.Protocol, "a HelmRepository is fetched by chart")
	case j.request.Source.Kind == "HelmRepository" && kind == "oci":
		return j.ociChart(ctx)
	case j.request.Source.Kind == "HelmRepository":
		return j.chart(ctx)
	}
	return Result{}, fault.New(fault.Artifact, "a %s can't be fetched", j.request.Source.Kind)
}

// spec decodes the source's spec.
func (j *job) spec(into any) error {
	if err := json.Unmarshal(j.request.Source.Spec, into); err != nil {
		return fault.New(fault.Artifact, "the source's spec can't be read: %s", err)
	}
	return nil
}
