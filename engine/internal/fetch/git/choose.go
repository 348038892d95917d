package git

import (
	"sort"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// defaultBranch is what source-controller checks out where nothing is asked for.
const defaultBranch = "master"

// peeled ends the name of what an annotated tag leads to.
const peeled = "^{}"

// Ref is a GitRepository's spec.ref.
type Ref struct {
	Branch string `json:"branch"`
	Commit string `json:"commit"`
	Name   string `json:"name"`
	SemVer string `json:"semver"`
	Tag    string `json:"tag"`
}

// Fixed tells whether it can lead to one commit only, Moves whether it may well lead elsewhere tomorrow.
func (r Ref) Fixed() bool { return r.Commit != "" }

// Moves is false for tags: they have fixed names, though they can be moved.
func (r Ref) Moves() bool {
	return !r.Fixed() && (r.Name != "" && !strings.HasPrefix(r.Name, "refs/tags/") ||
		r.Name == "" && (r.SemVer != "" || r.Tag == ""))
}

// chosen is what a reference leads to at a server.
type chosen struct {
	// object is asked for: a commit, or the annotated tag that leads to it.
	object plumbing.Hash
	// commit is zero where the object must be had to know.
	commit plumbing.Hash
	// reference is the full name, "" for a bare commit.
	reference string
	// also are tags of equal versions; the youngest commit is meant.
	also []chosen
}

// revision is what source-controller calls a commit.
func (c chosen) revision(commit plumbing.Hash) string {
	digest := "sha1:" + commit.String()
	if parts := strings.SplitN(c.reference, "/", 3); len(parts) == 3 {
		return parts[2] + "@" + digest
	}
	return digest
}

// choose follows a reference in the order of fluxcd/pkg/git: commit, name, tag, semver, branch.
func choose(ref Ref, advertised *packp.AdvRefs) (chosen, error) {
	switch {
	case ref.Commit != "":
		hash := plumbing.NewHash(ref.Commit)
		if hash.String() != strings.ToLower(ref.Commit) {
			return chosen{}, fault.New(fault.Artifact, "spec.ref.commit %q is no full commit hash", ref.Commit)
		}
		found := chosen{object: hash, commit: hash}
		if ref.Branch != "" {
			found.reference = "refs/heads/" + ref.Branch
		}
		return found, nil
	case ref.Name != "":
		return named(strings.TrimSuffix(ref.Name, peeled), advertised, "reference "+ref.Name)
	case ref.Tag != "":
		return named("refs/tags/"+ref.Tag, advertised, "tag "+ref.Tag)
	case ref.SemVer != "":
		return newest(ref.SemVer, advertised)
	case ref.Branch != "":
		return named("refs/heads/"+ref.Branch, advertised, "branch "+ref.Branch)
	}
	return named("refs/heads/"+defaultBranch, advertised, "branch "+defaultBranch+", which is meant where spec.ref names none")
}

func named(name string, advertised *packp.AdvRefs, what string) (chosen, error) {
	hash, found := advertised.References[name]
	if !found {
		problem := fault.New(fault.NotFound, "the repository has no %s", what)
		if near := nearest(name, advertised); near != "" {
			problem.Remedy = "did you mean " + near + "?"
		}
		return chosen{}, problem
	}
	return at(name, hash, advertised), nil
}

// nearest returns the branch or tag whose name is most like one that isn't there, "" for none.
func nearest(name string, advertised *packp.AdvRefs) string {
	kind := name[:strings.LastIndex(name[:min(len(name), len("refs/heads/"))], "/")+1]
	var names []string
	for other := range advertised.References {
		if short, same := strings.CutPrefix(other, kind); same && kind != "" {
			names = append(names, short)
		}
	}
	sort.Strings(names)
	return finding.Nearest(strings.TrimPrefix(name, kind), names)
}

func at(name string, hash plumbing.Hash, advertised *packp.AdvRefs) chosen {
	found := chosen{object: hash, commit: hash, reference: name}
	if commit, annotated := advertised.Peeled[name]; annotated {
		found.commit = commit
	}
	return found
}

// newest returns the tag of the highest version within a range.
func newest(text string, advertised *packp.AdvRefs) (chosen, error) {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return chosen{}, fault.New(fault.Artifact, "spec.ref.semver %q can't be read: %s", text, err)
	}
	var matching []*semver.Version
	var tags int
	for name := range advertised.References {
		tag, found := strings.CutPrefix(name, "refs/tags/")
		if !found {
			continue
		}
		tags++
		if parsed, err := version.ParseVersion(tag); err == nil && constraint.Check(parsed) {
			matching = append(matching, parsed)
		}
	}
	if len(matching) == 0 {
		return chosen{}, fault.New(fault.NotFound, "none of the repository's %d tags is a version within %s", tags, text)
	}
	sort.Slice(matching, func(i, j int) bool {
		if matching[i].Equal(matching[j]) {
			return matching[i].Original() < matching[j].Original()
		}
		return matching[i].GreaterThan(matching[j])
	})
	result := tagged(matching[0], advertised)
	for _, other := range matching[1:] {
		if other.Equal(matching[0]) {
			result.also = append(result.also, tagged(other, advertised))
		}
	}
	return result, nil
}

func tagged(parsed *semver.Version, advertised *packp.AdvRefs) chosen {
	name := "refs/tags/" + parsed.Original()
	return at(name, advertised.References[name], advertised)
}
