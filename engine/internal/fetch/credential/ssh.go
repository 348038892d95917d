package credential

import (
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/xanzy/ssh-agent"
	gossh "golang.org/x/crypto/ssh"
)

// keyFiles are those that ssh itself looks for.
var keyFiles = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// SSH returns how to log in as a user: with the keys of the agent and, where they have no passphrase, those in ~/.ssh. The
// host's key must be in the user's known_hosts.
func SSH(user string) ssh.AuthMethod {
	return &ssh.PublicKeysCallback{User: user, Callback: signers}
}

func signers() ([]gossh.Signer, error) {
	var found []gossh.Signer
	if sshagent.Available() {
		if agent, connection, err := sshagent.New(); err == nil {
			kept, _ := agent.Signers()
			found = append(found, kept...)
			_ = connection // it ends with the process: the signers need it
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return found, nil
	}
	for _, name := range keyFiles {
		data, err := os.ReadFile(filepath.Join(home, ".ssh", name))
		if err != nil {
			continue
		}
		if signer, err := gossh.ParsePrivateKey(data); err == nil {
			found = append(found, signer)
		}
	}
	return found, nil
}
