package helm_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/chart"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/helm/values"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

var files = map[string]string{
	"app/Chart.yaml":  "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0, alias: other}]\n",
	"app/values.yaml": "other: {number: 1}\nglobal: {a: {b: c}}\n",
	"app/templates/all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" +
		"data: {values: {{ .Values | toJson | quote }}, chance: {{ randAlphaNum 8 }}, release: {{ .Release.Name }} }\n",
	"app/charts/sub/Chart.yaml":  "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
	"app/charts/sub/values.yaml": "number: 0\n",
	"app/charts/sub/templates/all.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Chart.Name }} }\n" +
		"stringData: {number: \"{{ .Values.number }}\", cert: {{ (genCA \"a\" 1).Cert | quote }} }\n",
}

func pack(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "app.tgz")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zipped := gzip.NewWriter(file)
	writer := tar.NewWriter(zipped)
	for name, text := range files {
		_ = writer.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644})
		_, _ = writer.Write([]byte(text))
	}
	for _, closer := range []interface{ Close() error }{writer, zipped} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func request(reference chart.Reference, values string) helm.Request {
	release := fmt.Sprintf(`{"metadata": {"name": "app", "namespace": "apps"}, "spec": {"values": %s}}`, values)
	return helm.Request{Release: json.RawMessage(release), Order: chart.Order{Chart: reference}}
}

// TestParallel renders one chart many times at once, from an archive and a tree: no rendering sees another's values.
func TestParallel(t *testing.T) {
	view, err := tree.Open(repotest.Write(t, files), tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	archive := pack(t)
	var group sync.WaitGroup
	for number := range 12 {
		group.Go(func() {
			values := fmt.Sprintf(`{"other": {"number": %d}, "global": {"a": {"n": %[1]d}}}`, number)
			fromArchive, err := helm.Run(t.Context(), nil, request(chart.Reference{Archive: archive}, values))
			if err != nil {
				t.Error(err)
				return
			}
			fs := tree.NewFileSystem(t.Context(), view)
			fromTree, err := helm.Run(t.Context(), fs, request(chart.Reference{Tree: 1, Path: "app"}, values))
			if err != nil {
				t.Error(err)
				return
			}
			if got, want := objects(fromTree), objects(fromArchive); !reflect.DeepEqual(got, want) {
				t.Errorf("from the tree\n%s\nfrom the archive\n%s", got, want)
			}
			want := fmt.Sprintf(`\"n\":%d`, number)
			if got := objects(fromArchive); !strings.Contains(strings.Join(got, ""), want) {
				t.Errorf("%s has no %s", got, want)
			}
			templates := []string{"app/charts/sub/templates/all.yaml", "app/templates/all.yaml"}
			if got := origins(fromTree); !reflect.DeepEqual(got, templates) {
				t.Errorf("got %s, want %s", got, templates)
			}
		})
	}
	group.Wait()
}

func objects(of *helm.Result) []string {
	var found []string
	for _, resource := range of.Resources {
		found = append(found, resource.Object)
	}
	return found
}

func origins(of *helm.Result) []string {
	var found []string
	for _, resource := range of.Resources {
		found = append(found, resource.Origin)
	}
	return found
}

// TestDeadline ends a rendering whose time is over as soon as a template calls a function.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := helm.Run(ctx, nil, request(chart.Reference{Archive: pack(t)}, "{}")); err == nil {
		t.Error("it renders")
	}
}

// TestRedact takes all that Secrets hold out of a message, the longest first.
func TestRedact(t *testing.T) {
	yes := true
	answers := []values.Answer{
		{Kind: "Secret", Values: map[string]string{"values.yaml": "a: {b: [hidden, hidden-too, 123456]}\nc: yes\n", "k": "text\nlines"}},
		{Kind: "ConfigMap", Values: map[string]string{"k": "plain"}, Complete: &yes},
	}
	problem := fault.New(fault.Build, "hidden-too hidden 123456 plain true\ntext\nlines")
	got := values.Redact(problem, answers).Message
	if want := "(redacted) (redacted) (redacted) plain true\n(redacted)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
