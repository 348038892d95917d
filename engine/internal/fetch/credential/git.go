package credential

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// helperTime bounds what a credential helper may take: one that waits for a person is not waited for.
const helperTime = 10 * time.Second

// asked are the answers of Git's helpers, by URL less its path's end: a helper is asked once a run.
var asked sync.Map

type answer struct {
	once  sync.Once
	basic *Basic
}

// GitRepository returns what the user's Git knows for an https URL, by its credential helpers; nil where that is nothing,
// or there is no Git. Nobody is asked for a password.
func GitRepository(ctx context.Context, address *url.URL) *Basic {
	if address.Scheme != "https" {
		return nil
	}
	found, _ := asked.LoadOrStore(address.String(), &answer{})
	known := found.(*answer)
	known.once.Do(func() { known.basic = fill(ctx, address) })
	return known.basic
}

func fill(ctx context.Context, address *url.URL) *Basic {
	ctx, cancel := context.WithTimeout(ctx, helperTime)
	defer cancel()
	command := exec.CommandContext(ctx, "git", "credential", "fill")
	// In a neutral directory, so that no repository's configuration has a say.
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(),
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GCM_INTERACTIVE=never", "GIT_CEILING_DIRECTORIES="+os.TempDir())
	command.WaitDelay = time.Second
	var request strings.Builder
	request.WriteString("protocol=" + address.Scheme + "\nhost=" + address.Host + "\npath=" + strings.TrimPrefix(address.Path, "/") + "\n")
	if address.User != nil {
		request.WriteString("username=" + address.User.Username() + "\n")
	}
	// A line break in the URL would add lines of its own.
	if strings.ContainsAny(address.Host+address.Path+address.User.String(), "\n\r\x00") {
		return nil
	}
	command.Stdin = strings.NewReader(request.String() + "\n")
	said, err := command.Output()
	if err != nil {
		return nil
	}
	var basic Basic
	for line := range bytes.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), "=")
		switch name {
		case "username":
			basic.Username = value
		case "password":
			basic.Password = value
		}
	}
	if basic.Password == "" {
		return nil
	}
	return &basic
}
