package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	headerTimeout = 20 * time.Second
	maxRedirects  = 10
	attempts      = 3
	firstPause    = 300 * time.Millisecond
)

// Web connects under a policy. It is an http.RoundTripper, and dials for what doesn't speak HTTP.
type Web struct {
	policy   Policy
	presence *Presence
	proxy    func(*url.URL) (*url.URL, error)
	proxies  map[string]bool
	inner    *http.Transport
}

// NewWeb returns a Web; presence may be shared by several.
func NewWeb(policy Policy, presence *Presence) *Web {
	config := httpproxy.FromEnvironment()
	web := &Web{policy: policy, presence: presence, proxy: config.ProxyFunc(), proxies: proxyAddresses(config)}
	web.inner = &http.Transport{
		Proxy:                  func(request *http.Request) (*url.URL, error) { return web.proxy(request.URL) },
		DialContext:            web.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
	return web
}

// proxyAddresses are the user's own proxies, which may well have private addresses.
func proxyAddresses(config *httpproxy.Config) map[string]bool {
	addresses := map[string]bool{}
	for _, text := range []string{config.HTTPProxy, config.HTTPSProxy} {
		proxy, err := url.Parse(text)
		if err != nil || proxy.Host == "" {
			if proxy, err = url.Parse("http://" + text); err != nil {
				continue
			}
		}
		port := proxy.Port()
		if port == "" {
			port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
		}
		if port == "" {
			port = "80"
		}
		addresses[net.JoinHostPort(proxy.Hostname(), port)] = true
	}
	return addresses
}

// Client returns an HTTP client for this Web.
func (w *Web) Client() *http.Client { return &http.Client{Transport: w, CheckRedirect: checkRedirect} }

func checkRedirect(_ *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fault.New(fault.Refused, "the server redirects more than %d times", maxRedirects)
	}
	return nil
}

// DialContext connects to an address that the policy allows: what is checked is the address that a name has led to.
func (w *Web) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host := hostOf(address)
	patience, err := w.presence.Check(host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: patience, KeepAlive: 30 * time.Second}
	if !w.proxies[address] {
		dialer.ControlContext = func(_ context.Context, _, connected string, _ syscall.RawConn) error {
			return w.policy.checkConnection(connected)
		}
	}
	connection, err := dialer.DialContext(ctx, network, address)
	if err != nil && known(err) == nil && ctx.Err() == nil && w.presence.Any() {
		// The network is there: what fails once may do so by chance.
		time.Sleep(firstPause)
		connection, err = dialer.DialContext(ctx, network, address)
	}
	if err != nil {
		if problem := known(err); problem != nil {
			return nil, problem
		}
		if ctx.Err() != nil && context.Cause(ctx) == context.Canceled {
			return nil, ctx.Err()
		}
		return nil, w.presence.Failed(host, err)
	}
	w.presence.Reached()
	return connection, nil
}

// RoundTrip sends a request under the policy, once more where that may help, and bounds the answer.
func (w *Web) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := w.check(request); err != nil {
		return nil, err
	}
	if _, err := w.presence.Check(request.URL.Hostname()); err != nil {
		return nil, err
	}
	pause := firstPause
	for attempt := 1; ; attempt++ {
		response, err := w.inner.RoundTrip(request)
		if attempt == attempts || !again(request, response, err) {
			return bounded(request, response), err
		}
		if response != nil {
			_ = response.Body.Close()
		}
		select {
		case <-request.Context().Done():
			return nil, request.Context().Err()
		case <-time.After(pause):
			pause *= 2
		}
	}
}

// check refuses what a redirect may not lead to; where it begins is checked by who begins.
func (w *Web) check(request *http.Request) error {
	if scheme := request.URL.Scheme; scheme != "https" && scheme != "http" {
		return refusal("the scheme %s is not allowed", scheme)
	}
	if request.Response != nil && request.Response.Request != nil &&
		request.Response.Request.URL.Scheme == "https" && request.URL.Scheme == "http" {
		return refusal("the server redirects from https to http")
	}
	return w.policy.checkName(request.URL.Hostname())
}

// again tells whether to try once more: only what has no effect, and only what may be better next time.
func again(request *http.Request, response *http.Response, err error) bool {
	if request.Context().Err() != nil || request.Method != http.MethodGet && request.Method != http.MethodHead {
		return false
	}
	if err != nil {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

type budgetKey struct{}

// WithBudget bounds what is received within a context.
func WithBudget(ctx context.Context, budget *Budget) context.Context {
	return context.WithValue(ctx, budgetKey{}, budget)
}

// BudgetOf returns the budget of a context, nil where it has none.
func BudgetOf(ctx context.Context) *Budget {
	budget, _ := ctx.Value(budgetKey{}).(*Budget)
	return budget
}

func bounded(request *http.Request, response *http.Response) *http.Response {
	if budget := BudgetOf(request.Context()); response != nil && budget != nil {
		response.Body = &boundedBody{ReadCloser: response.Body, budget: budget}
	}
	return response
}

type boundedBody struct {
	io.ReadCloser
	budget *Budget
}

func (b *boundedBody) Read(data []byte) (int, error) {
	read, err := b.ReadCloser.Read(data)
	if short := b.budget.Spend(int64(read)); short != nil {
		return read, short
	}
	return read, err
}

// Get returns the answer to a GET; the caller closes it. Anything but 200 and, where a header asks for it, 304 is an error.
func (w *Web) Get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fault.New(fault.Refused, "the URL can't be read")
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", "pytest-gitops")
	response, err := w.Client().Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNotModified {
		return response, nil
	}
	_ = response.Body.Close()
	return nil, Status(response.StatusCode)
}

// Status returns the error for an HTTP status.
func Status(status int) error {
	said := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fault.New(fault.Unauthorized, "%s", said)
	case http.StatusNotFound, http.StatusGone:
		return fault.New(fault.NotFound, "%s", said)
	}
	return fault.New(fault.Unreachable, "%s", said)
}
