package tree_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

func open(t *testing.T, root string, options tree.Options) *tree.View {
	t.Helper()
	view, err := tree.Open(root, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	return view
}

// TestDefaultPatterns lists what source-controller leaves out where nobody says anything else.
func TestDefaultPatterns(t *testing.T) {
	root := repotest.Write(t, map[string]string{
		"a.yaml": "", "deep/er/b.txt": "", ".git/config": "", ".gitignore": "", ".github/workflows/x.yaml": "",
		"deep/.github/y.yaml": "", "logo.png": "", "apps/.sops.yaml": "", "apps/x.zip": "", "pic.JPG": "",
		".flux.yaml/inside.yaml": "", ".hidden.yaml": "", "cloudbuild.yaml": "",
	})
	view := open(t, root, tree.Options{})
	want := []string{".hidden.yaml", "a.yaml", "deep/er/b.txt", "pic.JPG"}
	if got := view.Files(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, left := range []string{"logo.png", ".github/workflows/x.yaml", ".git/config"} {
		if _, why, found := view.LeftOut(left); !found || why != tree.Ignored {
			t.Errorf("%s is left out as %q, %t", left, why, found)
		}
	}
}

// TestIgnore holds the patterns of files and of spec.ignore to their scopes and their order; they replace the default
// ones.
func TestIgnore(t *testing.T) {
	root := repotest.Write(t, map[string]string{
		".sourceignore": "# a comment\n*.txt\n/apps/*\n!/apps/kept\n", "apps/.sourceignore": "kept/no.yaml\n",
		"apps/kept/yes.yaml": "", "apps/kept/no.yaml": "", "apps/gone/x.yaml": "", "no.yaml": "", "a.txt": "",
		"logo.png": "", "docs/a.md": "",
	})
	text := "docs/\n!a.txt\n"
	for _, c := range []struct {
		ignore *string
		want   []string
	}{
		{nil, []string{".sourceignore", "apps/kept/yes.yaml", "docs/a.md", "logo.png", "no.yaml"}},
		{&text, []string{".sourceignore", "a.txt", "apps/kept/yes.yaml", "logo.png", "no.yaml"}},
	} {
		if got := open(t, root, tree.Options{Ignore: c.ignore}).Files(); !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestIrregular leaves out what an artifact can't hold, and remembers why.
func TestIrregular(t *testing.T) {
	outside := repotest.Write(t, map[string]string{"secret.yaml": "secret", ".sourceignore": "*"})
	root := repotest.Write(t, map[string]string{
		"real.yaml": "", "link.yaml": "-> real.yaml", "out.yaml": "-> " + outside + "/secret.yaml",
		"dir": "-> " + outside, "sub/.sourceignore": "-> " + outside + "/.sourceignore", "sub/a.yaml": "",
		"hidden/a.yaml": "", "hidden-not/b.yaml": "", "one/hidden.yaml": "",
	})
	if err := syscall.Mkfifo(filepath.Join(root, "pipe.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "nothing"), 0o755); err != nil {
		t.Fatal(err)
	}
	view := open(t, root, tree.Options{Hidden: []string{"hidden/", "one/hidden.yaml", "none"}})
	if got, want := view.Files(), []string{"hidden-not/b.yaml", "real.yaml", "sub/a.yaml"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for path, want := range map[string]tree.Reason{
		"link.yaml": tree.Symlink, "dir/secret.yaml": tree.Symlink, "pipe.yaml": tree.Irregular,
		"hidden/a.yaml": tree.Hidden, "one/hidden.yaml": tree.Hidden,
	} {
		if _, why, _ := view.LeftOut(path); why != want {
			t.Errorf("%s is left out as %q, want %q", path, why, want)
		}
	}
	if view.Lookup("nothing") != nil {
		t.Error("an empty directory is there, which Git can't hold")
	}
}

// TestReplaced opens a file that becomes a link out of the tree after the view was taken.
func TestReplaced(t *testing.T) {
	outside := repotest.Write(t, map[string]string{"secret.yaml": "secret"})
	root := repotest.Write(t, map[string]string{"a.yaml": "a", "dir/b.yaml": "b"})
	view := open(t, root, tree.Options{})
	for _, name := range []string{"a.yaml", "dir"} {
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	repotest.Put(t, root, "a.yaml", "-> "+outside+"/secret.yaml")
	repotest.Put(t, root, "dir", "-> "+outside)
	repotest.Put(t, outside, "b.yaml", "secret")
	for _, name := range []string{"a.yaml", "dir/b.yaml"} {
		if data, err := view.Read(view.Lookup(name)); err == nil {
			t.Errorf("%s was read: %q", name, data)
		}
	}
}

// TestLarge refuses to read what is too large, before memory is taken for it.
func TestLarge(t *testing.T) {
	root := repotest.Write(t, map[string]string{"large.yaml": ""})
	if err := os.Truncate(filepath.Join(root, "large.yaml"), tree.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	view := open(t, root, tree.Options{})
	if _, err := view.Read(view.Lookup("large.yaml")); err == nil || !strings.Contains(err.Error(), "MiB") {
		t.Errorf("the error is %v", err)
	}
}

// TestUnopened gives clear errors for a root that can't be one.
func TestUnopened(t *testing.T) {
	root := repotest.Write(t, map[string]string{"file": ""})
	for _, name := range []string{"file", "none"} {
		if _, err := tree.Open(filepath.Join(root, name), tree.Options{}); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// TestFileSystem asks all that kustomize may ask, on the way in and on the way out.
func TestFileSystem(t *testing.T) {
	root := repotest.Write(t, map[string]string{"a/b.yaml": "b", "a/.c.yaml": "c", "a/d/e.yaml": "e", "link": "-> a"})
	fs := tree.NewFileSystem(context.Background(), open(t, root, tree.Options{}))
	at := tree.Absolute
	fs.Lay(at("a/new.yaml"), []byte("new"))
	for name, want := range map[string]string{"a/b.yaml": "b", "a/./d/../b.yaml": "b", "a/new.yaml": "new"} {
		if data, err := fs.ReadFile(at(name)); err != nil || string(data) != want {
			t.Errorf("%s: got %q, %v", name, data, err)
		}
	}
	for _, name := range []string{at("link/b.yaml"), at("none"), at("a"), "/etc/passwd", at("../../etc/passwd"), at("..")} {
		if _, err := fs.ReadFile(name); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if fs.Exists("/etc/passwd") || fs.IsDir("/etc") || fs.Exists(at("link")) || !fs.IsDir(at("a/d")) || fs.IsDir(at("a/new.yaml")) {
		t.Error("something exists that doesn't, or the other way round")
	}
	if found, err := fs.Glob(at("a/*.yaml")); err != nil || !slices.Equal(found, []string{at("a/b.yaml")}) {
		t.Errorf("glob: %q, %v", found, err)
	}
	if found, err := fs.Glob("/etc/*"); err != nil || len(found) > 0 {
		t.Errorf("glob outside: %q, %v", found, err)
	}
	for _, err := range []error{fs.WriteFile(at("x"), nil), fs.Mkdir(at("x")), fs.MkdirAll(at("x")), fs.RemoveAll(at("a"))} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("writing gives %v", err)
		}
	}
	var visited []string
	err := fs.Walk(at("a"), func(name string, info os.FileInfo, err error) error {
		visited = append(visited, name)
		if info.IsDir() && info.Name() == "d" {
			return filepath.SkipDir
		}
		return err
	})
	if want := []string{at("a"), at("a/.c.yaml"), at("a/b.yaml"), at("a/d")}; err != nil || !slices.Equal(visited, want) {
		t.Errorf("walk: %q, %v", visited, err)
	}
	dir, file, err := fs.CleanedAbs(at("a/d/../b.yaml"))
	if err != nil || dir.String() != at("a") || file != "b.yaml" {
		t.Errorf("cleaned: %q, %q, %v", dir, file, err)
	}
	if _, _, err := fs.CleanedAbs("/etc"); err == nil {
		t.Error("a directory outside is confirmed")
	}
}

// TestEnded makes all access fail once the context is done.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	fs := tree.NewFileSystem(ctx, open(t, repotest.Write(t, map[string]string{"a.yaml": "a"}), tree.Options{}))
	cancel()
	if _, err := fs.ReadFile(tree.Absolute("a.yaml")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestTrace tells another view apart by each kind of thing that was asked for, and by nothing else.
func TestTrace(t *testing.T) {
	files := map[string]string{"a/b.yaml": "b", "a/d/e.yaml": "e", "other.yaml": "o", "link.yaml": "-> other.yaml"}
	root := repotest.Write(t, files)
	fs := tree.NewFileSystem(context.Background(), open(t, root, tree.Options{}))
	_, _ = fs.ReadFile(tree.Absolute("a/b.yaml"))
	_, _ = fs.ReadFile(tree.Absolute("a/none.yaml"))
	_, _ = fs.ReadFile(tree.Absolute("link.yaml"))
	_, _ = fs.ReadDir(tree.Absolute("a/d"))
	changes := map[string]struct {
		change func(root string)
		holds  bool
	}{
		"nothing":          {func(string) {}, true},
		"another file":     {func(root string) { repotest.Put(t, root, "other.yaml", "changed") }, true},
		"a new file":       {func(root string) { repotest.Put(t, root, "a/new.yaml", "") }, true},
		"a read file":      {func(root string) { repotest.Put(t, root, "a/b.yaml", "changed") }, false},
		"an absent file":   {func(root string) { repotest.Put(t, root, "a/none.yaml", "") }, false},
		"a listing":        {func(root string) { repotest.Put(t, root, "a/d/f.yaml", "") }, false},
		"a removed file":   {func(root string) { _ = os.Remove(filepath.Join(root, "a/b.yaml")) }, false},
		"why it is absent": {func(root string) { _ = os.Remove(filepath.Join(root, "link.yaml")) }, false},
		"a file's kind": {func(root string) {
			_ = os.Remove(filepath.Join(root, "a/b.yaml"))
			repotest.Put(t, root, "a/b.yaml/x", "")
		}, false},
		"a removed listing": {func(root string) { _ = os.RemoveAll(filepath.Join(root, "a/d")) }, false},
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			other := repotest.Write(t, files)
			c.change(other)
			if got := fs.Trace().Holds(open(t, other, tree.Options{})); got != c.holds {
				t.Errorf("it holds: %t", got)
			}
		})
	}
}
