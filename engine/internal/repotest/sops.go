package repotest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"filippo.io/age"
)

// Sops is the sops program that was built for the tests, with a key of its own.
type Sops struct {
	// Key is the private half, Recipient the public one.
	Key, Recipient string
	tool           string
}

// Tool returns a program that was built for the tests; the test is skipped where it isn't.
func Tool(t testing.TB, name string) string {
	t.Helper()
	tool := filepath.Join(filepath.Dir(module(t)), "tests", "tools", "bin", name)
	if _, err := os.Stat(tool); err != nil {
		t.Skipf("%s is not built: python tests/tools/build.py %s", name, name)
	}
	return tool
}

// NewSops returns a new key for the program; the test is skipped where the program isn't built.
func NewSops(t testing.TB) *Sops {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &Sops{Key: identity.String(), Recipient: identity.Recipient().String(), tool: Tool(t, "sops")}
}

// Path is where the program is.
func (s *Sops) Path() string { return s.tool }

// Run runs the program.
func (s *Sops) Run(t testing.TB, arguments ...string) ([]byte, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.tool, arguments...)
	command.Env = []string{"SOPS_AGE_KEY=" + s.Key, "HOME=" + t.TempDir()}
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, problems.String())
	}
	return out.Bytes(), nil
}

// Encrypt encrypts a file below root in place.
func (s *Sops) Encrypt(t testing.TB, root, name string, options ...string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	arguments := append([]string{"encrypt", "--in-place", "--age", s.Recipient}, options...)
	if _, err := s.Run(t, append(arguments, file)...); err != nil {
		t.Fatal(err)
	}
}
