package cache

import (
	"crypto/rand"
	"io/fs"
	"sort"
	"strings"
	"time"
)

const temporaryMark = ".tmp-"

// staleAfter is the age at which the temporary file of a writer that died is removed.
const staleAfter = time.Hour

func temporarySuffix() string { return temporaryMark + rand.Text() }

// grown looks at the size, in the background, once enough was written.
func (c *Cache) grown(bytes int64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.written += bytes; c.written < pruneEach {
		return
	}
	c.written = 0
	c.pruning.Go(func() { c.prune(MaxSize) })
}

type stored struct {
	name string
	size int64
	used time.Time
}

// prune removes the entries not used for longest until a tenth of the size is free again. Whatever another process
// removes meanwhile is none of its business.
func (c *Cache) prune(limit int64) {
	entries, total := c.list()
	if total <= limit {
		return
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].used.Before(entries[j].used) })
	for _, entry := range entries {
		if total <= limit-limit/10 {
			return
		}
		if c.root.Remove(entry.name) == nil {
			total -= entry.size
		}
	}
}

func (c *Cache) list() ([]stored, int64) {
	var entries []stored
	var total int64
	_ = fs.WalkDir(c.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && len(name) > 2 {
			return fs.SkipDir // somebody else's, such as fetched sources
		}
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		if strings.Contains(name, temporaryMark) && time.Since(info.ModTime()) > staleAfter {
			_ = c.root.Remove(name)
			return nil
		}
		entries = append(entries, stored{name, info.Size(), info.ModTime()})
		total += info.Size()
		return nil
	})
	return entries, total
}
