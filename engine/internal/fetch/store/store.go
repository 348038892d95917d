// Package store keeps what was fetched on disk: contents by their digest, and what names led to which of them.
// It is shared between processes: contents appear whole or not at all, and one process at a time fetches one thing.
package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	contents   = "contents"
	references = "references"
	locks      = "locks"
	temporary  = "temporary"
	// version is part of every key: what another version kept in another shape is not found.
	version = "1"
	// lockPause is how often another process's lock is looked at.
	lockPause = 50 * time.Millisecond
)

// Store is a directory; safe for several goroutines and processes.
type Store struct {
	root string

	mutex   sync.Mutex
	pruned  bool
	written int64
}

// Open makes the directory where it is missing.
func Open(root string) (*Store, error) {
	for _, folder := range []string{contents, references, locks, temporary} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			return nil, fault.New(fault.Limit, "the cache for sources can't be written: %s", withoutPath(err))
		}
	}
	return &Store{root: root}, nil
}

// Key identifies something by what it is made from.
func Key(parts ...any) string {
	data, err := json.Marshal(append([]any{version}, parts...))
	if err != nil {
		panic(err) // parts are the callers' own strings, lists and structs
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Lock waits until nobody else works on a key, and returns what ends the claim.
func (s *Store) Lock(ctx context.Context, key string) (func(), error) {
	lock := flock.New(filepath.Join(s.root, locks, key[:16]))
	locked, err := lock.TryLockContext(ctx, lockPause)
	switch {
	case locked:
		return func() { _ = lock.Unlock() }, nil
	case ctx.Err() != nil:
		return nil, fault.New(fault.Unreachable, "another process has been fetching it for too long")
	}
	return nil, fault.New(fault.Limit, "the cache for sources can't be locked: %s", withoutPath(err))
}

// Reference is what a name led to when it was last asked.
type Reference struct {
	// Content is the key of what it led to.
	Content string `json:"content"`
	// Revision is what source-controller calls it.
	Revision string `json:"revision"`
	// Version is a chart's.
	Version string `json:"version,omitempty"`
	// Tag tells the server what is known already (HTTP's ETag).
	Tag string `json:"tag,omitempty"`
	// Asked is when the server was asked, zero where it need not be asked again.
	Asked time.Time `json:"asked"`
}

// Fresh tells whether the server need not be asked again yet.
func (r Reference) Fresh(age time.Duration) bool {
	return r.Asked.IsZero() || time.Since(r.Asked) < age && time.Until(r.Asked) < time.Hour
}

// Recall returns what a key led to.
func (s *Store) Recall(key string) (Reference, bool) {
	var reference Reference
	data, err := os.ReadFile(filepath.Join(s.root, references, key+".json"))
	if err != nil || json.Unmarshal(data, &reference) != nil {
		return Reference{}, false
	}
	return reference, true
}

// Remember keeps what a key led to; where that fails, it is asked again.
func (s *Store) Remember(key string, reference Reference) {
	data, err := json.Marshal(reference)
	if err == nil {
		_ = s.write(filepath.Join(references, key+".json"), data)
	}
}

func (s *Store) write(name string, data []byte) error {
	path := filepath.Join(s.root, temporary, rand.Text())
	err := os.WriteFile(path, data, 0o600)
	if err == nil {
		err = os.Rename(path, filepath.Join(s.root, name))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// Content is something fetched: a directory of files, or one file.
type Content struct {
	// Path is the directory that holds it and nothing else.
	Path string `json:"-"`
	// Digest is of its contents, such as sha256:….
	Digest string `json:"digest"`
	// Size is its size on disk in bytes.
	Size int64 `json:"size"`
	// Details are the fetching package's own.
	Details map[string]string `json:"details,omitempty"`
}

// Join returns a path in the content.
func (c Content) Join(names ...string) string {
	return filepath.Join(append([]string{c.Path}, names...)...)
}

const (
	manifest = "content.json"
	// Files is the folder of a content that holds a directory.
	Files = "files"
	// Archive is the file of a content that holds an archive.
	Archive = "archive.tgz"
)

// Find returns a content that is there, and notes that it was used.
func (s *Store) Find(key string) (Content, bool) {
	path := filepath.Join(s.root, contents, key)
	data, err := os.ReadFile(filepath.Join(path, manifest))
	content := Content{Path: path}
	if err != nil || json.Unmarshal(data, &content) != nil {
		return Content{}, false
	}
	s.touch(path)
	return content, true
}

// Add makes a content: fill writes it into an empty directory, and says what it is. What is there already stays.
func (s *Store) Add(key string, fill func(directory string) (Content, error)) (Content, error) {
	work := filepath.Join(s.root, temporary, rand.Text())
	if err := os.Mkdir(work, 0o700); err != nil {
		return Content{}, fault.New(fault.Limit, "the cache for sources can't be written: %s", withoutPath(err))
	}
	defer os.RemoveAll(work)
	content, err := fill(work)
	if err != nil {
		return Content{}, err
	}
	data, err := json.Marshal(content)
	if err == nil {
		err = os.WriteFile(filepath.Join(work, manifest), data, 0o600)
	}
	if err == nil {
		err = os.Rename(work, filepath.Join(s.root, contents, key))
	}
	if there, found := s.Find(key); found {
		s.grown(content.Size)
		return there, nil
	}
	return Content{}, fault.New(fault.Limit, "the cache for sources can't be written: %s", withoutPath(err))
}

// Scratch returns an empty directory for work in progress, and what removes it.
func (s *Store) Scratch() (string, func(), error) {
	path := filepath.Join(s.root, temporary, rand.Text())
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", nil, fault.New(fault.Limit, "the cache for sources can't be written: %s", withoutPath(err))
	}
	return path, func() { _ = os.RemoveAll(path) }, nil
}

func withoutPath(err error) string {
	var inner *os.PathError
	var link *os.LinkError
	switch {
	case err == nil:
		return "it is gone again"
	case errors.As(err, &inner):
		return inner.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return fmt.Sprint(err)
}
