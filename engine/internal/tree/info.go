package tree

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// file is an open file.
type file struct {
	*bytes.Reader
	info info
}

func (f *file) Close() error               { return nil }
func (f *file) Write([]byte) (int, error)  { return 0, syscall.EROFS }
func (f *file) Stat() (os.FileInfo, error) { return f.info, nil }

var _ io.Reader = (*file)(nil)

// info describes an entry; times and permissions are not part of an artifact.
type info struct{ entry *Entry }

func (i info) Name() string       { return path.Base(Absolute(i.entry.Path)) }
func (i info) Size() int64        { return int64(len(i.entry.data)) }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.entry.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.entry.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
