// Package build renders one Flux Kustomization, or one kustomize directory, as kustomize-controller 1.9 does: the
// libraries are the controller's own, the order of the steps is its own too.
package build

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Request says what to render.
type Request struct {
	// Path is relative to the tree's root, as spec.path.
	Path string `json:"path"`
	// Kustomization is the Flux object, nil for a kustomize directory.
	Kustomization map[string]any `json:"kustomization"`
	// Variables answer spec.postBuild.substituteFrom.
	Variables []substitute.Source `json:"variables"`
	// Strict makes a variable that is not set an error.
	Strict bool `json:"strict"`
	// Bases are the remote bases that were fetched.
	Bases []Base `json:"bases"`
	// Decryption are the keys for what SOPS encrypted, nil where there are none.
	Decryption *Decryption `json:"decryption"`
}

// Resource is one rendered object. Its fields are in the order of their JSON keys.
type Resource struct {
	APIVersion      string   `json:"apiVersion"`
	Kind            string   `json:"kind"`
	Name            string   `json:"name"`
	Namespace       string   `json:"namespace"`
	Object          string   `json:"object"`
	Origin          *string  `json:"origin"`
	Transformations []string `json:"transformations"`
}

// Result is a rendered Kustomization. Its fields are in the order of their JSON keys.
type Result struct {
	Encrypted    []Encrypted           `json:"encrypted"`
	Placeholders map[string]string     `json:"placeholders"`
	Reads        []string              `json:"reads"`
	Resources    []Resource            `json:"resources"`
	Secrets      []string              `json:"secrets"`
	Variables    []substitute.Variable `json:"variables"`
}

// Run renders. It returns what the rendering asked of the view even where it fails.
func Run(ctx context.Context, view *tree.View, request Request) (_ *Result, _ *tree.Trace, err error) {
	job := &job{ctx: ctx, view: view, request: request, dir: tree.Absolute(path.Clean("/" + request.Path))}
	job.fs = job.fileSystem()
	if err := job.mountBases(); err != nil {
		return nil, job.fs.Trace(), err
	}
	job.startDecryption()
	defer func() {
		if secrets := distinct(append(job.decryption.given, job.decryption.decrypted...)); len(secrets) > 0 {
			// What panics may quote what it can't use.
			if reason := recover(); reason != nil {
				err = fault.New(fault.Panic, "build failed: %v", reason)
			}
			if err != nil && ctx.Err() == nil {
				err = redact(fault.Of(err, fault.Build), secrets)
			}
		}
	}()
	if err := job.useSchema(); err != nil {
		return nil, job.fs.Trace(), err
	}
	defer job.leaveSchema()
	result, err := job.run()
	if ctx.Err() != nil {
		return nil, job.fs.Trace(), ctx.Err()
	}
	if err != nil {
		return nil, job.fs.Trace(), job.unbuildable(fault.Of(job.explain(err), fault.Build))
	}
	return result, job.fs.Trace(), nil
}

// job is one rendering.
type job struct {
	ctx     context.Context
	view    *tree.View
	request Request
	// dir is the directory to build, as the file system has it.
	dir string
	fs  *tree.FileSystem
	// manifest is the kustomization file that Flux generates, "" without a Kustomization.
	manifest string
	seen     sighting
	// bases has where each remote base seems to be, by its URL.
	bases  map[string]string
	values map[string]string
	// decryption is what was decrypted, and what could not be.
	decryption decryptor
	// building is set while kustomize runs; whatever panics then is recovered.
	building bool
	// weight is this job's share of the schema: everyone's while no other job runs.
	weight int64
}

func (j *job) run() (*Result, error) {
	if err := j.checkPath(); err != nil {
		return nil, err
	}
	if j.request.Kustomization != nil {
		if err := j.generate(); err != nil {
			return nil, err
		}
	}
	if j.decrypts() {
		if err := j.decryptSources(); err != nil {
			return nil, err
		}
	}
	resources, origins, err := j.kustomize()
	if err != nil {
		return nil, err
	}
	substitution, err := j.postBuild(resources, origins)
	if err != nil {
		return nil, err
	}
	encoded, err := j.encode(resources, origins)
	if err != nil {
		return nil, err
	}
	return &Result{
		Encrypted:    append([]Encrypted{}, j.decryption.notes...),
		Placeholders: substitution.Placeholders(),
		Reads:        j.fs.Trace().Reads(),
		Resources:    encoded.encoded,
		Secrets:      distinct(append(j.decryption.decrypted, substitution.Secrets()...)),
		Variables:    encoded.place(substitution.Variables()),
	}, nil
}

// checkPath says what kustomize-controller says of a path that isn't there. Symbolic links need no thought: an
// artifact has none.
func (j *job) checkPath() error {
	name, _ := tree.Relative(j.dir)
	if !j.fs.Exists(j.dir) {
		return j.missing(name, "kustomization path not found: stat %s: no such file or directory")
	}
	if !j.fs.IsDir(j.dir) {
		return j.missing(name, "kustomization path not found: %s is not a directory")
	}
	return nil
}

func (j *job) missing(name, message string) error {
	problem := fault.New(fault.Path, message, name)
	if where, why, found := j.view.LeftOut(name); found {
		problem.Remedy = leftOut(where, why)
	}
	return problem
}

func leftOut(where string, why tree.Reason) string {
	switch why {
	case tree.Symlink:
		return where + " is a symbolic link; Flux leaves symbolic links out of its artifacts"
	case tree.Ignored:
		return where + " is excluded from the source's artifact by its ignore rules"
	case tree.Hidden:
		return where + " is not part of the source: Git doesn't hold it"
	default:
		return where + " is not a regular file; Flux leaves it out of its artifacts"
	}
}

// distinct returns texts once each, sorted, with those that some of them are the Base64 of: so a Secret's data is.
func distinct(texts []string) []string {
	for _, text := range texts[:len(texts):len(texts)] {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err == nil && len(decoded) > 0 && utf8.Valid(decoded) {
			texts = append(texts, string(decoded))
		}
	}
	sorted := slices.Sorted(slices.Values(texts))
	return append([]string{}, slices.Compact(sorted)...)
}

// postBuild checks each resource, decrypts it and substitutes in it.
func (j *job) postBuild(resources resmap.ResMap, origins []origin) (*substitute.Substitution, error) {
	if j.request.Kustomization == nil {
		return nil, nil
	}
	substitution, err := substitute.New(j.request.Kustomization, j.request.Variables, j.request.Strict)
	j.values = substitution.Values()
	if err != nil {
		return nil, err
	}
	for index, res := range resources.Resources() {
		if res.GetName() == "" || res.GetKind() == "" || res.GetApiVersion() == "" {
			return nil, fault.New(fault.YAML, "failed to decode Kubernetes apiVersion, kind and name from: %v", res)
		}
		if err := j.decryptIn(resources, res, originAt(origins, index)); err != nil {
			return nil, err
		}
		if substitution == nil {
			continue
		}
		if err := j.ctx.Err(); err != nil {
			return nil, err
		}
		if err := substitution.Run(j.ctx, resources, index, res); err != nil {
			problem := *fault.Of(err, fault.Substitution)
			problem.Message = "post build failed for '" + res.GetGvk().String() + "/" + res.GetName() + "': " + problem.Message
			problem.Resource = identity(res.GetKind(), res.GetNamespace(), res.GetName())
			return nil, &problem
		}
	}
	return substitution, nil
}

func originAt(origins []origin, index int) origin {
	if index < len(origins) {
		return origins[index]
	}
	return origin{}
}

// decryptIn decrypts a resource of m in place.
func (j *job) decryptIn(m resmap.ResMap, res *resource.Resource, from origin) error {
	if !j.decrypts() {
		return nil
	}
	changed, err := j.decryptResource(res, from)
	if err == nil && changed {
		_, err = m.Replace(res)
	}
	return err
}

// isKustomizationFile follows IsKustomization of fluxcd/pkg/ssa.
func isKustomizationFile(kind, version string) bool {
	return strings.EqualFold(kind, "kustomization") && strings.HasPrefix(version, "kustomize.config.k8s.io/")
}

// UnmarshalJSON keeps integers integers, as Kubernetes does.
func (r *Request) UnmarshalJSON(data []byte) error { return decode(data, r) }

var _ json.Unmarshaler = (*Request)(nil)
