package fetch

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

func key(t *testing.T) (ed25519.PrivateKey, ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return private, signer
}

// sshServer serves the repositories below a directory over SSH, to who has the key, and returns its address.
func sshServer(t *testing.T, root string, host ssh.Signer, user ssh.PublicKey) string {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(connection ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
		if connection.User() != "git" || string(offered.Marshal()) != string(user.Marshal()) {
			return nil, io.EOF
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go converse(connection, config, root)
		}
	}()
	return listener.Addr().String()
}

func converse(connection net.Conn, config *ssh.ServerConfig, root string) {
	_, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range asked {
			if request.Type != "exec" {
				continue
			}
			_ = request.Reply(true, nil)
			_, path, _ := strings.Cut(string(request.Payload[4:]), " ")
			command := osexec.Command("git-upload-pack", filepath.Join(root, strings.Trim(path, "'")))
			command.Stdin, command.Stdout = channel, channel
			_ = command.Run()
			_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
			_ = channel.Close()
		}
	}
}

// TestSSH logs in with a key of the user's, to a server that the user knows.
func TestSSH(t *testing.T) {
	root := t.TempDir()
	commit := newRepository(t, root, "fleet").commit(map[string]string{"a.yaml": "a"})
	private, user := key(t)
	_, host := key(t)
	_, other := key(t)
	address := sshServer(t, root, host, user.PublicKey())
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(home, "known_hosts"))
	write := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known := func(signer ssh.Signer) {
		server, port, _ := net.SplitHostPort(address)
		write("known_hosts", append([]byte("["+server+"]:"+port+" "), ssh.MarshalAuthorizedKey(signer.PublicKey())...))
	}
	ask := source("GitRepository", `{"url": "ssh://git@`+address+`/fleet", "ref": {"branch": "main"}}`)
	write("known_hosts", nil)
	refusedAs(t, ask, fault.Error{Code: fault.Unauthorized, Message: "the server's SSH key is not in your known_hosts, or another one is"})
	known(other)
	refusedAs(t, ask, fault.Error{Code: fault.Unauthorized, Message: "the server's SSH key is not in your known_hosts, or another one is"})
	known(host)
	refusedAs(t, ask, fault.Error{Code: fault.Unauthorized, Message: "the server takes none of your SSH keys"})
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	write(".ssh/id_ed25519", pem.EncodeToMemory(block))
	result := fetched(t, ask)
	same(t, []any{tree(t, result.Directory), result.Revision}, []any{map[string]string{"a.yaml": "a"}, "main@sha1:" + commit})
	ask.Policy.Private = false
	refusedAs(t, ask, fault.Error{Code: fault.Refused, Message: "fetching is refused: 127.0.0.1 is a loopback address"})
}
