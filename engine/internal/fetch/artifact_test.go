package fetch

import (
	"archive/tar"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	fluxLayer  = "application/vnd.cncf.flux.content.v1.tar+gzip"
	chartType  = "application/vnd.cncf.helm.config.v1+json"
	chartMedia = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// registryServer serves an OCI registry, and returns its host.
func registryServer(t *testing.T) (string, *counter) {
	t.Helper()
	url, requests := serve(t, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	return strings.TrimPrefix(url, "http://"), requests
}

// push pushes layers of a media type each, and returns the artifact's digest.
func push(t *testing.T, reference, config string, layers map[string][]byte, tags ...string) string {
	t.Helper()
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.MediaType(config))
	for _, media := range []string{"first", fluxLayer, chartMedia} {
		if data, found := layers[media]; found {
			var err error
			if image, err = mutate.AppendLayers(image, static.NewLayer(data, types.MediaType(media))); err != nil {
				t.Fatal(err)
			}
		}
	}
	var digest v1.Hash
	for _, tag := range tags {
		parsed, err := name.NewTag(reference+":"+tag, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(parsed, image); err != nil {
			t.Fatal(err)
		}
		if digest, err = image.Digest(); err != nil {
			t.Fatal(err)
		}
	}
	return digest.String()
}

func archiveOf(t *testing.T, text string) []byte {
	t.Helper()
	return packed(t, file{tar.Header{Name: "a.yaml"}, text})
}

func TestOCIReferences(t *testing.T) {
	host, _ := registryServer(t)
	at := host + "/org/app"
	digests := map[string]string{}
	for _, tag := range []string{"latest", "1.0.0", "1.2.0", "1.3.0-dev", "2.0.0", "edge"} {
		digests[tag] = push(t, at, "application/vnd.cncf.flux.config.v1+json",
			map[string][]byte{fluxLayer: archiveOf(t, tag)}, tag)
	}
	for ref, tag := range map[string]string{
		`null`: "latest", `{"tag": "edge"}`: "edge", `{"semver": "1.x"}`: "1.2.0", `{"semver": "*", "tag": "edge"}`: "2.0.0",
		`{"semver": ">=1.0.0-0", "semverFilter": ".*-dev$"}`:                   "1.3.0-dev",
		`{"digest": "` + digests["1.0.0"] + `", "tag": "edge", "semver": "*"}`: "1.0.0",
	} {
		t.Run(ref, func(t *testing.T) {
			result := fetched(t, source("OCIRepository", `{"url": "oci://`+at+`", "insecure": true, "ref": `+ref+`}`))
			revision := tag + "@" + digests[tag]
			if strings.Contains(ref, "digest") {
				revision = digests[tag]
			}
			same(t, []any{tree(t, result.Directory), result.Revision}, []any{map[string]string{"a.yaml": tag}, revision})
		})
	}
	for spec, want := range map[string]fault.Error{
		`"url": "oci://` + at + `", "ref": {"tag": "none"}`:   {Code: fault.NotFound, Message: "there is no tag none (the registry answers 404 Not Found: MANIFEST_UNKNOWN)"},
		`"url": "oci://` + at + `", "ref": {"semver": ">3"}`:  {Code: fault.NotFound, Message: "none of 6 tags is a version within >3"},
		`"url": "oci://` + at + `:1.0.0"`:                     {Code: fault.Artifact, Message: "the URL must not contain a tag; remove ':1.0.0'"},
		`"url": "https://` + at + `"`:                         {Code: fault.Artifact, Message: "the URL must begin with oci://"},
		`"url": "oci://` + at + `", "ref": {"semver": "one"}`: {Code: fault.Artifact, Message: `spec.ref.semver "one": improper constraint: "one"`},
	} {
		refusedAs(t, source("OCIRepository", `{`+spec+`, "insecure": true}`), want)
	}
}

func TestOCILayers(t *testing.T) {
	host, _ := registryServer(t)
	at := host + "/org/app"
	push(t, at, "x", map[string][]byte{
		"first": archiveOf(t, "first"), fluxLayer: archiveOf(t, "flux"), chartMedia: chartArchive(t, "app", "1.0.0"),
	}, "latest")
	chart := map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n"}
	for selector, want := range map[string]map[string]string{
		`null`: {"a.yaml": "first"},
		`{"mediaType": "` + fluxLayer + `", "operation": "extract"}`: {"a.yaml": "flux"},
		`{"mediaType": "` + chartMedia + `"}`:                        chart,
		`{"mediaType": "` + chartMedia + `", "operation": "copy"}`:   nil,
	} {
		result := fetched(t, source("OCIRepository", `{"url": "oci://`+at+`", "insecure": true, "layerSelector": `+selector+`}`))
		if want == nil {
			data, err := os.ReadFile(result.Archive)
			same(t, []any{string(data), err, result.Directory}, []any{string(chartArchive(t, "app", "1.0.0")), nil, ""})
			continue
		}
		same(t, tree(t, result.Directory), want)
	}
	refusedAs(t, source("OCIRepository", `{"url": "oci://`+at+`", "insecure": true, "layerSelector": {"mediaType": "none"}}`),
		fault.Error{Code: fault.Artifact, Message: "the artifact has no layer with media type 'none'"})
}

func TestOCIVerification(t *testing.T) {
	host, _ := registryServer(t)
	push(t, host+"/org/app", "x", map[string][]byte{fluxLayer: archiveOf(t, "a")}, "latest")
	for verify, want := range map[string]bool{`null`: false, `{"provider": "cosign"}`: true} {
		result := fetched(t, source("OCIRepository", `{"url": "oci://`+host+`/org/app", "insecure": true, "verify": `+verify+`}`))
		same(t, result.Unverified, want)
	}
}

func TestOCICharts(t *testing.T) {
	host, _ := registryServer(t)
	for _, version := range []string{"1.0.0", "1.2.0", "2.0.0-rc.1", "1.2.1_build.7"} {
		push(t, host+"/charts/app", chartType,
			map[string][]byte{chartMedia: chartArchive(t, "app", strings.ReplaceAll(version, "_", "+"))}, version)
	}
	push(t, host+"/charts/other", "x", map[string][]byte{fluxLayer: archiveOf(t, "a")}, "1.0.0", "v7.0.0", "latest")
	ask := func(chart, version string) Request {
		request := source("HelmRepository", `{"url": "oci://`+host+`/charts", "type": "oci", "insecure": true}`)
		request.Chart = &Chart{chart, version}
		return request
	}
	for wanted, version := range map[string]string{
		"": "1.2.1+build.7", "1.x": "1.2.1+build.7", "1.0.0": "1.0.0", ">=2.0.0-0": "2.0.0-rc.1", "1.2.1+build.7": "1.2.1+build.7",
	} {
		result := fetched(t, ask("app", wanted))
		data, err := os.ReadFile(result.Archive)
		same(t, []any{wanted, result.Version, string(data), err},
			[]any{wanted, version, string(chartArchive(t, "app", version)), nil})
	}
	refusedAs(t, ask("app", "9.9.9"), fault.Error{Code: fault.NotFound,
		Message: "there is no tag 9.9.9 (the registry answers 404 Not Found: MANIFEST_UNKNOWN)"})
	refusedAs(t, ask("app", "3.x"), fault.Error{Code: fault.NotFound, Message: "no version of 4 of the chart app matches 3.x"})
	refusedAs(t, ask("other", "7.x"), fault.Error{Code: fault.NotFound, Message: "no version of 3 of the chart other matches 7.x"})
	refusedAs(t, ask("other", "1.0.0"), fault.Error{Code: fault.Artifact,
		Message: "the artifact is no chart: its config has the media type x"})
}

// TestRegistryCredentials has passwords in Docker's configuration, and in Helm's, which goes first.
func TestRegistryCredentials(t *testing.T) {
	host, backend := registryServer(t)
	push(t, host+"/org/app", "x", map[string][]byte{fluxLayer: archiveOf(t, "a")}, "latest")
	var seen []string
	url, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		user, password, given := request.BasicAuth()
		if !given {
			writer.Header().Set("WWW-Authenticate", "Basic realm=x")
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		seen = append(seen, user+":"+password)
		backend.ServeHTTP(writer, request)
	}))
	ask := source("OCIRepository", `{"url": "`+strings.Replace(url, "http", "oci", 1)+`/org/app", "insecure": true}`)
	home := t.TempDir()
	t.Setenv("DOCKER_CONFIG", home)
	t.Setenv("HELM_REGISTRY_CONFIG", filepath.Join(home, "helm.json"))
	refusedAs(t, ask, fault.Error{Code: fault.Unauthorized, Message: "the registry answers 401 Unauthorized"})
	for _, step := range []struct{ file, user string }{{"config.json", "docker"}, {"helm.json", "helm"}} {
		text := `{"auths": {"` + strings.TrimPrefix(url, "http://") + `": {"username": "` + step.user + `", "password": "hush"}}}`
		if err := os.WriteFile(filepath.Join(home, step.file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		seen = nil
		fetched(t, ask)
		same(t, seen[0], step.user+":hush")
	}
}
