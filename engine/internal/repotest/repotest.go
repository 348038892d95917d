// Package repotest gives tests their repositories.
package repotest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write makes a directory of the given files, and returns its path. A text that begins with "-> " makes a symbolic
// link.
func Write(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		Put(t, root, name, text)
	}
	return root
}

// Put writes one file below root.
func Put(t testing.TB, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if target, link := strings.CutPrefix(text, "-> "); link {
		err = os.Symlink(target, file)
	} else {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Corpora returns a directory of the repositories and golden cases that tests compare with; the test is skipped
// where it is not there. The environment's GITOPS_CORPORA says where they are, else they are looked for beside the
// project.
func Corpora(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("GITOPS_CORPORA")
	if root == "" {
		root = beside(t)
	}
	directory := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(directory); err != nil {
		t.Skipf("the corpora are not here (set GITOPS_CORPORA): %s", err)
	}
	return directory
}

// beside goes up from the module's root, which is one below the project's.
func beside(t testing.TB) string {
	t.Helper()
	return filepath.Join(module(t), "..", "..", "shared", "corpora")
}

// module returns the module's root.
func module(t testing.TB) string {
	t.Helper()
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			break
		}
	}
	return at
}
