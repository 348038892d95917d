// Package git fetches commits, as source-controller 1.9 chooses them: the protocol and the objects are go-git's, the
// choice among references is fluxcd/pkg/git's, and the files are written here, within bounds.
package git

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/net/proxy"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/credential"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fetch/policy"
)

func init() {
	// As fluxcd/pkg/git has it: servers that speak version 2 only, such as Azure DevOps, need the capabilities that go-git
	// doesn't fully implement, and a first fetch does well with what it implements.
	transport.UnsupportedCapabilities = []capability.Capability{capability.ThinPack}
	proxy.RegisterDialerType(dialerScheme, dialerOf)
}

// Client asks Git servers.
type Client struct {
	Policy policy.Policy
	Web    *policy.Web
}

// session is a conversation with a server: what it has, and then one pack.
type session struct {
	transport.UploadPackSession
	advertised *packp.AdvRefs
	end        func()
}

func (s *session) Close() {
	_ = s.UploadPackSession.Close()
	s.end()
}

// open begins a conversation: without credentials first, as Git does, then with those that the user has for the URL.
func (c Client) open(ctx context.Context, address string) (*session, error) {
	endpoint, err := c.endpoint(address)
	if err != nil {
		return nil, err
	}
	if other := credential.Rewritten(ctx, address); other != address {
		// Where the user's own Git goes instead is the user's to say, but for the address that it leads to.
		if endpoint, err = (Client{Policy: policy.Policy{Private: true}}).endpoint(other); err != nil {
			return nil, err
		}
	}
	if endpoint.Protocol == "ssh" {
		return c.openSSH(ctx, endpoint)
	}
	client := http.NewClient(c.Web.Client())
	opened, err := begin(ctx, client, endpoint, nil, func() {})
	if !refused(err) {
		return opened, explain(err)
	}
	parsed, _ := url.Parse(endpoint.String())
	basic := credential.GitRepository(ctx, parsed)
	if basic == nil {
		return nil, explain(err)
	}
	opened, err = begin(ctx, client, endpoint, &http.BasicAuth{Username: basic.Username, Password: basic.Password}, func() {})
	return opened, explain(err)
}

// endpoint reads a URL, in any form that Git has, and checks it.
func (c Client) endpoint(address string) (*transport.Endpoint, error) {
	endpoint, err := transport.NewEndpoint(address)
	if err != nil {
		return nil, fault.New(fault.Artifact, "the URL can't be read")
	}
	switch endpoint.Protocol {
	case "https", "http", "ssh":
	default:
		return nil, fault.New(fault.Refused, "fetching is refused: Git over %s is not allowed, use https or ssh", endpoint.Protocol)
	}
	if endpoint.Protocol == "http" && endpoint.Password != "" {
		return nil, fault.New(fault.Refused, "fetching is refused: credentials are not sent over http")
	}
	return endpoint, c.Policy.Check(strings.Trim(endpoint.Host, "[]"))
}

func (c Client) openSSH(ctx context.Context, endpoint *transport.Endpoint) (*session, error) {
	number, end := dialers.add(ctx, c.Web)
	endpoint.Proxy = transport.ProxyOptions{URL: dialerScheme + "://" + number}
	user := endpoint.User
	if user == "" {
		user = "git"
	}
	opened, err := begin(ctx, ssh.NewClient(nil), endpoint, credential.SSH(user), end)
	return opened, explain(err)
}

func begin(
	ctx context.Context, client transport.Transport, endpoint *transport.Endpoint, auth transport.AuthMethod, end func(),
) (*session, error) {
	started, err := client.NewUploadPackSession(endpoint, auth)
	if err != nil {
		end()
		return nil, err
	}
	opened := &session{UploadPackSession: started, end: end}
	opened.advertised, err = started.AdvertisedReferencesContext(ctx)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return opened, nil
}

// refused tells whether credentials may help. A server may well say of a private repository that it doesn't exist.
func refused(err error) bool {
	return errors.Is(err, transport.ErrAuthenticationRequired) || errors.Is(err, transport.ErrAuthorizationFailed) ||
		errors.Is(err, transport.ErrRepositoryNotFound)
}

// explain gives errors of go-git their code, less what the server said: it may say anything.
func explain(err error) error {
	switch {
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return fault.New(fault.NotFound, "the repository is empty")
	case err != nil && strings.Contains(err.Error(), "upload-pack: not our ref"):
		return fault.New(fault.NotFound, "the repository has no such commit")
	case refused(err):
		return fault.New(fault.Unauthorized, "the repository is not there, or not without other credentials")
	case err != nil && strings.Contains(err.Error(), "known hosts callback"):
		return fault.New(fault.Unauthorized, "you have no known_hosts file that tells the server's SSH key")
	case err != nil && strings.Contains(err.Error(), "knownhosts:"):
		return fault.New(fault.Unauthorized, "the server's SSH key is not in your known_hosts, or another one is")
	case err != nil && strings.Contains(err.Error(), "ssh: handshake failed: ssh: unable to authenticate"):
		return fault.New(fault.Unauthorized, "the server takes none of your SSH keys")
	}
	return err
}

// dialerScheme names, within go-git's SSH client, the dialing that the policy checks; it has no other way to be given one.
const dialerScheme = "gitops-policy"

var dialers registry

// registry holds the dialers of the SSH sessions that are open, by number.
type registry struct {
	mutex sync.Mutex
	last  uint64
	open  map[string]dialer
}

type dialer struct {
	ctx context.Context
	web *policy.Web
}

func (r *registry) add(ctx context.Context, web *policy.Web) (string, func()) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.open == nil {
		r.open = map[string]dialer{}
	}
	r.last++
	number := "n" + strconv.FormatUint(r.last, 10)
	r.open[number] = dialer{ctx, web}
	return number, func() {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		delete(r.open, number)
	}
}

func dialerOf(address *url.URL, _ proxy.Dialer) (proxy.Dialer, error) {
	dialers.mutex.Lock()
	defer dialers.mutex.Unlock()
	found, open := dialers.open[address.Hostname()]
	if !open {
		return nil, errors.New("the session is over")
	}
	return found, nil
}

// Dial implements proxy.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(d.ctx, network, address)
}

// DialContext implements proxy.ContextDialer; go-git's context knows nothing of the fetch, which ends the connection.
func (d dialer) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	connection, err := d.web.DialContext(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	if deadline, bounded := d.ctx.Deadline(); bounded {
		_ = connection.SetDeadline(deadline)
	}
	return &boundedConnection{connection, policy.BudgetOf(d.ctx)}, nil
}

type boundedConnection struct {
	net.Conn
	budget *policy.Budget
}

func (b *boundedConnection) Read(data []byte) (int, error) {
	read, err := b.Conn.Read(data)
	if short := b.budget.Spend(int64(read)); short != nil {
		return read, short
	}
	return read, err
}
