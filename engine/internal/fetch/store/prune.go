package store

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"time"
)

const (
	// MaxSize bounds the bytes that contents take on disk.
	MaxSize = 2 << 30
	// pruneEach is how much is added between two looks at the size.
	pruneEach = 64 << 20
	// touchAfter is how long a content's time of use may lag behind.
	touchAfter = 10 * time.Minute
	// inUse is how long after its last use a content stays in any case: a run may still read it.
	inUse = 2 * time.Hour
	// forgotten is the age at which a reference or a lock that nobody used is removed.
	forgotten = 90 * 24 * time.Hour
)

func (s *Store) touch(path string) {
	info, err := os.Stat(path)
	if now := time.Now(); err == nil && now.Sub(info.ModTime()) > touchAfter {
		_ = os.Chtimes(path, now, now)
	}
}

// grown looks at the size with the first content that is added, and whenever enough was added.
func (s *Store) grown(bytes int64) {
	s.mutex.Lock()
	s.written += bytes
	due := !s.pruned || s.written >= pruneEach
	if due {
		s.pruned, s.written = true, 0
	}
	s.mutex.Unlock()
	if due {
		s.prune(MaxSize, time.Now())
	}
}

type stored struct {
	path string
	size int64
	used time.Time
}

// prune removes what was not used for longest until the size is right again, and what writers that died left behind.
func (s *Store) prune(limit int64, now time.Time) {
	for _, entry := range s.list(temporary) {
		if now.Sub(entry.used) > inUse {
			_ = os.RemoveAll(entry.path)
		}
	}
	for _, folder := range []string{references, locks} {
		for _, entry := range s.list(folder) {
			if now.Sub(entry.used) > forgotten {
				_ = os.Remove(entry.path)
			}
		}
	}
	entries, total := s.list(contents), int64(0)
	for index := range entries {
		entries[index].size = sizeOf(entries[index].path)
		total += entries[index].size
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].used.Before(entries[j].used) })
	for _, entry := range entries {
		if total <= limit || now.Sub(entry.used) < inUse {
			return
		}
		s.discard(entry.path)
		total -= entry.size
	}
}

// discard takes a content out of sight before it is removed, so that nobody finds half of it.
func (s *Store) discard(path string) {
	gone := filepath.Join(s.root, temporary, "gone-"+filepath.Base(path))
	if os.Rename(path, gone) == nil {
		_ = os.RemoveAll(gone)
	}
}

func (s *Store) list(folder string) []stored {
	var entries []stored
	listed, _ := os.ReadDir(filepath.Join(s.root, folder))
	for _, entry := range listed {
		if info, err := entry.Info(); err == nil {
			entries = append(entries, stored{path: filepath.Join(s.root, folder, entry.Name()), used: info.ModTime()})
		}
	}
	return entries
}

func sizeOf(path string) int64 {
	var content Content
	data, err := os.ReadFile(filepath.Join(path, manifest))
	if err != nil || json.Unmarshal(data, &content) != nil {
		return 0
	}
	return content.Size
}
