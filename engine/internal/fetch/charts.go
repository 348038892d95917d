package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fluxcd/pkg/version"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/credential"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/helmrepository"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/oci"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

type repositorySpec struct {
	URL             string `json:"url"`
	Insecure        bool   `json:"insecure"`
	PassCredentials bool   `json:"passCredentials"`
}

// chartAge is how long a chart's version is not asked again: one that is no range has a fixed name.
func chartAge(wanted string) time.Duration {
	if _, err := version.ParseVersion(wanted); err == nil {
		return namedAge
	}
	return movingAge
}

// ociChart fetches a chart of a HelmRepository of type oci.
func (j *job) ociChart(ctx context.Context) (Result, error) {
	var spec repositorySpec
	if err := j.spec(&spec); err != nil {
		return Result{}, err
	}
	chart := *j.request.Chart
	var resolved oci.Resolved
	answer, err := j.seek(ctx, quest{
		key: store.Key("OCI chart", spec.URL, spec.Insecure, chart),
		age: chartAge(chart.Version),
		resolve: func(ctx context.Context, _ store.Reference) (store.Reference, error) {
			var err error
			resolved, err = j.registry.ResolveChart(ctx, spec.URL, chart.Name, chart.Version, spec.Insecure)
			if err != nil {
				return store.Reference{}, err
			}
			return store.Reference{
				Content: store.Key("OCI chart", resolved.Reference.String()), Revision: resolved.Revision, Version: resolved.Revision,
			}, nil
		},
		fill: func(ctx context.Context, _ store.Reference, directory string) (store.Content, error) {
			layer, err := j.registry.ChartLayer(ctx, resolved.Reference)
			if err != nil {
				return store.Content{}, err
			}
			size, err := download(layer, filepath.Join(directory, store.Archive), j.limits.chart)
			if err != nil {
				return store.Content{}, err
			}
			digest, err := layer.Digest()
			return store.Content{Digest: digest.String(), Size: size}, err
		},
	})
	return answer.chart(), err
}

func (f found) chart() Result {
	result := f.result()
	result.Archive = f.Join(store.Archive)
	return result
}

// chart fetches a chart of a HelmRepository that is served over HTTP.
func (j *job) chart(ctx context.Context) (Result, error) {
	var spec repositorySpec
	if err := j.spec(&spec); err != nil {
		return Result{}, err
	}
	var listed helmrepository.Version
	answer, err := j.seek(ctx, quest{
		key: store.Key("chart", spec.URL, *j.request.Chart),
		age: chartAge(j.request.Chart.Version),
		resolve: func(ctx context.Context, _ store.Reference) (store.Reference, error) {
			index, err := j.index(ctx, spec)
			if err != nil {
				return store.Reference{}, err
			}
			listed, err = index.Find(j.request.Chart.Name, j.request.Chart.Version)
			return store.Reference{
				Content:  store.Key("chart", spec.URL, j.request.Chart.Name, listed),
				Revision: listed.Version, Version: listed.Version,
			}, err
		},
		fill: func(ctx context.Context, _ store.Reference, directory string) (store.Content, error) {
			return j.archive(ctx, spec, listed, filepath.Join(directory, store.Archive))
		},
	})
	return answer.chart(), err
}

// archive downloads a packed chart. Credentials go to the repository's own host only, unless the spec says otherwise.
func (j *job) archive(
	ctx context.Context, spec repositorySpec, listed helmrepository.Version, path string,
) (store.Content, error) {
	address, err := listed.Archive(spec.URL)
	if err != nil {
		return store.Content{}, err
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return store.Content{}, fault.New(fault.Artifact, "the index gives a URL that can't be read")
	}
	if err := j.request.Policy.CheckURL(parsed); err != nil {
		return store.Content{}, err
	}
	base, _ := url.Parse(spec.URL)
	var header http.Header
	if spec.PassCredentials || base != nil && parsed.Host == base.Host && parsed.Scheme == base.Scheme {
		header = credential.HelmRepository(spec.URL).Header()
	}
	response, err := j.web.Get(ctx, address, header)
	if err != nil {
		problem := policy.Explain(err, address)
		problem.Message = "the archive " + problem.URL + ": " + problem.Message
		return store.Content{}, problem
	}
	defer response.Body.Close()
	hash := sha256.New()
	size, err := write(io.TeeReader(response.Body, hash), path, j.limits.chart)
	if err != nil {
		return store.Content{}, err
	}
	return store.Content{Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)), Size: size}, nil
}

// indexes are those that this process has read, by content. One is parsed at a time: that takes memory.
type indexes struct {
	mutex   sync.Mutex
	known   map[string]helmrepository.Index
	parsing sync.Mutex
}

const indexFile = "index.json"

// index returns a repository's index: asked for once an hour at most, and only sent where it has changed.
func (j *job) index(ctx context.Context, spec repositorySpec) (helmrepository.Index, error) {
	address, err := helmrepository.Address(spec.URL)
	if err != nil {
		return nil, err
	}
	work, remove, err := j.store.Scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	body := filepath.Join(work, "index")
	answer, err := j.seek(ctx, quest{
		key: store.Key("index", spec.URL),
		age: movingAge,
		resolve: func(ctx context.Context, known store.Reference) (store.Reference, error) {
			return j.askIndex(ctx, spec.URL, address, known, body)
		},
		fill: func(_ context.Context, reference store.Reference, directory string) (store.Content, error) {
			return j.keepIndex(body, reference.Revision, directory)
		},
	})
	if err != nil {
		return nil, err
	}
	return j.fetcher.indexes.read(answer)
}

// askIndex writes the index into a file, unless the known one is still right.
func (j *job) askIndex(
	ctx context.Context, repository, address string, known store.Reference, body string,
) (store.Reference, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return known, err
	}
	if err := j.request.Policy.CheckURL(parsed); err != nil {
		return known, err
	}
	header := credential.HelmRepository(repository).Header()
	if _, there := j.store.Find(known.Content); there && known.Tag != "" {
		if header == nil {
			header = http.Header{}
		}
		header.Set("If-None-Match", known.Tag)
	}
	response, err := j.web.Get(ctx, address, header)
	if err != nil {
		problem := policy.Explain(err, address)
		problem.Field = "url"
		return known, problem
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotModified {
		return known, nil
	}
	hash := sha256.New()
	if _, err := write(io.TeeReader(response.Body, hash), body, j.limits.index); err != nil {
		return known, err
	}
	digest := "sha256:" + hex.EncodeToString(hash.Sum(nil))
	return store.Reference{Content: store.Key("index", digest), Revision: digest, Tag: response.Header.Get("ETag")}, nil
}

func (j *job) keepIndex(body, digest, directory string) (store.Content, error) {
	j.fetcher.indexes.parsing.Lock()
	defer j.fetcher.indexes.parsing.Unlock()
	data, err := os.ReadFile(body)
	if err != nil {
		return store.Content{}, err
	}
	index, err := helmrepository.Parse(data)
	if err != nil {
		return store.Content{}, err
	}
	kept, err := json.Marshal(index)
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, indexFile), kept, 0o600)
	}
	return store.Content{Digest: digest, Size: int64(len(kept))}, err
}

func (i *indexes) read(answer found) (helmrepository.Index, error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if known := i.known[answer.Reference.Content]; known != nil {
		return known, nil
	}
	data, err := os.ReadFile(answer.Join(indexFile))
	var index helmrepository.Index
	if err != nil || json.Unmarshal(data, &index) != nil {
		return nil, errors.New("the kept index can't be read")
	}
	if i.known == nil {
		i.known = map[string]helmrepository.Index{}
	}
	i.known[answer.Reference.Content] = index
	return index, nil
}

func tooLarge(most int64) error {
	return fault.New(fault.Limit, "it is larger than %s", policy.Size(most))
}
