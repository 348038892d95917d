package method_test

import (
	"os"
	"path/filepath"
	"testing"
)

// corpora returns the directory of repositories and golden cases that the tests compare with, and skips where it is
// not there.
func corpora(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("GITOPS_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "corpora")
	}
	directory := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(directory); err != nil {
		t.Skipf("the corpora are not here (set GITOPS_CORPORA): %s", err)
	}
	return directory
}
