package validate

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestSame says that many objects at a time are judged as one by one.
func TestSame(t *testing.T) {
	set, err := Open(Options{Flux: "v2.9.5", Folders: []string{"testdata/schemas"}})
	if err != nil {
		t.Fatal(err)
	}
	var objects []json.RawMessage
	for _, file := range []string{"kubernetes", "flux", "custom"} {
		for _, document := range documents(t, "testdata/"+file+".yaml") {
			_, text := parted(t, document)
			objects = append(objects, text, text)
		}
	}
	together, err := set.Validate(context.Background(), objects, true)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range objects {
		alone, err := set.Validate(context.Background(), []json.RawMessage{text}, true)
		if err != nil || !reflect.DeepEqual(alone[0], together[i]) {
			t.Errorf("%s: %v alone, %v among others (%v)", text, alone, together[i], err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		options Options
		message string
	}{
		{Options{Kubernetes: "1.12"}, "no schemas for Kubernetes 1.12: choose one of 1.30, 1.31, 1.32, 1.33, 1.34, 1.35, 1.36, 1.37"},
		{Options{Kubernetes: "latest"}, "no schemas for Kubernetes latest: choose one of 1.30, 1.31, 1.32, 1.33, 1.34, 1.35, 1.36, 1.37"},
		{Options{Folders: []string{"testdata/none"}}, "schema folder none can't be opened: no such file or directory"},
	} {
		if _, err := Open(test.options); err == nil || err.Error() != test.message {
			t.Errorf("%v: %v, expected %s", test.options, err, test.message)
		}
	}
	for _, version := range []string{"", "1.37", "v1.37.1", "1.37.1+k3s1"} {
		if set, err := Open(Options{Kubernetes: version}); err != nil || set.Kubernetes() != "1.37" {
			t.Errorf("%q: %v", version, err)
		}
	}
}

// TestNewerFlux says that definitions older than the cluster's Flux only warn.
func TestNewerFlux(t *testing.T) {
	set, err := Open(Options{Flux: "v2.11.0"})
	if err != nil {
		t.Fatal(err)
	}
	text := json.RawMessage(`{"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
		"metadata": {"name": "a", "namespace": "b"}, "spec": {"interval": "1m", "url": "https://example.com", "brandNew": 1}}`)
	results, err := set.Validate(context.Background(), []json.RawMessage{text}, true)
	if err != nil {
		t.Fatal(err)
	}
	expected := []string{"warning schema-unknown-field spec.brandNew | spec.brandNew is not a known field " +
		"(as of Flux 2.9, the cluster's is newer)"}
	if actual := lines(results[0]); !reflect.DeepEqual(actual, expected) {
		t.Errorf("%v, expected %v", actual, expected)
	}
}

// TestHostile says that what is no object, or is too deep, is one finding and no more.
func TestHostile(t *testing.T) {
	set, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	deep := `{"apiVersion": "v1", "kind": "ConfigMap", "data": ` + strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20001)
	for _, text := range []string{`null`, `[]`, `"x"`, `{"apiVersion": 1, "kind": []}`, `{"apiVersion": "a/b/c", "kind": "X"}`, deep} {
		results, err := set.Validate(context.Background(), []json.RawMessage{json.RawMessage(text)}, true)
		if err != nil || len(results[0]) != 1 {
			t.Errorf("%.60s: %v, %v", text, results, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if _, err := set.Validate(ctx, []json.RawMessage{json.RawMessage(`{}`)}, true); err == nil {
		t.Error("a done context is an error")
	}
}
