package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// MaxFile is the size in bytes of the largest file that is read.
const MaxFile = 16 << 20

// MaxKept is how much of its files' contents a view keeps, in bytes; what is beyond is read again each time.
const MaxKept = 96 << 20

// Hash identifies contents.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Read returns a file's contents, read once; the caller must not change them.
func (v *View) Read(entry *Entry) ([]byte, error) {
	data, err := v.contents(entry)
	if err != nil {
		return nil, err
	}
	if v.guard != nil {
		entry.guarded.Do(func() { entry.refused = v.guard(entry.Path, data) })
	}
	if entry.refused != nil {
		return nil, entry.refused
	}
	return data, nil
}

// Contains tells whether a file holds a text, even where the guard refuses the file.
func (v *View) Contains(entry *Entry, text []byte) bool {
	data, err := v.contents(entry)
	return err == nil && bytes.Contains(data, text)
}

// HashOf returns the hash of a file's contents, be they refused or not.
func (v *View) HashOf(entry *Entry) (Hash, error) {
	v.load(entry)
	return entry.hash, entry.err
}

func (v *View) load(entry *Entry) {
	entry.once.Do(func() {
		entry.data, entry.err = readRegular(v.root, entry.Path)
		if entry.err == nil {
			entry.hash = sha256.Sum256(entry.data)
			v.keep(entry)
		}
	})
}

// keep drops a file's contents again once the view has enough of them.
func (v *View) keep(entry *Entry) {
	size := int64(len(entry.data))
	if v.kept.Add(size) > v.mostKept {
		v.kept.Add(-size)
		entry.data, entry.dropped = nil, true
	}
}

// contents returns what a file held when it was first read.
func (v *View) contents(entry *Entry) ([]byte, error) {
	v.load(entry)
	if entry.err != nil || !entry.dropped {
		return entry.data, entry.err
	}
	data, err := readRegular(v.root, entry.Path)
	if err == nil && sha256.Sum256(data) != entry.hash {
		return nil, unreadable(entry.Path, errors.New("the file has changed meanwhile"))
	}
	return data, err
}

// readRegular reads a regular file below root. It follows no symbolic link at its end and leaves the root through
// none on its way, whatever happens to the directory meanwhile; a pipe doesn't block it.
func readRegular(root *os.Root, name string) ([]byte, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, unreadable(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, unreadable(name, errors.New("not a regular file"))
	}
	if info.Size() > MaxFile {
		return nil, tooLarge(name)
	}
	return readAll(file, name, info.Size())
}

func readAll(file io.Reader, name string, size int64) ([]byte, error) {
	data := make([]byte, 0, size+1)
	for {
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if len(data) > MaxFile {
			return nil, tooLarge(name)
		}
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, unreadable(name, err)
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

func tooLarge(name string) error {
	problem := fault.New(fault.Limit, "the file is larger than %d MiB", MaxFile>>20)
	problem.File = name
	return problem
}

func unreadable(name string, err error) error {
	var inner *fs.PathError
	if asPathError(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: "open", Path: name, Err: err}
}

func asPathError(err error, target **fs.PathError) bool { return errors.As(err, target) }
