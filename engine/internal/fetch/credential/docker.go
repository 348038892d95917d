// Package credential takes credentials from the user's own environment: Docker's and Helm's configuration, Git's
// credential helpers, the SSH agent and keys. Nothing of a cluster is asked, and nothing is kept or shown.
package credential

import (
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"helm.sh/helm/v4/pkg/helmpath"
)

// Registries answers for OCI registries: with what `helm registry login` keeps, else with Docker's or Podman's
// configuration and the helpers that it names.
func Registries() authn.Keychain {
	return authn.NewMultiKeychain(helmRegistries{}, authn.DefaultKeychain)
}

// helmRegistries is Helm's own registry configuration, which has the form of Docker's.
type helmRegistries struct{}

// Resolve implements authn.Keychain.
func (helmRegistries) Resolve(target authn.Resource) (authn.Authenticator, error) {
	path := os.Getenv("HELM_REGISTRY_CONFIG")
	if path == "" {
		path = helmpath.ConfigPath("registry", "config.json")
	}
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return authn.Anonymous, nil
	}
	defer file.Close()
	config := configfile.New(path)
	if err := config.LoadFromReader(file); err != nil {
		return authn.Anonymous, nil
	}
	found, err := config.GetAuthConfig(target.RegistryStr())
	if err != nil || (found == types.AuthConfig{ServerAddress: found.ServerAddress}) {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: found.Username, Password: found.Password, Auth: found.Auth,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
	}), nil
}
