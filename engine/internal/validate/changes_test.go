package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestChanges judges each document of testdata/changes/*.yaml: an object, and what it becomes. The comments that begin
// with a severity are its findings, all of them and in full; a document without any is a change that the API server takes.
func TestChanges(t *testing.T) {
	files, err := filepath.Glob("testdata/changes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	set, err := Open(Options{Kubernetes: "1.36", Flux: "v2.9.5", Folders: []string{"testdata/schemas"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for i, document := range documents(t, file) {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(file), i), func(t *testing.T) {
				comments, text := parted(t, document)
				expected := slices.DeleteFunc(comments, func(line string) bool { return !strings.Contains(line, " review-") })
				var pair Pair
				if err := json.Unmarshal(text, &pair); err != nil {
					t.Fatal(err)
				}
				results, err := set.ValidateUpdate(context.Background(), []Pair{pair})
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
