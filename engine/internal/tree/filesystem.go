package tree

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Root is where a view seems to be to those who need absolute paths. It is not "/", below which the paths that
// leave the view would be taken for paths within it.
const Root = "/gitops-artifact"

// FileSystem is kustomize's file system on a view, for one build: read-only, with files laid over it in memory, and
// with a record of all that was asked of it. It fails once its context is done, so that a build ends.
type FileSystem struct {
	// OnRead is told of each file that is read, and may refuse it or say something else in its place.
	OnRead func(path string, data []byte) ([]byte, error)

	ctx     context.Context
	view    *View
	mounts  []mount
	overlay map[string][]byte
	trace   *Trace
}

// mount is another view that seems to be a directory of this one.
type mount struct {
	name string
	view *View
}

// NewFileSystem returns a file system for one build.
func NewFileSystem(ctx context.Context, view *View) *FileSystem {
	return &FileSystem{ctx: ctx, view: view, overlay: map[string][]byte{}, trace: newTrace()}
}

// Mount has a directory of this name, which is relative to the root, hold what another view does. What is read there is
// not traced: it must be something that never changes.
func (f *FileSystem) Mount(name string, view *View) { f.mounts = append(f.mounts, mount{name, view}) }

// Trace returns what the build has asked for up to now.
func (f *FileSystem) Trace() *Trace { return f.trace }

// Lay puts a file over the view; name is an absolute path of this file system.
func (f *FileSystem) Lay(name string, data []byte) { f.overlay[relative(name)] = data }

// IsLaid tells whether a file was laid over the view.
func (f *FileSystem) IsLaid(name string) bool {
	_, found := f.laid(name)
	return found
}

// Absolute returns the path that this file system has for a path relative to the view's root.
func Absolute(name string) string { return path.Join(Root, name) }

// Relative returns the path relative to the view's root of an absolute path, and whether it is below Root.
func Relative(name string) (string, bool) {
	if name == Root {
		return "", true
	}
	rest, below := strings.CutPrefix(name, Root+"/")
	return rest, below
}

func relative(name string) string {
	rest, _ := Relative(clean(name))
	return rest
}

func clean(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(Root, name)
	}
	return path.Clean(name)
}

// place is an entry, the view that has it, and where that view is mounted: "" is the build's own.
type place struct {
	*Entry
	view *View
	at   string
}

// entry resolves a path; the error is one of the os package's.
func (f *FileSystem) entry(op, name string) (place, error) {
	if err := f.ctx.Err(); err != nil {
		return place{}, err
	}
	rest, below := Relative(clean(name))
	if !below {
		return place{}, &fs.PathError{Op: op, Path: name, Err: errOutside}
	}
	view, inner, at := f.holder(rest)
	entry := view.Lookup(inner)
	if at == "" {
		f.trace.probe(f.view, rest, entry)
	}
	if entry == nil {
		return place{}, &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
	}
	return place{entry, view, at}, nil
}

// holder returns the view that a path is in, the path there, and where it is mounted.
func (f *FileSystem) holder(rest string) (*View, string, string) {
	for _, mounted := range f.mounts {
		if rest == mounted.name {
			return mounted.view, "", mounted.name
		}
		if inner, below := strings.CutPrefix(rest, mounted.name+"/"); below {
			return mounted.view, inner, mounted.name
		}
	}
	return f.view, rest, ""
}

var errOutside = errors.New("the path is not in or below the source's root")

func (f *FileSystem) laid(name string) ([]byte, bool) {
	rest, below := Relative(clean(name))
	data, found := f.overlay[rest]
	return data, found && below
}

// ReadFile implements filesys.FileSystem.
func (f *FileSystem) ReadFile(name string) ([]byte, error) {
	if data, found := f.laid(name); found {
		return f.seen(name, data)
	}
	entry, err := f.entry("open", name)
	if err != nil {
		return nil, err
	}
	if entry.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	if entry.at == "" {
		f.trace.read(f.view, entry.Entry)
	}
	data, err := entry.view.Read(entry.Entry)
	if err != nil {
		f.trace.failed(err)
		return nil, err
	}
	// kustomize may work on the bytes it gets.
	return f.seen(name, bytes.Clone(data))
}

func (f *FileSystem) seen(name string, data []byte) ([]byte, error) {
	if f.OnRead == nil {
		return data, nil
	}
	return f.OnRead(relative(name), data)
}

// Exists implements filesys.FileSystem.
func (f *FileSystem) Exists(name string) bool {
	if _, found := f.laid(name); found {
		return true
	}
	_, err := f.entry("stat", name)
	return err == nil
}

// IsDir implements filesys.FileSystem.
func (f *FileSystem) IsDir(name string) bool {
	if _, found := f.laid(name); found {
		return false
	}
	entry, err := f.entry("stat", name)
	return err == nil && entry.IsDir()
}

// CleanedAbs implements filesys.FileSystem; its error reads as that of the file system on disk.
func (f *FileSystem) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	name = clean(name)
	if _, found := f.laid(name); found {
		return filesys.ConfirmedDir(path.Dir(name)), path.Base(name), nil
	}
	entry, err := f.entry("lstat", name)
	if err != nil {
		return "", "", &cleanError{name: name, err: err}
	}
	if entry.IsDir() {
		return filesys.ConfirmedDir(name), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(name)), path.Base(name), nil
}

type cleanError struct {
	name string
	err  error
}

func (e *cleanError) Error() string {
	return "evalsymlink failure on '" + e.name + "' : " + e.err.Error()
}
func (e *cleanError) Unwrap() error { return e.err }

// ReadDir implements filesys.FileSystem.
func (f *FileSystem) ReadDir(name string) ([]string, error) {
	entry, err := f.entry("open", name)
	if err != nil {
		return nil, err
	}
	if !entry.IsDir() {
		return nil, &fs.PathError{Op: "readdirent", Path: name, Err: syscall.ENOTDIR}
	}
	if entry.at == "" {
		f.trace.list(f.view, entry.Entry)
	}
	return append([]string(nil), entry.Names...), nil
}

// Glob implements filesys.FileSystem as kustomize does on disk: hidden files match hidden patterns only.
func (f *FileSystem) Glob(pattern string) ([]string, error) {
	pattern = clean(pattern)
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	found := f.glob(pattern)
	sort.Strings(found)
	if filesys.IsHiddenFilePath(pattern) {
		return found, nil
	}
	return filesys.RemoveHiddenFiles(found), nil
}

func (f *FileSystem) glob(pattern string) []string {
	if !strings.ContainsAny(pattern, `*?[\`) {
		if f.Exists(pattern) {
			return []string{pattern}
		}
		return nil
	}
	var found []string
	for _, directory := range f.glob(path.Dir(pattern)) {
		names, err := f.ReadDir(directory)
		if err != nil {
			continue
		}
		for _, name := range names {
			if matched, _ := path.Match(path.Base(pattern), name); matched {
				found = append(found, path.Join(directory, name))
			}
		}
	}
	return found
}

// Walk implements filesys.FileSystem in the manner of filepath.Walk. Files laid over the view are not visited.
func (f *FileSystem) Walk(name string, visit filepath.WalkFunc) error {
	entry, err := f.entry("lstat", name)
	if err != nil {
		return visit(name, nil, err)
	}
	at := entry.at
	err = entry.view.Walk(entry.Entry, func(entry *Entry) error {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		err := visit(Absolute(path.Join(at, entry.Path)), info{entry}, nil)
		if entry.IsDir() && err == nil && at == "" {
			f.trace.list(f.view, entry)
		}
		return err
	})
	if err == filepath.SkipAll || err == filepath.SkipDir {
		return nil
	}
	return err
}

// Open implements filesys.FileSystem.
func (f *FileSystem) Open(name string) (filesys.File, error) {
	data, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	entry := &Entry{Path: relative(name), data: data}
	return &file{Reader: bytes.NewReader(data), info: info{entry}}, nil
}

func readOnly(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS} }

// Create implements filesys.FileSystem; nothing can be written.
func (f *FileSystem) Create(name string) (filesys.File, error) { return nil, readOnly("create", name) }

// Mkdir implements filesys.FileSystem; nothing can be written.
func (f *FileSystem) Mkdir(name string) error { return readOnly("mkdir", name) }

// MkdirAll implements filesys.FileSystem; nothing can be written.
func (f *FileSystem) MkdirAll(name string) error { return readOnly("mkdir", name) }

// WriteFile implements filesys.FileSystem; nothing can be written.
func (f *FileSystem) WriteFile(name string, _ []byte) error { return readOnly("write", name) }

// RemoveAll implements filesys.FileSystem; nothing can be removed.
func (f *FileSystem) RemoveAll(name string) error { return readOnly("remove", name) }
