package policy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// known returns the fault in an error, nil where there is none.
func known(err error) *fault.Error {
	var problem *fault.Error
	if errors.As(err, &problem) {
		return problem
	}
	return nil
}

// Explain returns what to say of a failed fetch of a URL, without what the URL holds of credentials.
func Explain(err error, address string) *fault.Error {
	shown := Redacted(address)
	problem := known(err)
	switch {
	case problem != nil:
		copied := *problem
		problem = &copied
	case errors.Is(err, context.DeadlineExceeded):
		problem = fault.New(fault.Unreachable, "the server takes too long to answer")
	default:
		problem = fault.New(fault.Unreachable, "%s", reasonOf(err))
	}
	problem.Message = userInfo.ReplaceAllString(strings.ReplaceAll(problem.Message, address, shown), "//")
	problem.URL = shown
	return problem
}

// userInfo is what a URL may hold of credentials, in a text or in one that can't be read.
var userInfo = regexp.MustCompile(`//[^/\s"']*@`)

// Redacted returns a URL without user and query: both may hold credentials.
func Redacted(address string) string {
	before, query, found := strings.Cut(address, "?")
	if found && !strings.HasPrefix(query, "ref=") {
		address = before
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return userInfo.ReplaceAllString(address, "//")
	}
	if parsed.User == nil {
		return address
	}
	if _, secret := parsed.User.Password(); secret || parsed.Scheme != "ssh" {
		parsed.User = nil
	}
	return parsed.String()
}

// reasonOf says why something can't be reached, in few words and without addresses of ours.
func reasonOf(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no such host"
	case errors.As(err, &name):
		return "its name can't be resolved"
	case errors.As(err, &certificate):
		return certificate.Err.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to it"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection was reset"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it takes too long to answer"
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		return reasonOf(inner.Err)
	}
	return err.Error()
}

// HostOf returns the host of a URL in any form that Git, registries and kustomize have, "" where it names none.
func HostOf(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	rest = rest[strings.LastIndex(rest[:strings.IndexAny(rest+"/", "/?")], "@")+1:]
	if strings.HasPrefix(rest, "[") {
		host, _, _ := strings.Cut(rest[1:], "]")
		return host
	}
	return rest[:strings.IndexAny(rest+"/", "/:?")]
}
