package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
)

// local allows the servers of the tests, which are on loopback.
var local = policy.Policy{Private: true}

// counter counts the requests that a handler gets.
type counter struct {
	atomic.Int64
	http.Handler
}

func (c *counter) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	c.Add(1)
	c.Handler.ServeHTTP(writer, request)
}

func serve(t *testing.T, handler http.Handler) (string, *counter) {
	t.Helper()
	counted := &counter{Handler: handler}
	server := httptest.NewServer(counted)
	t.Cleanup(server.Close)
	return server.URL, counted
}

// source returns a request for a source.
func source(kind, spec string) Request {
	return Request{Source: &Source{kind, json.RawMessage(spec)}, Policy: local}
}

func run(t *testing.T, request Request) (Result, *fault.Error) {
	t.Helper()
	return with(t, &Fetcher{}, request)
}

// with runs a request; a Fetcher of its own is as good as another process.
func with(t *testing.T, fetcher *Fetcher, request Request) (Result, *fault.Error) {
	t.Helper()
	if request.Cache == "" {
		request.Cache = t.TempDir()
	}
	result, err := fetcher.Run(context.Background(), request)
	var problem *fault.Error
	if err != nil && !errors.As(err, &problem) {
		t.Fatalf("not a fault: %v", err)
	}
	return result, problem
}

func fetched(t *testing.T, request Request) Result {
	t.Helper()
	result, problem := run(t, request)
	if problem != nil {
		t.Fatalf("%s: %s", problem.Code, problem.Message)
	}
	return result
}

// tree returns the files of a directory.
func tree(t *testing.T, directory string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(directory, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func same(t *testing.T, got, want any) {
	t.Helper()
	left, _ := json.MarshalIndent(got, "", " ")
	right, _ := json.MarshalIndent(want, "", " ")
	if !bytes.Equal(left, right) {
		t.Errorf("got %s\nwant %s", left, right)
	}
}

// refusedAs wants an error.
func refusedAs(t *testing.T, request Request, want fault.Error) {
	t.Helper()
	_, problem := run(t, request)
	if problem == nil {
		t.Fatalf("no error, wanted %s: %s", want.Code, want.Message)
	}
	same(t, fault.Error{Code: problem.Code, Message: problem.Message}, fault.Error{Code: want.Code, Message: want.Message})
}

// repository is a real Git repository to fetch from.
type repository struct {
	t    *testing.T
	path string
}

func newRepository(t *testing.T, root, name string) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git to serve repositories with")
	}
	made := &repository{t, filepath.Join(root, name)}
	if err := os.MkdirAll(made.path, 0o700); err != nil {
		t.Fatal(err)
	}
	made.git("init", "-q", "-b", "main")
	made.git("config", "uploadpack.allowReachableSHA1InWant", "true")
	return made
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	command := exec.Command("git", args...)
	command.Dir = r.path
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	said, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %s", strings.Join(args, " "), said)
	}
	return strings.TrimSpace(string(said))
}

// commit writes files, commits them, and returns the commit.
func (r *repository) commit(files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.path, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

// gitServer serves the repositories below a directory as git's own HTTP backend does.
func gitServer(t *testing.T, root string) (string, *counter) {
	t.Helper()
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Skip("there is no git to serve repositories with")
	}
	return serve(t, &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	})
}

// file is an entry of an archive.
type file struct {
	tar.Header
	text string
}

// packed returns a gzipped archive of files.
func packed(t *testing.T, files ...file) []byte {
	t.Helper()
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(zip)
	for _, entry := range files {
		header := entry.Header
		if header.Typeflag == 0 {
			header.Typeflag, header.Size, header.Mode = tar.TypeReg, int64(len(entry.text)), 0o644
		}
		if err := archive.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(entry.text)); err != nil && header.Typeflag == tar.TypeReg {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// chartArchive returns a packed chart.
func chartArchive(t *testing.T, name, version string) []byte {
	t.Helper()
	return packed(t, file{tar.Header{Name: name + "/Chart.yaml"}, "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n"})
}
