// Package cache keeps results on disk, each with what it was made from. A cache that can't be read or written, or
// that holds rubbish, is as good as an empty one: it never fails a build.
package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"sync"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

const (
	// MaxSize bounds the bytes that a cache takes on disk.
	MaxSize = 256 << 20
	// pruneEach is how much is written between two looks at the size.
	pruneEach = 16 << 20
	// touchAfter is how long an entry's time of use may lag behind.
	touchAfter = time.Hour
	// maxFailures is how many writes may fail before no more are tried.
	maxFailures = 3
	// slots is how many results of one request are kept, each made from other files: those of a branch and of what it
	// branched from are asked for in turns.
	slots = 4
)

// Cache is a directory of entries; safe for several processes. A nil Cache is empty and stays so.
type Cache struct {
	root *os.Root
	salt []byte

	mutex    sync.Mutex
	written  int64
	failures int
	pruning  sync.WaitGroup
}

// Open returns the cache in a directory, which is made where it is missing. salt is part of every key: what may
// change a result and is not part of a request. It returns nil where the directory can't be used.
func Open(directory, salt string) *Cache {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		slog.Warn("there is no cache", "reason", err)
		return nil
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		slog.Warn("there is no cache", "reason", err)
		return nil
	}
	// The size is looked at with the first write, too.
	return &Cache{root: root, salt: []byte(salt), written: pruneEach}
}

// Close waits for what runs in the background.
func (c *Cache) Close() {
	if c != nil {
		c.pruning.Wait()
		_ = c.root.Close()
	}
}

// Key identifies what was asked for.
type Key string

// KeyOf returns the key of a request and of the texts it is about, which are taken as they are.
func (c *Cache) KeyOf(request any, texts ...json.RawMessage) (Key, error) {
	data, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	if c != nil {
		_, _ = hash.Write(c.salt)
	}
	_, _ = hash.Write([]byte{0})
	_, _ = hash.Write(data)
	for _, text := range texts {
		_, _ = fmt.Fprintf(hash, "\x00%d\x00", len(text))
		_, _ = hash.Write(text)
	}
	return Key(hex.EncodeToString(hash.Sum(nil))), nil
}

func (k Key) file(slot int) string {
	name := path.Join(string(k[:2]), string(k[2:]))
	if slot == 0 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, slot)
}

// Get returns the result that was put under the key and made from what the view holds.
func (c *Cache) Get(key Key, view *tree.View) ([]byte, bool) {
	for slot := 0; c != nil && slot < slots; slot++ {
		data, err := c.root.ReadFile(key.file(slot))
		if err != nil {
			return nil, false
		}
		if result, found := unpack(data, view); found {
			c.touch(key, slot)
			return result, true
		}
	}
	return nil, false
}

// Put keeps a result with what it was made from.
func (c *Cache) Put(key Key, trace *tree.Trace, result []byte) {
	if c == nil || !trace.Complete() || c.failed() {
		return
	}
	data, err := pack(trace, result)
	if err != nil {
		return
	}
	if err := c.write(key.file(c.slot(key)), data); err != nil {
		c.fail(err)
		return
	}
	c.grown(int64(len(data)))
}

// slot returns where to put a further result under the key: where there is none yet, else in place of the one not used
// for longest.
func (c *Cache) slot(key Key) int {
	oldest, since := 0, time.Now().Add(time.Hour)
	for slot := range slots {
		info, err := c.root.Stat(key.file(slot))
		if err != nil {
			return slot
		}
		if used := info.ModTime(); used.Before(since) {
			oldest, since = slot, used
		}
	}
	return oldest
}

// An entry is the hashes of the trace and of the result, then the trace, then the result, a line each.
func pack(trace *tree.Trace, result []byte) ([]byte, error) {
	text, err := json.Marshal(trace)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{sumOf(text), sumOf(result), text, result}, []byte("\n")), nil
}

// unpack returns an entry's result where it is whole and the view holds all that it was made from.
func unpack(data []byte, view *tree.View) ([]byte, bool) {
	parts := bytes.SplitN(data, []byte("\n"), 4)
	var trace tree.Trace
	if len(parts) != 4 || !bytes.Equal(parts[0], sumOf(parts[2])) || json.Unmarshal(parts[2], &trace) != nil {
		return nil, false
	}
	// Of several entries, most are told apart by their traces: only one that is to be used is looked at as a whole.
	if !trace.Holds(view) || !bytes.Equal(parts[1], sumOf(parts[3])) {
		return nil, false
	}
	return parts[3], true
}

func sumOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return hex.AppendEncode(nil, sum[:])
}

// write makes the file appear whole, whoever else writes it.
func (c *Cache) write(name string, data []byte) error {
	if err := c.root.Mkdir(path.Dir(name), 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	temporary := name + temporarySuffix()
	err := c.root.WriteFile(temporary, data, 0o600)
	if err == nil {
		err = c.root.Rename(temporary, name)
	}
	if err != nil {
		_ = c.root.Remove(temporary)
	}
	return err
}

// touch notes that a result was used: at once where it is one of several, so that the others go first.
func (c *Cache) touch(key Key, slot int) {
	lag := touchAfter
	if _, err := c.root.Stat(key.file(1)); err == nil {
		lag = time.Second
	}
	info, err := c.root.Stat(key.file(slot))
	if now := time.Now(); err == nil && now.Sub(info.ModTime()) > lag {
		_ = c.root.Chtimes(key.file(slot), now, now)
	}
}

func (c *Cache) failed() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.failures >= maxFailures
}

func (c *Cache) fail(err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.failures++; c.failures == 1 {
		slog.Warn("the cache can't be written", "reason", withoutPath(err))
	}
}

func withoutPath(err error) error {
	if inner, ok := err.(*fs.PathError); ok {
		return inner.Err
	}
	return err
}
