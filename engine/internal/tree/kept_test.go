package tree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestContentsBeyondTheLimitAreReadAgain(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "12345678", "b.yaml": "12345678"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	view, err := Open(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	view.mostKept = 10
	for _, name := range []string{"a.yaml", "b.yaml", "b.yaml"} {
		if data, err := view.Read(view.Lookup(name)); err != nil || string(data) != "12345678" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if kept := view.kept.Load(); kept != 8 {
		t.Errorf("%d bytes are kept", kept)
	}
	if err := os.WriteFile(filepath.Join(root, "b.yaml"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := view.Read(view.Lookup("b.yaml")); err == nil || err.Error() != "open b.yaml: the file has changed meanwhile" {
		t.Errorf("got %v", err)
	}
}
