package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// chartServer serves a Helm repository below /charts, and an archive elsewhere; it checks ETags as a file server does.
func chartServer(t *testing.T, index string, versions ...string) (string, *counter) {
	t.Helper()
	root := t.TempDir()
	write := func(name string, data []byte) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("charts/index.yaml", []byte(index))
	for _, version := range versions {
		write("charts/app-"+version+".tgz", chartArchive(t, "app", version))
	}
	write("elsewhere/app.tgz", chartArchive(t, "app", "9.0.0"))
	files := http.FileServer(http.Dir(root))
	return serve(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(request.URL.Path)))
		if err == nil {
			sum := sha256.Sum256(data)
			writer.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		}
		files.ServeHTTP(writer, request)
	}))
}

// indexOf lists versions of the chart app, the URLs of which are relative.
func indexOf(versions ...string) string {
	var index strings.Builder
	index.WriteString("apiVersion: v1\nentries:\n  app:\n")
	for _, version := range versions {
		fmt.Fprintf(&index, "  - {apiVersion: v2, name: app, version: %q, urls: ['app-%s.tgz'], created: '2024-01-01T00:00:00Z'}\n",
			version, version)
	}
	return index.String()
}

func chart(url, version string) Request {
	request := source("HelmRepository", `{"url": "`+url+`"}`)
	request.Chart = &Chart{"app", version}
	return request
}

func TestChartVersions(t *testing.T) {
	versions := []string{"1.0.0", "1.2.0", "v1.3.0", "2.0.0-rc.1", "1.2.5+build", "0.9.0"}
	url, _ := chartServer(t, indexOf(versions...), versions...)
	for wanted, version := range map[string]string{
		"": "v1.3.0", "*": "v1.3.0", "1.x": "v1.3.0", "~1.2.0": "1.2.5+build", "1.2.0": "1.2.0", "1.3.0": "v1.3.0",
		"<1.0.0": "0.9.0", ">=1.0.0-0": "2.0.0-rc.1", "2.0.0-rc.1": "2.0.0-rc.1", "^1.0.0 <1.1.0": "1.0.0",
	} {
		for _, base := range []string{"/charts", "/charts/"} {
			result := fetched(t, chart(url+base, wanted))
			archive, err := os.ReadFile(result.Archive)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(chartArchive(t, "app", version))
			same(t, []any{wanted, result.Version, result.Digest, len(archive) > 0},
				[]any{wanted, version, "sha256:" + hex.EncodeToString(sum[:]), true})
		}
	}
	refusedAs(t, chart(url+"/charts", "3.x"),
		fault.Error{Code: fault.NotFound, Message: "none of the 6 versions of the chart app matches 3.x"})
	refusedAs(t, chart(url+"/charts", "one"),
		fault.Error{Code: fault.Artifact, Message: `the version "one" can't be read: improper constraint: "one"`})
	refusedAs(t, chart(url+"/none", "1.x"), fault.Error{Code: fault.NotFound, Message: "the server answers 404 Not Found"})
	missing := chart(url+"/charts", "1.x")
	missing.Chart.Name = "none"
	refusedAs(t, missing, fault.Error{Code: fault.NotFound, Message: "the repository has no chart none"})
}

func TestIndexes(t *testing.T) {
	const entry = `"name": "app", "version": "1.0.0"`
	for name, test := range map[string]struct {
		index string
		want  fault.Error
	}{
		"json":            {`{"apiVersion": "v1", "entries": {"app": [{"apiVersion": "v2", ` + entry + `, "urls": ["app-1.0.0.tgz"]}]}}`, fault.Error{}},
		"without version": {`{"apiVersion": "v1", "entries": {"app": [null, {` + entry + `, "urls": ["app-1.0.0.tgz"]}]}}`, fault.Error{}},
		"absolute":        {`{"apiVersion": "v1", "entries": {"app": [{` + entry + `, "urls": ["URL/elsewhere/app.tgz", "x"]}]}}`, fault.Error{}},
		"up":              {`{"apiVersion": "v1", "entries": {"app": [{` + entry + `, "urls": ["../elsewhere/app.tgz"]}]}}`, fault.Error{}},
		"no URLs": {`{"apiVersion": "v1", "entries": {"app": [{` + entry + `}]}}`,
			fault.Error{Code: fault.Artifact, Message: "the index gives no URL for version 1.0.0"}},
		"gone": {`{"apiVersion": "v1", "entries": {"app": [{` + entry + `, "urls": ["gone.tgz"]}]}}`,
			fault.Error{Code: fault.NotFound, Message: "the archive URL/charts/gone.tgz: the server answers 404 Not Found"}},
		"invalid": {`{"apiVersion": "v1", "entries": {"app": [{"name": "../app", "version": "1.0.0", "urls": ["app-1.0.0.tgz"]}]}}`,
			fault.Error{Code: fault.NotFound, Message: "the repository has no chart app"}},
		"empty":         {``, fault.Error{Code: fault.Artifact, Message: "the index is empty"}},
		"no apiVersion": {`entries: {}`, fault.Error{Code: fault.Artifact, Message: "the index has no apiVersion"}},
		"a page": {"<html>\n<body>", fault.Error{Code: fault.Artifact,
			Message: "the index can't be read: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type repo.IndexFile"}},
		"a file": {`{"apiVersion": "v1", "entries": {"app": [{` + entry + `, "urls": ["file:///etc/passwd"]}]}}`,
			fault.Error{Code: fault.Refused, Message: "fetching is refused: the URL names no host"}},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := chartServer(t, "PLACEHOLDER", "1.0.0")
			url2, _ := chartServer(t, strings.ReplaceAll(test.index, "URL", url), "1.0.0")
			if test.want.Code == "" {
				same(t, fetched(t, chart(url2+"/charts", "1.x")).Version, "1.0.0")
			} else {
				test.want.Message = strings.ReplaceAll(test.want.Message, "URL/", url2+"/")
				refusedAs(t, chart(url2+"/charts", "1.x"), test.want)
			}
		})
	}
}

// TestHelmCredentials has passwords in Helm's own configuration: they go to the repository's host, and to another only
// where the HelmRepository says so.
func TestHelmCredentials(t *testing.T) {
	var seen []string
	watch := func(handler http.Handler) http.Handler {
		return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			user, password, _ := request.BasicAuth()
			seen = append(seen, request.URL.Path+" "+user+":"+password)
			handler.ServeHTTP(writer, request)
		})
	}
	_, other := chartServer(t, "")
	there, _ := serve(t, watch(other))
	_, files := chartServer(t, `{"apiVersion": "v1", "entries": {"app": [{"name": "app", "version": "1.0.0", "urls": ["`+
		there+`/elsewhere/app.tgz"]}]}}`)
	url, _ := serve(t, watch(files))
	config := filepath.Join(t.TempDir(), "repositories.yaml")
	text := "repositories:\n- {name: x, url: '" + url + "/charts/', username: me, password: hush}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HELM_REPOSITORY_CONFIG", config)
	for _, pass := range []string{"false", "true"} {
		request := source("HelmRepository", `{"url": "`+url+`/charts", "passCredentials": `+pass+`}`)
		request.Chart = &Chart{"app", "1.0.0"}
		fetched(t, request)
	}
	same(t, seen, []string{
		"/charts/index.yaml me:hush", "/elsewhere/app.tgz :", "/charts/index.yaml me:hush", "/elsewhere/app.tgz me:hush",
	})
}
