package validate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

// TestVerdicts judges each document of testdata/*.yaml. The comments that a document begins with are its findings,
// all of them and in full; a document without any is one that the API server takes.
func TestVerdicts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		set, err := Open(Options{Kubernetes: "1.36", Flux: "v2.9.5", Folders: []string{"testdata/schemas"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, document := range documents(t, file) {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(file), i), func(t *testing.T) {
				expected, text := parted(t, document)
				results, err := set.Validate(context.Background(), []json.RawMessage{text}, true)
				if err != nil {
					t.Fatal(err)
				}
				if actual := lines(results[0]); !slices.Equal(actual, expected) {
					t.Errorf("%s\nfindings:\n%s\nexpected:\n%s", document, strings.Join(actual, "\n"), strings.Join(expected, "\n"))
				}
			})
		}
	}
}

func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	var found [][]byte
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, document)
	}
}

// parted returns the leading comments and the object as JSON.
func parted(t *testing.T, document []byte) ([]string, json.RawMessage) {
	t.Helper()
	var expected []string
	for line := range strings.Lines(string(document)) {
		if !strings.HasPrefix(line, "# ") {
			break
		}
		expected = append(expected, strings.TrimSpace(line[2:]))
	}
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		t.Fatal(err)
	}
	return expected, text
}

// lines writes findings as the files do: severity, rule, path, message, what is expected and what to do.
func lines(findings []finding.Finding) []string {
	var written []string
	for _, f := range findings {
		line := fmt.Sprintf("%s %s %s | %s", f.Severity, f.Rule, f.Path, f.Message)
		for _, more := range []string{f.Expected, f.Remedy} {
			line += " | " + more
		}
		written = append(written, strings.TrimRight(line, " |"))
	}
	return written
}
