// Package network decides whether kustomize may fetch what a repository names. kustomize fetches through
// http.DefaultTransport and the git program, both of which are the whole process's.
package network

import (
	"fmt"
	"net/http"
	"os"
	"sync"
)

var allowed struct {
	sync.Mutex
	path      string
	transport http.RoundTripper
}

// Deny makes fetching impossible for the process.
func Deny() {
	allowed.Lock()
	defer allowed.Unlock()
	allowed.path, allowed.transport = os.Getenv("PATH"), http.DefaultTransport
	http.DefaultTransport = refusal{}
	_ = os.Setenv("PATH", "")
}

// Allow makes fetching possible again; whoever asks for one tree has it for the process, and the builds of the others
// refuse remote bases before kustomize sees them.
func Allow() {
	allowed.Lock()
	defer allowed.Unlock()
	if allowed.transport != nil {
		http.DefaultTransport = allowed.transport
		_ = os.Setenv("PATH", allowed.path)
		_ = os.Setenv("GIT_TERMINAL_PROMPT", "0")
	}
}

type refusal struct{}

func (refusal) RoundTrip(request *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("fetching is not allowed: %s", request.URL)
}
