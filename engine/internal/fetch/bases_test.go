package fetch

import (
	"io"
	"net/http"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/base"
)

// TestBaseURLs has what kustomize's own documentation and users write.
func TestBaseURLs(t *testing.T) {
	for text, want := range map[string]base.Repository{
		"https://github.com/a/b":                            {URL: "https://github.com/a/b", Submodules: true},
		"https://github.com/a/b?ref=v1":                     {URL: "https://github.com/a/b", Revision: "v1", Submodules: true},
		"https://github.com/a/b//c/d?ref=v1":                {URL: "https://github.com/a/b", Path: "c/d", Revision: "v1", Submodules: true},
		"https://github.com/a/b/c/d/?version=v1":            {URL: "https://github.com/a/b", Path: "c/d", Revision: "v1", Submodules: true},
		"https://github.com/a/b?ref=v1&version=v2":          {URL: "https://github.com/a/b", Revision: "v1", Submodules: true},
		"https://github.com/a/b.git/c?submodules=false":     {URL: "https://github.com/a/b.git", Path: "c"},
		"github.com/a/b/c?ref=v1&timeout=90s":               {URL: "https://github.com/a/b", Path: "c", Revision: "v1", Submodules: true},
		"HTTPS://GitHub.com/a/b":                            {URL: "https://github.com/a/b", Submodules: true},
		"git::https://gitlab.com/a/b.git//c":                {URL: "https://gitlab.com/a/b.git", Path: "c", Submodules: true},
		"https://gitlab.com/group/sub/b.git//c":             {URL: "https://gitlab.com/group/sub/b.git", Path: "c", Submodules: true},
		"https://gitlab.com/group/sub/b//c":                 {URL: "https://gitlab.com/group/sub/b", Path: "c", Submodules: true},
		"git@github.com:a/b.git//c?ref=v1":                  {URL: "git@github.com:a/b.git", Path: "c", Revision: "v1", Submodules: true},
		"git@gitlab.com:group/sub/b.git":                    {URL: "git@gitlab.com:group/sub/b.git", Submodules: true},
		"ssh://git@example.com:2222/a/b.git//c":             {URL: "ssh://git@example.com:2222/a/b.git", Path: "c", Submodules: true},
		"ssh://git@github.com/a/b":                          {URL: "git@github.com:a/b", Submodules: true},
		"https://me@dev.azure.com/o/p/_git/r/c?ref=main":    {URL: "https://me@dev.azure.com/o/p/_git/r", Path: "c", Revision: "main", Submodules: true},
		"https://github.com/a/b//?ref=main":                 {URL: "https://github.com/a/b", Revision: "main", Submodules: true},
		"https://raw.githubusercontent.com/a/b/main/c.yaml": {URL: "https://raw.githubusercontent.com/a/b", Path: "main/c.yaml", Submodules: true},
	} {
		got, err := base.Parse(text)
		same(t, []any{text, got, err}, []any{text, want, nil})
	}
	for _, text := range []string{"a/b", "https://example.com", "https://github.com/a", "https://github.com/a/b//../c", "file:///etc", "/etc"} {
		if got, err := base.Parse(text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestRemoteBases(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "org/lib")
	first := repo.commit(map[string]string{"config/kustomization.yaml": "first"})
	repo.git("tag", "-a", "-m", "x", "v1")
	repo.git("branch", "release")
	repo.commit(map[string]string{"config/kustomization.yaml": "second"})
	url, backend := gitServer(t, root)
	_ = url
	address, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/files/a.yaml":
			_, _ = io.WriteString(writer, "file")
		case "/org/lib":
			writer.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(writer, "<html>")
		default:
			backend.ServeHTTP(writer, request)
		}
	}))
	for suffix, want := range map[string][]string{
		"/org/lib//config":                {"config", "second"},
		"/org/lib//config?ref=main":       {"config", "second"},
		"/org/lib//config?ref=v1":         {"config", "first"},
		"/org/lib/config?ref=release":     {"config", "first"},
		"/org/lib/config?ref=" + first:    {"config", "first"},
		"/org/lib?ref=refs/heads/release": {"", "first"},
		"/org/lib?submodules=false":       {"", "second"},
		"/org/lib":                        {"", "second"},
		"/org/lib/config":                 {"config", "second"},
		"/org/lib/config?ref=tags/v1":     {"config", "first"},
	} {
		result := fetched(t, Request{Base: address + suffix, Policy: local})
		same(t, []any{suffix, result.Path, tree(t, result.Directory)},
			[]any{suffix, want[0], map[string]string{"config/kustomization.yaml": want[1]}})
	}
	result := fetched(t, Request{Base: address + "/files/a.yaml?x=y", Policy: local})
	same(t, []any{result.Path, tree(t, result.Directory)}, []any{"a.yaml", map[string]string{"a.yaml": "file"}})
	for suffix, want := range map[string]fault.Error{
		"/org/lib//none":          {Code: fault.NotFound, Message: "the repository has no directory none at sha1:" + repo.git("rev-parse", "main")},
		"/org/lib//config?ref=v9": {Code: fault.NotFound, Message: "the repository has no branch, tag or commit v9"},
		"/files/none.yaml":        {Code: fault.NotFound, Message: "the server answers 404 Not Found"},
	} {
		refusedAs(t, Request{Base: address + suffix, Policy: local}, want)
	}
	refusedAs(t, Request{Base: "file:///etc"}, fault.Error{Code: fault.Refused,
		Message: "fetching is refused: file:///etc is a place on this machine"})
}
