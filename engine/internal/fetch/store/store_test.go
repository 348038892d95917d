package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func add(t *testing.T, kept *Store, key string, size int64, used time.Time) {
	t.Helper()
	content, err := kept.Add(key, func(directory string) (Content, error) {
		return Content{Digest: key, Size: size}, os.WriteFile(filepath.Join(directory, "file"), []byte(key), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(content.Path, used, used); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestPrune removes what was not used for longest, but nothing that a run may still read.
func TestPrune(t *testing.T) {
	root := t.TempDir()
	kept, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for key, age := range map[string]time.Duration{"old": 72 * time.Hour, "older": 96 * time.Hour, "new": time.Minute, "newer": 0} {
		add(t, kept, key, 400, now.Add(-age))
	}
	stale := filepath.Join(root, temporary, "stale")
	if err := os.Mkdir(stale, 0o700); err != nil {
		t.Fatal(err)
	}
	_ = os.Chtimes(stale, now.Add(-24*time.Hour), now.Add(-24*time.Hour))
	for _, step := range []struct {
		limit int64
		left  int
	}{{2000, 4}, {1600, 4}, {1500, 3}, {1, 2}} {
		kept.prune(step.limit, now)
		if left := names(t, filepath.Join(root, contents)); len(left) != step.left {
			t.Errorf("within %d there is %v", step.limit, left)
		}
	}
	if left := names(t, filepath.Join(root, temporary)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, found := kept.Find("older"); found {
		t.Error("older is still there")
	}
}

// TestBroken has what a writer that died, or somebody else, left: it counts as not there, and is made again.
func TestBroken(t *testing.T) {
	root := t.TempDir()
	kept, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Add("a", func(string) (Content, error) { return Content{}, errors.New("no") }); err == nil {
		t.Error("no error")
	}
	if _, found := kept.Find("a"); found || len(names(t, filepath.Join(root, temporary))) != 0 {
		t.Error("something is left")
	}
	for name, text := range map[string]string{"references/x.json": "{", "references/y.json": `{"asked": 1}`} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"x", "y", "none"} {
		if got, found := kept.Recall(key); found {
			t.Errorf("%s is %v", key, got)
		}
	}
	future := Reference{Asked: time.Now().Add(48 * time.Hour)}
	if future.Fresh(time.Hour) {
		t.Error("what was asked in the future is fresh")
	}
}

func TestUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || err.Error() != "the cache for sources can't be written: not a directory" {
		t.Errorf("the error is %v", err)
	}
}
