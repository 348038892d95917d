// Package tree gives a view of a directory as Flux's source-controller would put it into an artifact, and
// kustomize a file system that ends at the view.
package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fluxcd/pkg/sourceignore/gitignore"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Reason says why a path that is on disk is not in the view.
type Reason string

// The reasons for leaving a path out.
const (
	Symlink   Reason = "symlink"
	Irregular Reason = "irregular"
	Ignored   Reason = "ignored"
	Hidden    Reason = "hidden"
)

// Options say what a view leaves out, and what it refuses to read.
type Options struct {
	// Hidden are paths relative to the root; a directory hides everything below it.
	Hidden []string
	// Ignore is the text of a source's spec.ignore, nil where it has none.
	Ignore *string
	// Guard is asked once for every file that is read; an error of its stands for the file's contents.
	Guard func(path string, data []byte) error
}

// View is the content of a directory, listed when it is opened and read when it is asked for.
type View struct {
	// Memo keeps what others derive from the view's contents, for as long as the view lives.
	Memo sync.Map

	root    *os.Root
	guard   func(path string, data []byte) error
	entries map[string]*Entry
	left    map[string]Reason
	// kept counts the contents in memory, in bytes; from mostKept on they are dropped.
	kept     atomic.Int64
	mostKept int64
}

// Entry is a regular file or a directory of a view.
type Entry struct {
	// Path is relative to the root, with slashes; the root itself is "".
	Path string
	// Names are a directory's entries, sorted; nil for a file.
	Names []string
	dir   bool

	once sync.Once
	data []byte
	hash Hash
	err  error
	// dropped is set where data isn't kept.
	dropped bool
	// guarded is done once the guard was asked, refused is what it said.
	guarded sync.Once
	refused error
}

// IsDir tells a directory from a regular file.
func (e *Entry) IsDir() bool { return e.dir }

// Open lists a directory. What it holds follows source-controller 1.9: regular files only (pkg/artifact's
// Archive leaves out symbolic links and the like), less what VCS patterns, .sourceignore files and spec.ignore
// match; without any such pattern a default list applies.
func Open(root string, options Options) (*View, error) {
	opened, err := os.OpenRoot(root)
	if err != nil {
		return nil, fault.New(fault.Path, "the directory can't be opened: %s", reasonOf(err))
	}
	view := &View{root: opened, guard: options.Guard, mostKept: MaxKept, entries: map[string]*Entry{}, left: map[string]Reason{}}
	walk := lister{view: view, hidden: hiddenSet(options.Hidden)}
	if err := walk.directory(""); err != nil {
		_ = opened.Close()
		return nil, fault.New(fault.Path, "the directory can't be listed: %s", err)
	}
	view.arrange(walk.files, matcherOf(walk.patterns, options.Ignore))
	return view, nil
}

// Close releases the directory; what was not read until then can't be read any more.
func (v *View) Close() error { return v.root.Close() }

// Lookup returns the entry at a clean path relative to the root, nil where there is none.
func (v *View) Lookup(path string) *Entry { return v.entries[path] }

// LeftOut says why a path is on disk and not in the view; false where it isn't on disk either.
// A path below one that is left out is left out for the same reason, and so is a directory of which no file is in the view.
func (v *View) LeftOut(name string) (where string, why Reason, found bool) {
	for at := name; at != "" && at != "." && at != "/"; at = path.Dir(at) {
		if why, found := v.left[at]; found {
			return at, why, true
		}
	}
	if name != "" && v.entries[name] == nil {
		for at, why := range v.left {
			if why == Ignored && strings.HasPrefix(at, name+"/") {
				return name, why, true
			}
		}
	}
	return "", "", false
}

// Files returns the paths of all regular files, sorted.
func (v *View) Files() []string {
	files := make([]string, 0, len(v.entries))
	for name, entry := range v.entries {
		if !entry.dir {
			files = append(files, name)
		}
	}
	sort.Strings(files)
	return files
}

// Walk visits an entry and all below it in the order of filepath.Walk; visit may return fs.SkipDir or fs.SkipAll.
func (v *View) Walk(from *Entry, visit func(*Entry) error) error {
	err := visit(from)
	if err == fs.SkipDir && from.dir {
		return nil
	}
	if err != nil || !from.dir {
		return err
	}
	for _, name := range from.Names {
		err := v.Walk(v.entries[path.Join(from.Path, name)], visit)
		if err == fs.SkipDir {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arrange makes entries of the listed files, and of the directories they are in: Git knows no empty ones.
// The directory of an ignored file stays, as an archive has it too.
func (v *View) arrange(files []string, ignored gitignore.Matcher) {
	v.entries[""] = &Entry{dir: true}
	for _, file := range files {
		if ignored.Match(strings.Split(file, "/"), false) {
			v.left[file] = Ignored
			if parent := parentOf(file); !ignored.Match(strings.Split(parent, "/"), true) {
				v.directory(parent)
			}
			continue
		}
		v.entries[file] = &Entry{Path: file}
		parent := v.directory(parentOf(file))
		parent.Names = append(parent.Names, path.Base(file))
	}
	for _, entry := range v.entries {
		sort.Strings(entry.Names)
	}
}

func (v *View) directory(name string) *Entry {
	if entry := v.entries[name]; entry != nil {
		return entry
	}
	entry := &Entry{Path: name, dir: true}
	v.entries[name] = entry
	parent := v.directory(parentOf(name))
	parent.Names = append(parent.Names, path.Base(name))
	return entry
}

// lister walks the disk.
type lister struct {
	view     *View
	hidden   map[string]bool
	files    []string
	patterns []gitignore.Pattern
}

func (l *lister) directory(name string) error {
	entries, err := fs.ReadDir(l.view.root.FS(), orDot(name))
	if err != nil {
		return err
	}
	l.readIgnoreFile(name, entries)
	for _, entry := range entries {
		at := path.Join(name, entry.Name())
		switch {
		case l.hidden[at]:
			l.view.left[at] = Hidden
		case entry.IsDir() && entry.Name() == ".git":
			l.view.left[at] = Ignored
		case entry.IsDir():
			if err := l.directory(at); err != nil {
				return err
			}
		case entry.Type().IsRegular():
			l.files = append(l.files, at)
		case entry.Type()&fs.ModeSymlink != 0:
			l.view.left[at] = Symlink
		default:
			l.view.left[at] = Irregular
		}
	}
	return nil
}

func hiddenSet(paths []string) map[string]bool {
	set := make(map[string]bool, len(paths))
	for _, name := range paths {
		set[strings.TrimPrefix(path.Clean("/"+name), "/")] = true
	}
	return set
}

func split(name string) []string {
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

func parentOf(name string) string {
	if parent := path.Dir(name); parent != "." {
		return parent
	}
	return ""
}

func orDot(name string) string {
	if name == "" {
		return "."
	}
	return name
}

// reasonOf leaves the engine's own paths out of an error of the os package.
func reasonOf(err error) string {
	var pathError *fs.PathError
	if ok := asPathError(err, &pathError); ok {
		return fmt.Sprintf("%s: %s", pathError.Path, pathError.Err)
	}
	return err.Error()
}
