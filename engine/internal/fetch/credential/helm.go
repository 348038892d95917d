package credential

import (
	"net/http"
	"net/url"
	"os"
	"strings"

	"helm.sh/helm/v4/pkg/helmpath"
	repo "helm.sh/helm/v4/pkg/repo/v1"
)

// Basic is a user's name and password.
type Basic struct{ Username, Password string }

// Header returns the request header that holds the credentials, nil without any.
func (b *Basic) Header() http.Header {
	if b == nil {
		return nil
	}
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth(b.Username, b.Password)
	return request.Header
}

// HelmRepository returns what `helm repo add` keeps for a repository's URL, nil where that is nothing.
func HelmRepository(address string) *Basic {
	if parsed, err := url.Parse(address); err == nil && parsed.User != nil {
		password, _ := parsed.User.Password()
		return &Basic{parsed.User.Username(), password}
	}
	path := os.Getenv("HELM_REPOSITORY_CONFIG")
	if path == "" {
		path = helmpath.ConfigPath("repositories.yaml")
	}
	file, err := repo.LoadFile(path)
	if err != nil {
		return nil
	}
	for _, entry := range file.Repositories {
		if entry.Username != "" && strings.TrimRight(entry.URL, "/") == strings.TrimRight(address, "/") {
			return &Basic{entry.Username, entry.Password}
		}
	}
	return nil
}
