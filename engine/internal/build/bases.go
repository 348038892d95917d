package build

import (
	"bytes"
	"path"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// Base is a remote base that was fetched: what a kustomization file names by its URL is Path in Directory.
type Base struct {
	URL       string `json:"url"`
	Directory string `json:"directory"`
	Path      string `json:"path"`
}

// basePrefix begins the names of the directories that remote bases seem to be in; a number follows.
const basePrefix = ".gitops-base-"

// nothing is an ignore rule that matches nothing: kustomize knows no ignore rules, not even those by default.
var nothing = "/" + basePrefix + "none"

// mountBases has the file system hold what was fetched.
func (j *job) mountBases() error {
	j.bases = make(map[string]string, len(j.request.Bases))
	for index, base := range j.request.Bases {
		view, err := j.baseView(base.Directory)
		if err != nil {
			return err
		}
		name := basePrefix + strconv.Itoa(index)
		j.fs.Mount(name, view)
		j.bases[base.URL] = path.Join(name, base.Path)
	}
	return nil
}

// baseView opens a directory once a view; it never changes.
func (j *job) baseView(directory string) (*tree.View, error) {
	key := memoKey{"base", directory}
	if known, found := j.view.Memo.Load(key); found {
		return known.(*tree.View), nil
	}
	opened, err := tree.Open(directory, tree.Options{Ignore: &nothing, Guard: guard.File})
	if err != nil {
		return nil, err
	}
	known, other := j.view.Memo.LoadOrStore(key, opened)
	if other {
		_ = opened.Close()
	}
	return known.(*tree.View), nil
}

// missingBase notes a remote base that has to be fetched before this can be built.
func (j *job) missingBase(name string, data []byte, address string) error {
	if j.seen.remote == nil {
		j.seen.remote = fault.New(fault.Remote, "the remote base %s was not fetched", address)
		j.seen.remote.File, j.seen.remote.URL = name, address
		j.seen.remote.Line = lineOf(data, address)
	}
	return j.seen.remote
}

// localized returns a kustomization file that names remote bases where they seem to be; all lines stay where they are.
func (j *job) localized(name string, data []byte, remote []string) []byte {
	if len(remote) == 0 {
		return data
	}
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil {
		return data
	}
	var found []naming
	collect(&document, func(node *yaml.Node) {
		if address, fetched := j.names(node.Value); fetched {
			found = append(found, naming{node, address})
		}
	})
	sort.Slice(found, func(i, k int) bool {
		return found[i].Line > found[k].Line || found[i].Line == found[k].Line && found[i].Column > found[k].Column
	})
	lines := bytes.SplitAfter(data, []byte("\n"))
	for _, node := range found {
		line := lines[node.Line-1]
		start := min(node.Column-1, len(line))
		if at := bytes.Index(line[start:], []byte(node.address)); at >= 0 {
			local := relativePath(path.Dir(name), j.bases[node.address])
			end := start + at + len(node.address)
			lines[node.Line-1] = append(append(bytes.Clone(line[:start+at]), local...), line[end:]...)
		}
	}
	return bytes.Join(lines, nil)
}

// naming is a value that names a remote base.
type naming struct {
	*yaml.Node
	address string
}

// names returns the remote base that a value names: it is its URL, for a generator maybe with a key.
func (j *job) names(value string) (string, bool) {
	if _, fetched := j.bases[value]; fetched {
		return value, true
	}
	_, address, keyed := strings.Cut(value, "=")
	_, fetched := j.bases[address]
	return address, keyed && fetched
}

func collect(node *yaml.Node, visit func(*yaml.Node)) {
	if node.Kind == yaml.ScalarNode {
		visit(node)
	}
	for _, child := range node.Content {
		collect(child, visit)
	}
}

// relativePath leads from one directory of the tree to a path of it.
func relativePath(from, to string) string {
	if from == "." {
		return "./" + to
	}
	return strings.Repeat("../", strings.Count(from, "/")+1) + to
}

// isFetched tells whether a path is within a remote base.
func isFetched(name string) bool { return strings.HasPrefix(name, basePrefix) }

// unfetched has an error speak of URLs in place of where they seem to be, and of files of the tree alone.
func (j *job) unfetched(problem *fault.Error) *fault.Error {
	if len(j.bases) == 0 {
		return problem
	}
	culprit, within := j.culprit(problem)
	for address, name := range j.bases {
		problem.Message = strings.ReplaceAll(problem.Message, name, address)
		problem.Remedy = strings.ReplaceAll(problem.Remedy, name, address)
	}
	places := append(problem.Chain, fault.Place{File: problem.File, Line: problem.Line})
	problem.Chain, problem.File, problem.Line = nil, "", 0
	for _, place := range places {
		if place.File == "" || isFetched(place.File) {
			continue
		}
		if problem.File != "" {
			problem.Chain = append(problem.Chain, fault.Place{File: problem.File, Line: problem.Line})
		}
		if place.Line == 0 && culprit != "" {
			place.Line = j.lineIn(place.File, culprit)
		}
		problem.File, problem.Line = place.File, place.Line
	}
	if within && !strings.Contains(problem.Message, culprit) {
		problem.Message = "in the remote base " + culprit + ": " + problem.Message
	}
	return problem
}

// culprit returns the remote base that an error is about, "" where it is about none, and whether it is within it.
func (j *job) culprit(problem *fault.Error) (string, bool) {
	for address, name := range j.bases {
		if isFetched(problem.File) && inBase(problem.File, name) || strings.Contains(problem.Message, name) {
			return address, true
		}
		for _, place := range problem.Chain {
			if inBase(place.File, name) {
				return address, true
			}
		}
	}
	return "", false
}

// lineIn returns the line of the tree's file that holds a text, 0 where none does.
func (j *job) lineIn(name, text string) int {
	entry := j.view.Lookup(name)
	if entry == nil || entry.IsDir() {
		return 0
	}
	data, err := j.view.Read(entry)
	if err != nil {
		return 0
	}
	return lineOf(data, text)
}

func inBase(name, base string) bool {
	root, _, _ := strings.Cut(base, "/")
	return name == root || strings.HasPrefix(name, root+"/")
}
