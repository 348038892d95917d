package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// entry opens a view of one file, and returns it with the trace of having read the file.
func entry(t testing.TB, content string) (*tree.View, *tree.Trace) {
	t.Helper()
	view, err := tree.Open(repotest.Write(t, map[string]string{"a.yaml": content}), tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	fs := tree.NewFileSystem(context.Background(), view)
	if _, err := fs.ReadFile(tree.Absolute("a.yaml")); err != nil {
		t.Fatal(err)
	}
	return view, fs.Trace()
}

func key(t testing.TB, c *Cache, request any) Key {
	t.Helper()
	key, err := c.KeyOf(request)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func has(t *testing.T, c *Cache, key Key, view *tree.View, want string) {
	t.Helper()
	result, found := c.Get(key, view)
	if found != (want != "") || string(result) != want {
		t.Errorf("got %q, %t, want %q", result, found, want)
	}
}

func TestHit(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "new", "cache")
	view, trace := entry(t, "one")
	c := Open(directory, "1")
	k := key(t, c, map[string]any{"path": "a"})
	has(t, c, k, view, "")
	c.Put(k, trace, []byte(`{"result": "with\nlines"}`))
	has(t, c, k, view, `{"result": "with\nlines"}`)
	has(t, Open(directory, "1"), k, view, `{"result": "with\nlines"}`)
	other, _ := entry(t, "two")
	has(t, c, k, other, "")
	if k == key(t, Open(directory, "2"), map[string]any{"path": "a"}) || k == key(t, c, map[string]any{"path": "b"}) {
		t.Error("other engines, or other requests, have the same key")
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has the mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(directory, k.file(0))); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the entry has the mode %v, %v", info.Mode(), err)
	}
}

// TestBroken takes each kind of damage for a miss, and replaces it.
func TestBroken(t *testing.T) {
	view, trace := entry(t, "one")
	result := []byte(`{"result":"fine"}`)
	damages := map[string]func(data []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"truncated": func(data []byte) []byte { return data[:len(data)-1] },
		"cut early": func(data []byte) []byte { return data[:10] },
		"flipped":   func(data []byte) []byte { data[len(data)-3] ^= 1; return data },
		"sum":       func(data []byte) []byte { data[70] ^= 1; return data },
		"trace":     func(data []byte) []byte { data[140] ^= 1; return data },
		"rubbish":   func([]byte) []byte { return []byte("rubbish\n\n\n") },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			c := Open(directory, "1")
			k := key(t, c, name)
			c.Put(k, trace, result)
			file := filepath.Join(directory, k.file(0))
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			has(t, c, k, view, "")
			c.Put(k, trace, result)
			has(t, c, k, view, string(result))
		})
	}
}

// TestSeveral keeps the results that one request has in several views, and drops the one not used for longest.
func TestSeveral(t *testing.T) {
	directory := t.TempDir()
	c := Open(directory, "1")
	k := key(t, c, "x")
	views := make([]*tree.View, slots+1)
	for index := range views {
		view, trace := entry(t, fmt.Sprint(index))
		if index == slots {
			for slot := range slots {
				used := time.Now().Add(time.Duration(slot-100) * time.Hour)
				if err := os.Chtimes(filepath.Join(directory, k.file(slot)), used, used); err != nil {
					t.Fatal(err)
				}
			}
			has(t, c, k, views[0], "0")
		}
		c.Put(k, trace, []byte(fmt.Sprint(index)))
		views[index] = view
	}
	for index, view := range views {
		want := fmt.Sprint(index)
		if index == 1 {
			want = ""
		}
		has(t, c, k, view, want)
	}
}

// TestUnusable goes on without a cache where there can be none.
func TestUnusable(t *testing.T) {
	view, trace := entry(t, "one")
	file := filepath.Join(repotest.Write(t, map[string]string{"file": ""}), "file")
	for _, c := range []*Cache{nil, Open(file, "1"), Open(filepath.Join(file, "below"), "1")} {
		k := key(t, c, "x")
		c.Put(k, trace, []byte("{}"))
		has(t, c, k, view, "")
		c.Close()
	}
}

// TestUnwritable stands for a read-only directory and for a full disk: the entry's directory can't be made.
func TestUnwritable(t *testing.T) {
	view, trace := entry(t, "one")
	directory := t.TempDir()
	c := Open(directory, "1")
	for index := range 2 * maxFailures {
		k := key(t, c, index)
		repotest.Put(t, directory, string(k[:2]), "a file where a directory should be")
		c.Put(k, trace, []byte("{}"))
		has(t, c, k, view, "")
	}
	if c.failures != maxFailures {
		t.Errorf("%d writes were tried", c.failures)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(directory, "*", "*")); len(leftovers) > 0 {
		t.Errorf("there are leftovers: %q", leftovers)
	}
}

// TestPrune removes what was not used for longest, and what dead writers left.
func TestPrune(t *testing.T) {
	view, trace := entry(t, "one")
	directory := t.TempDir()
	c := Open(directory, "1")
	keys := make([]Key, 10)
	for index := range keys {
		keys[index] = key(t, c, index)
		c.Put(keys[index], trace, make([]byte, 1000))
		used := time.Now().Add(time.Duration(index-100) * time.Hour)
		if err := os.Chtimes(filepath.Join(directory, keys[index].file(0)), used, used); err != nil {
			t.Fatal(err)
		}
	}
	stale := filepath.Join(directory, "ab"+temporaryMark+"x")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(stale, time.Time{}, time.Now().Add(-2*staleAfter)); err != nil {
		t.Fatal(err)
	}
	has(t, c, keys[0], view, string(make([]byte, 1000)))
	c.pruning.Wait()
	_, total := c.list()
	c.prune(total / 2)
	_, left := c.list()
	if left > total/2 {
		t.Errorf("%d of %d bytes are left", left, total)
	}
	has(t, c, keys[0], view, string(make([]byte, 1000)))
	has(t, c, keys[1], view, "")
	has(t, c, keys[9], view, string(make([]byte, 1000)))
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Error("the file of a dead writer is still there")
	}
}

// TestTogether has several caches of one directory write and read the same entries at once.
func TestTogether(t *testing.T) {
	directory := t.TempDir()
	view, trace := entry(t, "one")
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			c := Open(directory, "1")
			defer c.Close()
			for index := range 50 {
				k, _ := c.KeyOf(index % 5)
				want := fmt.Sprintf(`{"index":%d}`, index%5)
				c.Put(k, trace, []byte(want))
				if result, found := c.Get(k, view); !found || string(result) != want {
					t.Errorf("got %q, %t", result, found)
				}
			}
		})
	}
	workers.Wait()
}
