package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// tight are limits that tests pass quickly.
var tight = limits{
	time: 5 * time.Second, download: 1 << 20, unpacked: 1 << 20, chart: 64 << 10, index: 256 << 10, file: 64 << 10, files: 50,
}

// tightly runs a request under tight limits, and wants an error and nothing left behind.
func tightly(t *testing.T, request Request, bounds limits, want fault.Error) {
	t.Helper()
	request.Cache = t.TempDir()
	_, problem := with(t, &Fetcher{limits: &bounds}, request)
	if problem == nil {
		t.Fatalf("no error, wanted %s", want.Message)
	}
	same(t, fault.Error{Code: problem.Code, Message: problem.Message}, want)
	for _, folder := range []string{"contents", "temporary"} {
		left, err := os.ReadDir(filepath.Join(request.Cache, folder))
		if err != nil || folder == "temporary" && len(left) > 0 {
			t.Errorf("%s holds %v, %v", folder, left, err)
		}
	}
}

// byProxy has a server seem to be at public names: the user's own proxy leads there, which may be at any address.
func byProxy(t *testing.T, handler http.Handler) {
	t.Helper()
	proxy := httptest.NewServer(handler)
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
}

// TestRedirects has a public server send elsewhere: into private networks, to cloud metadata, in circles.
func TestRedirects(t *testing.T) {
	asked := []string{}
	byProxy(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		asked = append(asked, request.Host)
		target, _ := hex.DecodeString(strings.TrimSuffix(strings.TrimPrefix(request.URL.Path, "/"), "/index.yaml"))
		http.Redirect(writer, request, string(target), http.StatusFound)
	}))
	for target, reason := range map[string]string{
		"http://169.254.169.254/latest":    "169.254.169.254 is an address of cloud metadata",
		"http://[fd00:ec2::254]/latest":    "fd00:ec2::254 is an address of cloud metadata",
		"http://127.0.0.1:6443/":           "127.0.0.1 is a loopback address",
		"http://[::1]/":                    "::1 is a loopback address",
		"http://[::ffff:10.0.0.1]/":        "10.0.0.1 is a private address",
		"http://[64:ff9b::a00:1]/":         "10.0.0.1 is a private address",
		"http://10.96.0.1/":                "10.96.0.1 is a private address",
		"http://100.64.0.1/":               "100.64.0.1 is not a public address",
		"http://0.0.0.0/":                  "0.0.0.0 is not a public address",
		"http://localhost/":                "localhost is a name of this machine",
		"http://metadata.google.internal/": "metadata.google.internal is a name of a private network",
		"http://kubernetes.default.svc/":   "kubernetes.default.svc is a name of a private network",
		"file:///etc/passwd":               "the scheme file is not allowed",
		"gopher://charts.example.org/":     "the scheme gopher is not allowed",
	} {
		t.Run(target, func(t *testing.T) {
			asked = asked[:0]
			request := chart("http://charts.example.org/"+hex.EncodeToString([]byte(target)), "1.x")
			request.Policy.Private = false
			refusedAs(t, request, fault.Error{Code: fault.Refused, Message: "fetching is refused: " + reason})
			same(t, asked, []string{"charts.example.org"})
		})
	}
}

func TestEndlessRedirects(t *testing.T) {
	count := 0
	byProxy(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		count++
		http.Redirect(writer, request, fmt.Sprintf("http://charts.example.org/%d", count), http.StatusFound)
	}))
	request := chart("http://charts.example.org/charts", "1.x")
	request.Policy.Private = false
	refusedAs(t, request, fault.Error{Code: fault.Refused, Message: "the server redirects more than 10 times"})
	same(t, count, 10)
}

// TestNamesThatLeadInside has names that resolve to addresses of this machine: what counts is what is connected to.
func TestNamesThatLeadInside(t *testing.T) {
	address, requests := chartServer(t, indexOf("1.0.0"), "1.0.0")
	parsed, _ := url.Parse(address)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST.", "0x7f.1", "2130706433", "127.1"} {
		request := chart("http://"+host+":"+parsed.Port()+"/charts", "1.x")
		request.Policy.Private = false
		_, problem := run(t, request)
		if problem == nil || problem.Code != fault.Refused && problem.Code != fault.Unreachable {
			t.Errorf("%s: %v", host, problem)
		}
	}
	same(t, requests.Load(), 0)
}

func TestHosts(t *testing.T) {
	address, _ := chartServer(t, strings.ReplaceAll(indexOf("1.0.0"), "app-1.0.0.tgz", "http://other.example.org/app.tgz"))
	request := chart(address+"/charts", "1.x")
	request.Policy.Hosts = []string{"127.0.0.1"}
	refusedAs(t, request, fault.Error{Code: fault.Refused, Message: "fetching is refused: the host other.example.org is not among those allowed"})
	request.Policy.Hosts = []string{}
	refusedAs(t, request, fault.Error{Code: fault.Refused, Message: "fetching is refused: the host 127.0.0.1 is not among those allowed"})
}

// TestSlowServers has servers that never finish: before the header, within it, within the body.
func TestSlowServers(t *testing.T) {
	for name, handle := range map[string]func(http.ResponseWriter, <-chan struct{}){
		"no header": func(_ http.ResponseWriter, over <-chan struct{}) { <-over },
		"drops": func(writer http.ResponseWriter, over <-chan struct{}) {
			for {
				select {
				case <-over:
					return
				case <-time.After(20 * time.Millisecond):
					_, _ = io.WriteString(writer, " ")
					writer.(http.Flusher).Flush()
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			address, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) { handle(writer, over) }))
			defer close(over)
			bounds := tight
			bounds.time = 300 * time.Millisecond
			began := time.Now()
			tightly(t, chart(address, "1.x"), bounds, fault.Error{Code: fault.Unreachable, Message: "the server takes too long to answer"})
			if name == "no header" {
				git := source("GitRepository", `{"url": "`+address+`/fleet"}`)
				tightly(t, git, bounds, fault.Error{Code: fault.Unreachable, Message: "the server takes too long to answer"})
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestManySlowFetches has many sources of one server that never finishes: it is waited for twice.
func TestManySlowFetches(t *testing.T) {
	over := make(chan struct{})
	address, requests := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer close(over)
	bounds := tight
	bounds.time = 200 * time.Millisecond
	fetcher := &Fetcher{limits: &bounds}
	for number := range 20 {
		_, problem := with(t, fetcher, chart(fmt.Sprintf("%s/%d", address, number), "1.x"))
		if problem == nil || problem.Code != fault.Unreachable {
			t.Errorf("got %v", problem)
		}
	}
	same(t, requests.Load(), 2)
}

// endless says more than anybody wants to hear.
func endless(writer http.ResponseWriter, _ *http.Request) {
	line := bytes.Repeat([]byte("x"), 32<<10)
	for {
		if _, err := writer.Write(line); err != nil {
			return
		}
	}
}

func TestLargeAnswers(t *testing.T) {
	address, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/good/index.yaml":
			_, _ = io.WriteString(writer, indexOf("1.0.0"))
		default:
			endless(writer, request)
		}
	}))
	tightly(t, chart(address+"/bad", "1.x"), tight, fault.Error{Code: fault.Limit, Message: "it is larger than 262144 bytes"})
	tightly(t, chart(address+"/good", "1.x"), tight, fault.Error{Code: fault.Limit, Message: "it is larger than 65536 bytes"})
	base := Request{Base: address + "/base.yaml", Policy: local}
	tightly(t, base, tight, fault.Error{Code: fault.Limit, Message: "it is larger than 65536 bytes"})
	refusedGit := source("GitRepository", `{"url": "`+address+`/fleet"}`)
	refusedGit.Cache = t.TempDir()
	if _, problem := with(t, &Fetcher{limits: &tight}, refusedGit); problem == nil {
		t.Error("an endless answer is no repository")
	}
}

// TestCompressedAnswer has an answer that is small while it is sent only.
func TestCompressedAnswer(t *testing.T) {
	var small bytes.Buffer
	zip := gzip.NewWriter(&small)
	_, _ = zip.Write(bytes.Repeat([]byte("# comment\n"), 1<<20))
	_ = zip.Close()
	address, _ := serve(t, http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Encoding", "gzip")
		_, _ = writer.Write(small.Bytes())
	}))
	tightly(t, chart(address, "1.x"), tight, fault.Error{Code: fault.Limit, Message: "it is larger than 262144 bytes"})
}

// TestArchives has layers that are no good.
func TestArchives(t *testing.T) {
	host, _ := registryServer(t)
	many := make([]file, 60)
	for number := range many {
		many[number] = file{tar.Header{Name: fmt.Sprintf("%d.yaml", number)}, ""}
	}
	entry := func(kind byte, name, link string) file {
		return file{tar.Header{Name: name, Linkname: link, Typeflag: kind}, ""}
	}
	for name, test := range map[string]struct {
		layer []byte
		want  fault.Error
	}{
		"up": {packed(t, file{tar.Header{Name: "../evil"}, "x"}),
			fault.Error{Code: fault.Artifact, Message: `the artifact can't be unpacked: tar contained invalid name error "../evil"`}},
		"absolute": {packed(t, file{tar.Header{Name: "/tmp/evil"}, "x"}),
			fault.Error{Code: fault.Artifact, Message: `the artifact can't be unpacked: tar contained invalid name error "/tmp/evil"`}},
		"device": {packed(t, entry(tar.TypeChar, "null", "")),
			fault.Error{Code: fault.Artifact, Message: "the artifact can't be unpacked: tar file entry null contained unsupported file type Dc---------"}},
		"no archive": {[]byte("hello"),
			fault.Error{Code: fault.Artifact, Message: "the artifact can't be unpacked: requires gzip-compressed body: unexpected EOF"}},
		"bomb":  {packed(t, file{tar.Header{Name: "zeros"}, strings.Repeat("\x00", 2<<20)}), fault.Error{Code: fault.Limit, Message: "it is larger than 1 MiB"}},
		"many":  {packed(t, many...), fault.Error{Code: fault.Limit, Message: "it holds more than 50 files"}},
		"large": {bytes.Repeat([]byte("x"), 2<<20), fault.Error{Code: fault.Limit, Message: "it is larger than 1 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			at := host + "/" + strings.ReplaceAll(name, " ", "-")
			push(t, at, "x", map[string][]byte{"first": test.layer}, "latest")
			tightly(t, source("OCIRepository", `{"url": "oci://`+at+`", "insecure": true}`), tight, test.want)
		})
	}
	// Symbolic links are left out, as source-controller does, so that nothing is written through one.
	outside := t.TempDir()
	push(t, host+"/links", "x", map[string][]byte{"first": packed(t,
		entry(tar.TypeSymlink, "out", outside), file{tar.Header{Name: "out/evil"}, "x"}, entry(tar.TypeSymlink, "a.yaml", "/etc/passwd"),
	)}, "latest")
	result := fetched(t, source("OCIRepository", `{"url": "oci://`+host+`/links", "insecure": true}`))
	same(t, []any{tree(t, result.Directory), tree(t, outside)}, []any{map[string]string{"out/evil": "x"}, map[string]string{}})
}

// TestHostileRepositories has commits that Git's own client would refuse.
func TestHostileRepositories(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	repo.commit(map[string]string{"a.yaml": "a"})
	blob := repo.git("rev-parse", "HEAD:a.yaml")
	url, _ := gitServer(t, root)
	branch := func(name, listing string) {
		inner := listed(t, repo, listing)
		repo.git("update-ref", "refs/heads/"+name, repo.git("commit-tree", "-m", "x", inner))
	}
	branch("up", "100644 blob "+blob+"\t..\n")
	branch("hooks", "040000 tree "+listed(t, repo, "100644 blob "+blob+"\tpost-checkout\n")+"\t.GIT\n")
	for name, message := range map[string]string{
		"up":    `the repository can't be read: invalid path "..": cannot use ".."`,
		"hooks": `the repository can't be read: invalid path component: ".GIT"`,
	} {
		tightly(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "`+name+`"}}`), tight,
			fault.Error{Code: fault.Artifact, Message: message})
	}
	files := map[string]string{}
	for number := range 60 {
		files[fmt.Sprintf("many/%d.yaml", number)] = "x"
	}
	repo.git("checkout", "-q", "-b", "many")
	repo.commit(files)
	repo.git("checkout", "-q", "-b", "large", "main")
	repo.commit(map[string]string{"zeros": strings.Repeat("\x00", 2<<20)})
	for name, message := range map[string]string{"many": "it holds more than 50 files", "large": "it is larger than 1 MiB"} {
		tightly(t, source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "`+name+`"}}`), tight,
			fault.Error{Code: fault.Limit, Message: message})
	}
}

// listed returns the tree that `git mktree` makes of a listing.
func listed(t *testing.T, repo *repository, listing string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "listing")
	if err := os.WriteFile(path, []byte(listing), 0o600); err != nil {
		t.Fatal(err)
	}
	return repo.git("-c", "alias.fromfile=!git mktree < "+path, "fromfile")
}

// TestHostileSubmodules has submodules that lead to where sources may not lead.
func TestHostileSubmodules(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	repo.commit(map[string]string{"a.yaml": "a"})
	url, _ := gitServer(t, root)
	for address, message := range map[string]string{
		"file:///etc":                    "fetching is refused: Git over file is not allowed, use https or ssh",
		"/etc":                           "fetching is refused: Git over file is not allowed, use https or ssh",
		"git://127.0.0.1/x":              "fetching is refused: Git over git is not allowed, use https or ssh",
		"https://169.254.169.254/x":      "fetching is refused: 169.254.169.254 is an address of cloud metadata",
		"http://me:hush@127.0.0.1/x.git": "fetching is refused: credentials are not sent over http",
	} {
		repo.commit(map[string]string{".gitmodules": "[submodule \"s\"]\n\tpath = s\n\turl = " + address + "\n"})
		repo.git("update-index", "--add", "--cacheinfo", "160000,"+absent+",s")
		repo.git("commit", "-q", "-m", "submodule")
		request := source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}, "recurseSubmodules": true}`)
		refusedAs(t, request, fault.Error{Code: fault.Refused, Message: "the submodule s: " + message})
	}
}

// TestRemoteHelpers has a URL that would have Git's own client run a program. Here it is a host called ext.
func TestRemoteHelpers(t *testing.T) {
	evil := filepath.Join(t.TempDir(), "evil")
	_, problem := run(t, source("GitRepository", `{"url": "ext::sh -c touch% `+evil+`"}`))
	if _, err := os.Stat(evil); err == nil || problem == nil {
		t.Errorf("%v, %v", err, problem)
	}
}

// TestSecretsAreNotTold has credentials in URLs.
func TestSecretsAreNotTold(t *testing.T) {
	for _, request := range []Request{
		source("GitRepository", `{"url": "https://me:hush@127.0.0.1:1/fleet"}`), chart("https://me:hush@127.0.0.1:1/charts?token=hush", "1.x"),
		{Base: "https://me:hush@127.0.0.1:1/a.yaml", Policy: local}, chart("://me:hush@x", "1.x"),
	} {
		_, problem := run(t, request)
		if problem == nil || strings.Contains(fmt.Sprintf("%+v", *problem), "hush") {
			t.Errorf("%+v", problem)
		}
	}
}
