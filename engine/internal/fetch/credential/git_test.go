package credential

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGitHelpers asks the user's Git, which asks a helper of the user's.
func TestGitHelpers(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	home := t.TempDir()
	asked := filepath.Join(home, "asked")
	config := "[url \"https://me:hush@example.com/\"]\n\tinsteadOf = https://example.com/\n" +
		"[url \"ssh://git@example.com/\"]\n\tinsteadOf = https://example.com/group/\n\tinsteadOf = x:\n[credential]\n\thelper = \"!f() { cat >> " + asked + "; test $1 = get && echo username=me && echo password=hush; }; f\"\n"
	path := filepath.Join(home, "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", path)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_DIR", filepath.Join(home, "none"))
	for from, to := range map[string]string{
		"https://example.com/a/b.git": "https://me:hush@example.com/a/b.git", "https://example.com/group/b": "ssh://git@example.com/b",
		"x:b": "ssh://git@example.com/b", "https://example.org/a": "https://example.org/a",
	} {
		if got := Rewritten(context.Background(), from); got != to {
			t.Errorf("%s becomes %s", from, got)
		}
	}
	for text, want := range map[string]*Basic{
		"https://example.com/a/b.git": {"me", "hush"}, "http://example.com/a/b.git": nil, "https://example.com/a%0ahost=evil.com/b": nil,
	} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := GitRepository(context.Background(), address)
			if (got == nil) != (want == nil) || got != nil && *got != *want {
				t.Errorf("%s: %v", text, got)
			}
		}
	}
	said, err := os.ReadFile(asked)
	if want := "protocol=https\nhost=example.com\n"; err != nil || string(said) != want {
		t.Errorf("the helper was asked %q, %v", said, err)
	}
}

// TestNoHelper has nobody to ask: neither a person nor a helper.
func TestNoHelper(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	address, _ := url.Parse("https://none.example.com/a/b.git")
	if got := GitRepository(context.Background(), address); got != nil {
		t.Errorf("got %v", got)
	}
}
