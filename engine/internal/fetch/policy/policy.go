package policy

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Policy says where fetching may lead.
type Policy struct {
	// Private allows addresses that are not public; those of cloud metadata stay refused.
	Private bool `json:"private"`
	// Hosts limits to these host names, nil allows all. What a server redirects to is the server's to say.
	Hosts []string `json:"hosts"`
}

// internalNames end the names that are resolved inside of a network, or on a machine.
var internalNames = []string{".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".cluster.local", ".svc"}

// Check returns why a host that the repository names may not be asked, nil where it may.
func (p Policy) Check(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" {
		return refusal("the URL names no host")
	}
	if !p.allows(host) {
		return refusal("the host %s is not among those allowed", host)
	}
	return p.checkName(host)
}

// checkName refuses names and literal addresses that lead inside. Where a proxy resolves names, this is all there is.
func (p Policy) checkName(host string) error {
	if address, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return asRefusal(checkAddress(address, p.Private))
	}
	if p.Private {
		return nil
	}
	if host == "localhost" {
		return refusal("%s is a name of this machine", host)
	}
	for _, suffix := range internalNames {
		if strings.HasSuffix(host, suffix) {
			return refusal("%s is a name of a private network", host)
		}
	}
	return nil
}

func (p Policy) allows(host string) bool {
	if p.Hosts == nil {
		return true
	}
	for _, allowed := range p.Hosts {
		if strings.EqualFold(strings.TrimSuffix(allowed, "."), host) {
			return true
		}
	}
	return false
}

// CheckURL is Check for the host of a URL.
func (p Policy) CheckURL(address *url.URL) error {
	if err := p.Check(address.Hostname()); err != nil {
		return err
	}
	return nil
}

// checkConnection is asked with the address that is about to be connected to, whatever name led there.
func (p Policy) checkConnection(address string) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusal("%s is no address", address)
	}
	return asRefusal(checkAddress(parsed.Addr(), p.Private))
}

func asRefusal(reason error) error {
	if reason == nil {
		return nil
	}
	return refusal("%s", reason)
}

func refusal(format string, args ...any) error {
	problem := fault.New(fault.Refused, "fetching is refused: %s", fmt.Sprintf(format, args...))
	problem.Remedy = "map the source to a local directory, or allow it where you trust the repository"
	return problem
}

// hostOf returns the host of host:port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
