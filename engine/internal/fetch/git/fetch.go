package git

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// maxDepth is how deep submodules are followed, as go-git does.
const maxDepth = 10

// Spec is what to fetch of a repository.
type Spec struct {
	URL               string   `json:"url"`
	Ref               Ref      `json:"ref"`
	RecurseSubmodules bool     `json:"recurseSubmodules"`
	SparseCheckout    []string `json:"sparseCheckout"`
}

// Sparse are the directories that are wanted, as go-git takes them.
func (s Spec) Sparse() []string {
	var wanted []string
	for _, directory := range s.SparseCheckout {
		wanted = append(wanted, strings.TrimPrefix(directory, "./"))
	}
	return wanted
}

// Repository is a server's repository, and the commit that was chosen there.
type Repository struct {
	client  Client
	session *session
	address string
	chosen  chosen
	branch  string
	// Commit is zero where only the objects themselves can tell.
	Commit plumbing.Hash
	// Revision is as source-controller has it.
	Revision string
}

// Open asks a server where a reference leads. The caller closes it.
func (c Client) Open(ctx context.Context, spec Spec) (*Repository, error) {
	opened, err := c.open(ctx, spec.URL)
	if err != nil {
		return nil, err
	}
	found, err := choose(spec.Ref, opened.advertised)
	if err == nil && len(found.also) > 0 {
		found, err = c.youngest(ctx, spec.URL, found)
	}
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &Repository{c, opened, spec.URL, found, spec.Ref.Branch, found.commit, found.revision(found.commit)}, nil
}

// OpenHead asks for a revision as Git's own fetch takes it: a branch, a tag, a full name or a commit; the default branch
// without one.
func (c Client) OpenHead(ctx context.Context, address, revision string) (*Repository, error) {
	opened, err := c.open(ctx, address)
	if err != nil {
		return nil, err
	}
	found, err := short(revision, opened)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &Repository{c, opened, address, found, "", found.commit, found.revision(found.commit)}, nil
}

func short(revision string, from *session) (chosen, error) {
	if revision == "" || revision == "HEAD" {
		if from.advertised.Head == nil {
			return chosen{}, fault.New(fault.NotFound, "the repository has no default branch")
		}
		return chosen{object: *from.advertised.Head, commit: *from.advertised.Head}, nil
	}
	for _, name := range []string{revision, "refs/" + revision, "refs/tags/" + revision, "refs/heads/" + revision} {
		if hash, found := from.advertised.References[name]; found {
			return at(name, hash, from.advertised), nil
		}
	}
	if hash := plumbing.NewHash(revision); hash.String() == strings.ToLower(revision) {
		return chosen{object: hash, commit: hash}, nil
	}
	return chosen{}, fault.New(fault.NotFound, "the repository has no branch, tag or commit %s", revision)
}

// youngest decides among tags of equal versions, which differ in their build metadata alone.
func (c Client) youngest(ctx context.Context, address string, found chosen) (chosen, error) {
	directory, err := os.MkdirTemp("", "gitops-tags-")
	if err != nil {
		return chosen{}, err
	}
	defer os.RemoveAll(directory)
	opened, err := c.open(ctx, address)
	if err != nil {
		return chosen{}, err
	}
	defer opened.Close()
	candidates := append([]chosen{found}, found.also...)
	wants := make([]plumbing.Hash, len(candidates))
	for index, candidate := range candidates {
		wants[index] = candidate.object
	}
	kept := objects(directory)
	if err := receive(ctx, opened, kept, 1, wants...); err != nil {
		return chosen{}, err
	}
	var best *object.Commit
	for _, candidate := range candidates {
		commit, err := commitOf(kept, candidate.object)
		if err != nil {
			return chosen{}, err
		}
		if best == nil || commit.Committer.When.After(best.Committer.When) {
			best, found = commit, candidate
		}
	}
	return found, nil
}

// Close ends the conversation.
func (r *Repository) Close() { r.session.Close() }

// Export fetches the commit and writes its files into a directory; work is an empty directory to work in. It returns the
// files' digest and size.
func (r *Repository) Export(ctx context.Context, spec Spec, directory, work string, limits Limits) (string, int64, error) {
	written, err := newExport(ctx, directory, limits, spec.Sparse())
	if err != nil {
		return "", 0, err
	}
	defer written.root.Close()
	kept := objects(filepath.Join(work, "0"))
	if err := r.receive(ctx, kept); err != nil {
		return "", 0, err
	}
	recursion := submodules{written, work, 0, spec.RecurseSubmodules}
	if err := recursion.write(ctx, r.client, kept, r.chosen.object, r.address, "", 0); err != nil {
		return "", 0, err
	}
	return written.sum(), written.size, written.checkSparse()
}

// receive fetches the chosen commit alone where the server gives it, else the history that leads to it.
func (r *Repository) receive(ctx context.Context, into *filesystem.Storage) error {
	advertised := r.session.advertised
	for _, hash := range advertised.References {
		if hash == r.chosen.object {
			return receive(ctx, r.session, into, 1, hash)
		}
	}
	if advertised.Head != nil && *advertised.Head == r.chosen.object {
		return receive(ctx, r.session, into, 1, r.chosen.object)
	}
	if advertised.Capabilities.Supports(capability.AllowReachableSHA1InWant) {
		return receive(ctx, r.session, into, 1, r.chosen.object)
	}
	var wants []plumbing.Hash
	for name, hash := range advertised.References {
		if r.branch == "" && strings.HasPrefix(name, "refs/heads/") || name == "refs/heads/"+r.branch {
			wants = append(wants, hash)
		}
	}
	if len(wants) == 0 {
		return fault.New(fault.NotFound, "the repository has no such commit")
	}
	return receive(ctx, r.session, into, 0, wants...)
}

// submodules writes a commit and, where asked to, those of its submodules.
type submodules struct {
	written *export
	work    string
	count   int
	recurse bool
}

func (s *submodules) write(
	ctx context.Context, client Client, from *filesystem.Storage, object plumbing.Hash, address, folder string, depth int,
) error {
	commit, err := commitOf(from, object)
	if err != nil {
		return err
	}
	modules, said, err := s.written.commit(commit, folder)
	if err != nil || !s.recurse || len(modules) == 0 {
		return err
	}
	if depth >= maxDepth {
		return fault.New(fault.Limit, "its submodules are nested more than %d deep", maxDepth)
	}
	declared := config.NewModules()
	if err := declared.Unmarshal(said); err != nil {
		return fault.New(fault.Artifact, ".gitmodules can't be read")
	}
	for _, module := range modules {
		if err := s.module(ctx, client, declared, module, address, folder, depth); err != nil {
			return err
		}
	}
	return nil
}

func (s *submodules) module(
	ctx context.Context, client Client, declared *config.Modules, found module, address, folder string, depth int,
) error {
	for _, submodule := range declared.Submodules {
		if submodule.Path != found.path {
			continue
		}
		there := relative(address, submodule.URL)
		repository, err := client.Open(ctx, Spec{URL: there, Ref: Ref{Commit: found.commit.String()}})
		if err != nil {
			return within(err, found.path)
		}
		defer repository.Close()
		s.count++
		kept := objects(filepath.Join(s.work, strconv.Itoa(s.count)))
		if err := repository.receive(ctx, kept); err != nil {
			return within(err, found.path)
		}
		return s.write(ctx, client, kept, found.commit, there, path.Join(folder, found.path), depth+1)
	}
	return nil // as go-git: what .gitmodules doesn't name stays empty
}

func within(err error, submodule string) error {
	var problem *fault.Error
	if !errors.As(err, &problem) {
		return err
	}
	copied := *problem
	copied.Message = "the submodule " + submodule + ": " + copied.Message
	return &copied
}

// relative resolves a submodule's URL against that of its repository.
func relative(base, address string) string {
	if !strings.HasPrefix(address, "./") && !strings.HasPrefix(address, "../") {
		return address
	}
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" {
		host, directory, found := strings.Cut(base, ":")
		if !found {
			return address
		}
		return host + ":" + path.Join(directory, address)
	}
	parsed.Path = path.Join(parsed.Path, address)
	return parsed.String()
}
