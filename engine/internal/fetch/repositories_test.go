package fetch

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// TestGitReferences follows every field of spec.ref, and each before those that source-controller looks at later.
func TestGitReferences(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	first := repo.commit(map[string]string{"a.yaml": "first"})
	repo.git("branch", "master")
	repo.git("tag", "v1.0.0")
	repo.git("tag", "-a", "-m", "annotated", "v1.1.0")
	second := repo.commit(map[string]string{"a.yaml": "second"})
	repo.git("tag", "v1.2.0-rc.1")
	repo.git("tag", "-a", "-m", "annotated", "v1.2.0")
	third := repo.commit(map[string]string{"a.yaml": "third"})
	repo.git("tag", "2.0.0")
	repo.git("update-ref", "refs/pull/7/head", second)
	repo.git("checkout", "-q", "-b", "release/1.x", first)
	fourth := repo.commit(map[string]string{"a.yaml": "fourth"})
	url, _ := gitServer(t, root)
	for _, test := range []struct{ ref, text, revision string }{
		{`null`, "first", "master@sha1:" + first},
		{`{}`, "first", "master@sha1:" + first},
		{`{"branch": "main"}`, "third", "main@sha1:" + third},
		{`{"branch": "release/1.x"}`, "fourth", "release/1.x@sha1:" + fourth},
		{`{"tag": "v1.0.0"}`, "first", "v1.0.0@sha1:" + first},
		{`{"tag": "v1.1.0"}`, "first", "v1.1.0@sha1:" + first},
		{`{"semver": "1.x", "tag": "v1.0.0"}`, "first", "v1.0.0@sha1:" + first},
		{`{"semver": "1.x", "branch": "main"}`, "second", "v1.2.0@sha1:" + second},
		{`{"semver": "<1.2.0-0"}`, "first", "v1.1.0@sha1:" + first},
		{`{"semver": ">=1.2.0-0 <1.2.0"}`, "second", "v1.2.0-rc.1@sha1:" + second},
		{`{"semver": "*"}`, "third", "2.0.0@sha1:" + third},
		{`{"commit": "` + second + `"}`, "second", "sha1:" + second},
		{`{"commit": "` + second + `", "branch": "main", "tag": "2.0.0"}`, "second", "main@sha1:" + second},
		{`{"name": "refs/heads/main", "tag": "v1.0.0"}`, "third", "main@sha1:" + third},
		{`{"name": "refs/tags/v1.1.0"}`, "first", "v1.1.0@sha1:" + first},
		{`{"name": "refs/tags/v1.1.0^{}"}`, "first", "v1.1.0@sha1:" + first},
		{`{"name": "refs/pull/7/head"}`, "second", "7/head@sha1:" + second},
	} {
		t.Run(test.ref, func(t *testing.T) {
			result := fetched(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": `+test.ref+`}`))
			same(t, []any{tree(t, result.Directory), result.Revision, result.Cached},
				[]any{map[string]string{"a.yaml": test.text}, test.revision, false})
		})
	}
	for ref, message := range map[string]string{
		`{"branch": "none"}`:           "the repository has no branch none",
		`{"tag": "v9"}`:                "the repository has no tag v9",
		`{"semver": ">3"}`:             "none of the repository's 5 tags is a version within >3",
		`{"name": "refs/x"}`:           "the repository has no reference refs/x",
		`{"commit": "` + absent + `"}`: "the repository has no such commit",
	} {
		refusedAs(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": `+ref+`}`),
			fault.Error{Code: fault.NotFound, Message: message})
	}
	refusedAs(t, source("GitRepository", `{"url": "`+url+`/none"}`),
		fault.Error{Code: fault.Unauthorized, Message: "the repository is not there, or not without other credentials"})
}

const absent = "1234567890123456789012345678901234567890"

// TestGitCommitOfAStrictServer has a server that gives nothing but what its branches and tags name.
func TestGitCommitOfAStrictServer(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	repo.git("config", "uploadpack.allowReachableSHA1InWant", "false")
	first := repo.commit(map[string]string{"a.yaml": "first"})
	repo.commit(map[string]string{"a.yaml": "second"})
	url, _ := gitServer(t, root)
	for _, ref := range []string{`{"commit": "` + first + `"}`, `{"commit": "` + first + `", "branch": "main"}`} {
		result := fetched(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": `+ref+`}`))
		same(t, tree(t, result.Directory), map[string]string{"a.yaml": "first"})
	}
	refusedAs(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"commit": "`+absent+`"}}`),
		fault.Error{Code: fault.NotFound, Message: "the repository has no such commit"})
}

func TestGitFiles(t *testing.T) {
	root := t.TempDir()
	inner := newRepository(t, root, "group/inner")
	inner.commit(map[string]string{"deep/d.yaml": "d"})
	repo := newRepository(t, root, "fleet")
	repo.commit(map[string]string{"apps/a.yaml": "a", "apps-old/b.yaml": "b", "run.sh": "x", "c.yaml": "c"})
	if err := os.Chmod(filepath.Join(repo.path, "run.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(repo.path, "link")); err != nil {
		t.Fatal(err)
	}
	url, _ := gitServer(t, root)
	repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.path, "sub/inner")
	repo.git("config", "-f", ".gitmodules", "submodule.sub/inner.url", "../group/inner")
	repo.commit(nil)
	modules := "[submodule \"sub/inner\"]\n\tpath = sub/inner\n\turl = ../group/inner\n"
	all := map[string]string{
		"apps/a.yaml": "a", "apps-old/b.yaml": "b", "run.sh": "x", "c.yaml": "c", ".gitmodules": modules,
	}
	with := map[string]string{"sub/inner/deep/d.yaml": "d"}
	for name, text := range all {
		with[name] = text
	}
	for options, want := range map[string]map[string]string{
		``:                                all,
		`, "recurseSubmodules": true`:     with,
		`, "sparseCheckout": ["./apps/"]`: {"apps/a.yaml": "a"},
		`, "sparseCheckout": ["apps"]`:    {"apps/a.yaml": "a", "apps-old/b.yaml": "b"},
		`, "sparseCheckout": ["apps/", "c.yaml"]`: {"apps/a.yaml": "a", "c.yaml": "c"},
	} {
		t.Run(options, func(t *testing.T) {
			result := fetched(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}`+options+`}`))
			same(t, tree(t, result.Directory), want)
			if info, err := os.Stat(filepath.Join(result.Directory, "run.sh")); err == nil && info.Mode()&0o100 == 0 {
				t.Error("run.sh is not executable any more")
			}
		})
	}
	refusedAs(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}, "sparseCheckout": ["none"]}`),
		fault.Error{Code: fault.NotFound, Message: "sparse checkout dir 'none' does not exist in repository"})
}

// TestGitEqualVersions has tags that differ in their build metadata only: the younger commit is meant.
func TestGitEqualVersions(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	for number, tag := range []string{"1.0.0+b", "1.0.0+c", "1.0.0+a"} {
		t.Setenv("GIT_COMMITTER_DATE", fmt.Sprintf("2024-01-0%dT00:00:00Z", number+1))
		repo.commit(map[string]string{"a.yaml": tag})
		repo.git("tag", tag)
	}
	url, _ := gitServer(t, root)
	result := fetched(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"semver": "1.x"}}`))
	same(t, tree(t, result.Directory), map[string]string{"a.yaml": "1.0.0+a"})
}

// TestGitCredentials has a server that wants a password, which a helper of the user's own Git knows. It is https, as no
// credentials are sent in the clear.
func TestGitWithoutCredentials(t *testing.T) {
	root := t.TempDir()
	newRepository(t, root, "fleet").commit(map[string]string{"a.yaml": "a"})
	_, backend := gitServer(t, root)
	url, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if _, password, _ := request.BasicAuth(); password != "hush" {
			writer.Header().Set("WWW-Authenticate", "Basic realm=x")
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(writer, request)
	}))
	refusedAs(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}}`),
		fault.Error{Code: fault.Unauthorized, Message: "the repository is not there, or not without other credentials"})
}
