package render

import (
	"crypto/sha256"
	"fmt"
)

const (
	maxName   = 53
	shortHash = 12
)

// shorten follows ShortenName of helm-controller: Helm takes 53 characters at most.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	return name[:maxName-(shortHash+1)] + "-" + sum[:shortHash]
}
