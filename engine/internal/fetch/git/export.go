package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
)

// Limits bound what a repository's files may come to.
type Limits struct {
	Files int
	Bytes int64
}

// export writes the files of commits into a directory, as an artifact has them: regular files, no symbolic links.
type export struct {
	ctx    context.Context
	root   *os.Root
	limits Limits
	// sparse are the directories that are wanted, all without any.
	sparse []string
	files  int
	size   int64
	digest hash.Hash
}

func newExport(ctx context.Context, directory string, limits Limits, sparse []string) (*export, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fault.New(fault.Limit, "the cache for sources can't be written")
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, fault.New(fault.Limit, "the cache for sources can't be written")
	}
	return &export{ctx: ctx, root: root, limits: limits, sparse: sparse, digest: sha256.New()}, nil
}

// sum is of the names and contents of all files, in the order in which Git has them.
func (e *export) sum() string { return "sha256:" + hex.EncodeToString(e.digest.Sum(nil)) }

// module is a submodule that a tree names.
type module struct {
	path   string
	commit plumbing.Hash
}

// commit writes a commit's files below a folder, and returns its submodules and what .gitmodules says.
func (e *export) commit(commit *object.Commit, folder string) ([]module, []byte, error) {
	tree, err := commit.Tree()
	if err != nil {
		return nil, nil, unreadable(e.ctx, err)
	}
	var modules []module
	var said []byte
	walker := object.NewTreeWalker(tree, true, nil)
	defer walker.Close()
	for {
		name, entry, err := walker.Next()
		if errors.Is(err, io.EOF) {
			return modules, said, nil
		}
		if err != nil {
			return nil, nil, unreadable(e.ctx, err)
		}
		if err := checkName(name); err != nil {
			return nil, nil, err
		}
		switch entry.Mode {
		case filemode.Submodule:
			modules = append(modules, module{name, entry.Hash})
		case filemode.Regular, filemode.Executable, filemode.Deprecated:
			if name == ".gitmodules" {
				said = e.modulesFile(tree)
			}
			if err := e.file(tree, entry, name, folder); err != nil {
				return nil, nil, err
			}
		}
	}
}

const maxModules = 1 << 20

func (e *export) modulesFile(tree *object.Tree) []byte {
	file, err := tree.File(".gitmodules")
	if err != nil || file.Size > maxModules {
		return nil
	}
	text, err := file.Contents()
	if err != nil {
		return nil
	}
	return []byte(text)
}

// checkName refuses what no file system should be asked to write. The root keeps files within it in any case.
func checkName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") || strings.ContainsAny(part, "\\\x00:") && filepath.Separator == '\\' {
			return fault.New(fault.Artifact, "the repository holds a file of the name %q", name)
		}
	}
	return nil
}

// wanted is go-git's sparse checkout: by the beginning of a file's path.
func (e *export) wanted(name string) bool {
	for _, start := range e.sparse {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return len(e.sparse) == 0
}

func (e *export) file(tree *object.Tree, entry object.TreeEntry, name, folder string) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if folder == "" && !e.wanted(name) {
		return nil
	}
	if e.files++; e.files > e.limits.Files {
		return fault.New(fault.Limit, "it holds more than %d files", e.limits.Files)
	}
	file, err := tree.TreeEntryFile(&entry)
	if err != nil {
		return unreadable(e.ctx, err)
	}
	if e.size += file.Size; e.size > e.limits.Bytes {
		return fault.New(fault.Limit, "it is larger than %s", policy.Size(e.limits.Bytes))
	}
	reader, err := file.Reader()
	if err != nil {
		return unreadable(e.ctx, err)
	}
	defer reader.Close()
	target := path.Join(folder, name)
	_, _ = fmt.Fprintf(e.digest, "%s\x00%d\x00", target, file.Size)
	return e.write(target, io.LimitReader(reader, file.Size), entry.Mode == filemode.Executable)
}

func (e *export) write(target string, from io.Reader, executable bool) error {
	if parent := path.Dir(target); parent != "." {
		if err := e.root.MkdirAll(parent, 0o700); err != nil {
			return fault.New(fault.Artifact, "the file %q can't be written", target)
		}
	}
	mode := os.FileMode(0o600)
	if executable {
		mode = 0o700
	}
	file, err := e.root.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fault.New(fault.Artifact, "the file %q can't be written", target)
	}
	_, err = io.Copy(io.MultiWriter(file, e.digest), from)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// checkSparse says what source-controller says of a directory that isn't there.
func (e *export) checkSparse() error {
	for _, directory := range e.sparse {
		if _, err := e.root.Lstat(filepath.FromSlash(strings.TrimSuffix(directory, "/"))); err != nil {
			return fault.New(fault.NotFound, "sparse checkout dir '%s' does not exist in repository", directory)
		}
	}
	return nil
}
