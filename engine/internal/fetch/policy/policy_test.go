package policy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"140.82.121.4": "", "2606:50c0:8000::154": "", "::ffff:140.82.121.4": "", "64:ff9b::8c52:7904": "",
		"10.1.2.3": "10.1.2.3 is a private address", "192.168.1.1": "192.168.1.1 is a private address", "172.31.0.1": "172.31.0.1 is a private address",
		"fd12::1": "fd12::1 is a private address", "127.8.9.1": "127.8.9.1 is a loopback address", "::1": "::1 is a loopback address",
		"169.254.1.1": "169.254.1.1 is a link-local address", "fe80::1%eth0": "fe80::1 is a link-local address",
		"169.254.169.254": "169.254.169.254 is an address of cloud metadata", "::ffff:169.254.169.254": "169.254.169.254 is an address of cloud metadata",
		"64:ff9b::a9fe:a9fe": "169.254.169.254 is an address of cloud metadata", "100.100.100.200": "100.100.100.200 is an address of cloud metadata",
		"224.0.0.1": "224.0.0.1 is a link-local address", "239.1.1.1": "239.1.1.1 is not a public address", "ff02::1": "ff02::1 is a link-local address",
		"0.0.0.0": "0.0.0.0 is not a public address", "::": ":: is not a public address", "255.255.255.255": "255.255.255.255 is not a public address",
		"198.18.0.1": "198.18.0.1 is not a public address", "192.0.2.1": "192.0.2.1 is not a public address", "2002:a00:1::": "2002:a00:1:: is not a public address",
	} {
		err := checkAddress(netip.MustParseAddr(text), false)
		if got := message(err); got != want {
			t.Errorf("%s: %q", text, got)
		}
		private := checkAddress(netip.MustParseAddr(text), true)
		if metadata := strings.Contains(want, "metadata"); (private != nil) != metadata {
			t.Errorf("%s, private: %v", text, private)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestRebinding connects by a name that leads to this machine: the name says nothing, the connection does.
func TestRebinding(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, private := range []bool{false, true} {
		presence := &Presence{}
		connection, err := NewWeb(Policy{Private: private}, presence).DialContext(context.Background(), "tcp", "localhost:"+port)
		if private {
			if err != nil {
				t.Fatal(err)
			}
			_ = connection.Close()
			continue
		}
		if problem := known(err); problem == nil || problem.Code != fault.Refused || presence.Any() {
			t.Errorf("got %v", err)
		}
	}
}

// TestAbsence waits for the network once.
func TestAbsence(t *testing.T) {
	presence := &Presence{}
	if patience, err := presence.Check("a"); err != nil || patience != connectTimeout {
		t.Error(patience, err)
	}
	_ = presence.Failed("a", errors.New("x"))
	_ = presence.Failed("b", errors.New("x"))
	if patience, err := presence.Check("c"); err != nil || patience != hurry {
		t.Error(patience, err)
	}
	if _, err := presence.Check("a"); message(err) != "a can't be reached: x" {
		t.Error(err)
	}
	presence.Reached()
	if patience, err := presence.Check("c"); err != nil || patience != connectTimeout {
		t.Error(patience, err)
	}
}

func TestExplain(t *testing.T) {
	for _, err := range []error{
		errors.New(`unexpected requesting "https://me:hush@example.com/a.git/info/refs" status code: 500`),
		&url.Error{Op: "Get", URL: "https://me:hush@example.com", Err: errors.New("no")},
		fault.New(fault.Unreachable, "https://me:hush@example.com/a: no"),
	} {
		problem := Explain(err, "https://me:hush@example.com/a?token=hush")
		if strings.Contains(problem.Message+problem.URL+problem.Remedy, "hush") || problem.URL != "https://example.com/a" {
			t.Errorf("%+v", problem)
		}
	}
	for text, want := range map[string]string{
		"https://example.com/a//b?ref=v1": "https://example.com/a//b?ref=v1", "git@example.com:a/b": "git@example.com:a/b",
		"ssh://git@example.com/a": "ssh://git@example.com/a", "https://token@example.com/a": "https://example.com/a",
		"https://example.com/?sig=x": "https://example.com/",
	} {
		if got := Redacted(text); got != want {
			t.Errorf("%s becomes %s", text, got)
		}
	}
}

// TestSlow gives up on a host after two fetches, and on patience after eight.
func TestSlow(t *testing.T) {
	presence := &Presence{}
	presence.Slow("a")
	if _, err := presence.Check("a"); err != nil {
		t.Error(err)
	}
	presence.Slow("a")
	if _, err := presence.Check("a"); message(err) != "a can't be reached: it takes too long to answer" {
		t.Error(err)
	}
	for range 6 {
		if got := presence.Time(time.Minute); got != time.Minute {
			t.Error(got)
		}
		presence.Slow("b")
	}
	if got := presence.Time(time.Minute); got != shortTime {
		t.Error(got)
	}
}

func TestHostOf(t *testing.T) {
	for text, want := range map[string]string{
		"https://me:hush@example.com:8443/a": "example.com", "oci://ghcr.io/a/b": "ghcr.io", "git@example.com:a/b": "example.com",
		"ssh://git@[2001:db8::1]:22/a": "2001:db8::1", "github.com/a/b?ref=x@y": "github.com", "": "", "https://example.com": "example.com",
		"https://example.com?x=a@b": "example.com", "git::https://example.com/a": "example.com",
	} {
		if got := HostOf(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}
