package diagnose_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/network"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

var update = flag.Bool("update", false, "write what is found to the cases; read the difference")

// TestExplain builds the tree of each case with the real libraries, and compares the whole error.
func TestExplain(t *testing.T) {
	network.Deny()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := parts(string(text))
			want := files["want"]
			got := explained(t, files)
			if *update && got != want {
				head, _, _ := strings.Cut(string(text), "-- want --\n")
				if err := os.WriteFile(name, []byte(head+"-- want --\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// request is what a case asks for; the defaults are the directory app, and no Kustomization.
type request struct {
	Path      string            `json:"path"`
	Spec      map[string]any    `json:"spec"`
	Strict    bool              `json:"strict"`
	Variables json.RawMessage   `json:"variables,omitempty"`
	Hidden    []string          `json:"hidden"`
	Ignore    *string           `json:"ignore"`
	Links     map[string]string `json:"links"`
}

// explained writes a case's files into a directory, builds, and returns the error as indented JSON.
func explained(t *testing.T, files map[string]string) string {
	asked := request{Path: "app"}
	if text, found := files["request"]; found {
		if err := json.Unmarshal([]byte(text), &asked); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	for name, text := range files {
		if name != "want" && name != "request" {
			write(t, filepath.Join(root, name), text)
		}
	}
	for name, target := range asked.Links {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	view, err := tree.Open(root, tree.Options{Hidden: asked.Hidden, Ignore: asked.Ignore, Guard: guard.File})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	_, _, err = build.Run(t.Context(), view, asked.build(t))
	if err == nil {
		return "null\n"
	}
	var problem *fault.Error
	if !errors.As(err, &problem) {
		t.Fatalf("not a fault: %v", err)
	}
	return indented(t, problem)
}

func (r request) build(t *testing.T) build.Request {
	fields := map[string]any{"path": r.Path, "strict": r.Strict, "variables": r.Variables}
	if r.Spec != nil {
		fields["kustomization"] = map[string]any{
			"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
			"metadata": map[string]any{"name": "apps", "namespace": "flux-system"}, "spec": r.Spec,
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var request build.Request
	if err := json.Unmarshal(data, &request); err != nil {
		t.Fatal(err)
	}
	return request
}

func write(t *testing.T, name, text string) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func indented(t *testing.T, value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

var header = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// parts reads a case: files one after the other, each after a line "-- name --", as in Go's txtar.
func parts(text string) map[string]string {
	files := map[string]string{}
	heads := header.FindAllStringSubmatchIndex(text, -1)
	for index, head := range heads {
		end := len(text)
		if index+1 < len(heads) {
			end = heads[index+1][0]
		}
		files[text[head[2]:head[3]]] = text[head[1]:end]
	}
	return files
}
