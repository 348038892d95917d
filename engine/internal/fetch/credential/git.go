package credential

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"slices"
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
	command := git(ctx, "credential", "fill")
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

// git returns a command of the user's Git, which knows nothing of any repository and can't ask anybody.
func git(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = os.TempDir()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(ofRepositories, name) {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env,
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GCM_INTERACTIVE=never", "GIT_CEILING_DIRECTORIES="+os.TempDir())
	command.WaitDelay = time.Second
	return command
}

// ofRepositories are the variables by which a hook of Git's tells of its repository.
var ofRepositories = []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}

// rewriting are the user's rules `url.<to>.insteadOf <from>`, read once.
var rewriting struct {
	sync.Once
	rules map[string]string
}

// Rewritten returns the URL that the user's Git would use in place of one: another server, or one with credentials.
func Rewritten(ctx context.Context, address string) string {
	rewriting.Do(func() { rewriting.rules = rules(ctx) })
	return rewrite(rewriting.rules, address)
}

func rules(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, helperTime)
	defer cancel()
	said, err := git(ctx, "config", "--null", "--get-regexp", `^url\..*\.insteadof$`).Output()
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for entry := range strings.SplitSeq(string(said), "\x00") {
		name, from, _ := strings.Cut(entry, "\n")
		if to := strings.TrimSuffix(strings.TrimPrefix(name, "url."), ".insteadof"); from != "" {
			found[from] = to
		}
	}
	return found
}

// rewrite applies the rule with the longest beginning, as Git does.
func rewrite(rules map[string]string, address string) string {
	longest := ""
	for from := range rules {
		if strings.HasPrefix(address, from) && len(from) > len(longest) {
			longest = from
		}
	}
	if longest == "" {
		return address
	}
	return rules[longest] + address[len(longest):]
}
