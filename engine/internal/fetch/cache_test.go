package fetch

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/store"
)

// aged makes all that a cache remembers so much older.
func aged(t *testing.T, cache string, by time.Duration) {
	t.Helper()
	kept, err := store.Open(cache)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(cache, "references"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("nothing is remembered: %v", err)
	}
	for _, entry := range entries {
		key := entry.Name()[:len(entry.Name())-len(".json")]
		reference, _ := kept.Recall(key)
		reference.Asked = reference.Asked.Add(-by)
		kept.Remember(key, reference)
	}
}

// TestSecondRuns has servers that count: what was fetched is not asked for again, what moves after an hour only, and
// then nothing is sent that is known.
func TestSecondRuns(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	commit := repo.commit(map[string]string{"a.yaml": "a"})
	repo.git("tag", "v1.0.0")
	url, gitRequests := gitServer(t, root)
	charts, chartRequests := chartServer(t, indexOf("1.0.0"), "1.0.0")
	host, registryRequests := registryServer(t)
	digest := push(t, host+"/org/app", "x", map[string][]byte{fluxLayer: archiveOf(t, "a")}, "latest", "1.0.0")
	oci := func(ref string) Request {
		return source("OCIRepository", `{"url": "oci://`+host+`/org/app", "insecure": true, "ref": `+ref+`}`)
	}
	git := func(ref string) Request {
		return source("GitRepository", `{"url": "`+url+`/fleet", "ref": `+ref+`}`)
	}
	// The requests made: at once, after two hours, after two days.
	for name, test := range map[string]struct {
		request Request
		count   *counter
		later   [3]int64
	}{
		"git branch":     {git(`{"branch": "main"}`), gitRequests, [3]int64{0, 1, 1}},
		"git tag":        {git(`{"tag": "v1.0.0"}`), gitRequests, [3]int64{0, 0, 1}},
		"git semver":     {git(`{"semver": "1.x"}`), gitRequests, [3]int64{0, 1, 1}},
		"git commit":     {git(`{"commit": "` + commit + `"}`), gitRequests, [3]int64{0, 0, 0}},
		"chart range":    {chart(charts+"/charts", "1.x"), chartRequests, [3]int64{0, 1, 1}},
		"chart version":  {chart(charts+"/charts", "1.0.0"), chartRequests, [3]int64{0, 0, 1}},
		"latest":         {oci(`null`), registryRequests, [3]int64{0, 2, 2}},
		"artifact tag":   {oci(`{"tag": "1.0.0"}`), registryRequests, [3]int64{0, 0, 2}},
		"artifact range": {oci(`{"semver": "1.x"}`), registryRequests, [3]int64{0, 4, 4}},
		"digest":         {oci(`{"digest": "` + digest + `"}`), registryRequests, [3]int64{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			test.request.Cache = t.TempDir()
			first, problem := with(t, &Fetcher{}, test.request)
			if problem != nil || first.Cached {
				t.Fatal(problem, first)
			}
			for step, age := range []time.Duration{0, 2 * time.Hour, 48 * time.Hour} {
				aged(t, test.request.Cache, age)
				before := test.count.Load()
				again, problem := with(t, &Fetcher{}, test.request)
				if problem != nil {
					t.Fatal(problem)
				}
				made := test.count.Load() - before
				same(t, []any{step, made, again.Cached}, []any{step, test.later[step], test.later[step] == 0})
				again.Cached = false
				same(t, again, first)
			}
		})
	}
}

// TestRefresh asks again, once a run, and finds what a branch has moved to.
func TestRefresh(t *testing.T) {
	root := t.TempDir()
	repo := newRepository(t, root, "fleet")
	repo.commit(map[string]string{"a.yaml": "a"})
	url, requests := gitServer(t, root)
	request := source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}}`)
	request.Cache = t.TempDir()
	_, _ = with(t, &Fetcher{}, request)
	repo.commit(map[string]string{"a.yaml": "b"})
	stale, _ := with(t, &Fetcher{}, request)
	same(t, tree(t, stale.Directory), map[string]string{"a.yaml": "a"})
	request.Refresh = true
	fetcher := &Fetcher{}
	fresh, _ := with(t, fetcher, request)
	same(t, tree(t, fresh.Directory), map[string]string{"a.yaml": "b"})
	before := requests.Load()
	again, _ := with(t, fetcher, request)
	same(t, []any{again.Directory, again.Cached, requests.Load()}, []any{fresh.Directory, true, before})
	// What an earlier run may still read is left as it was.
	same(t, tree(t, stale.Directory), map[string]string{"a.yaml": "a"})
}

// TestOffline takes what is in the cache, however old, and asks nobody.
func TestOffline(t *testing.T) {
	charts, requests := chartServer(t, indexOf("1.0.0"), "1.0.0")
	request := chart(charts+"/charts", "1.x")
	request.Cache = t.TempDir()
	request.Offline = true
	_, problem := with(t, &Fetcher{}, request)
	same(t, []any{problem.Code, problem.Message, problem.URL},
		[]any{fault.Offline, "it is not in the cache, and nothing is fetched: this run is offline", charts + "/charts"})
	request.Offline = false
	online, _ := with(t, &Fetcher{}, request)
	aged(t, request.Cache, 1000*time.Hour)
	before := requests.Load()
	request.Offline = true
	offline, problem := with(t, &Fetcher{}, request)
	if problem != nil {
		t.Fatal(problem)
	}
	same(t, []any{offline.Archive, offline.Cached, requests.Load()}, []any{online.Archive, true, before})
}

// TestGoneServer takes what is in the cache where the server can't be reached any more.
func TestGoneServer(t *testing.T) {
	root := t.TempDir()
	newRepository(t, root, "fleet").commit(map[string]string{"a.yaml": "a"})
	url, _ := gitServer(t, root)
	request := source("GitRepository", `{"url": "`+url+`/fleet", "ref": {"branch": "main"}}`)
	request.Cache = t.TempDir()
	before, _ := with(t, &Fetcher{}, request)
	aged(t, request.Cache, 1000*time.Hour)
	// Nobody is allowed to answer any more.
	request.Policy.Private = false
	refused, problem := with(t, &Fetcher{}, request)
	same(t, []any{refused.Directory, problem.Code}, []any{"", fault.Refused})
	fetcher := &Fetcher{}
	_ = fetcher.presence.Failed("127.0.0.1", os.ErrDeadlineExceeded)
	request.Policy.Private = true
	after, problem := with(t, fetcher, request)
	if problem != nil {
		t.Fatal(problem)
	}
	same(t, []any{after.Directory, after.Cached}, []any{before.Directory, true})
}

// TestManyAtOnce has many ask for the same, as parallel runs do: one fetches, the others take what it has fetched.
func TestManyAtOnce(t *testing.T) {
	charts, requests := chartServer(t, indexOf("1.0.0", "2.0.0"), "1.0.0", "2.0.0")
	cache := t.TempDir()
	var group sync.WaitGroup
	for number := range 24 {
		group.Go(func() {
			request := chart(charts+"/charts", fmt.Sprintf("%d.x", number%2+1))
			request.Cache = cache
			result, problem := with(t, &Fetcher{}, request)
			if problem != nil || result.Version != fmt.Sprintf("%d.0.0", number%2+1) {
				t.Error(problem, result.Version)
			}
		})
	}
	group.Wait()
	same(t, requests.Load(), 3)
}
