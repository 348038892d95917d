// Package base reads the URLs that kustomization files name, as kustomize 5.8 (api v0.21) does.
package base

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Repository is a directory of a Git repository.
type Repository struct {
	// URL is what Git takes.
	URL string
	// Path is the directory within, "" for the root.
	Path string
	// Revision is a branch, tag or commit, "" for the default branch.
	Revision string
	// Submodules tells whether they are fetched too.
	Submodules bool
}

var (
	user   = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9-]*)@`)
	scheme = regexp.MustCompile(`(?i)^(ssh|https|http|file)://`)
)

// Parse reads a URL as that of a directory in a Git repository; the error says that it is none.
func Parse(text string) (Repository, error) {
	rest, query, _ := strings.Cut(text, "?")
	result := Repository{Submodules: true}
	result.query(query)
	if len(rest) >= 5 && strings.EqualFold(rest[:5], "git::") {
		rest = rest[5:]
	}
	host, rest, err := hostOf(rest)
	if err != nil {
		return Repository{}, err
	}
	repository, directory, found := split(rest)
	if !found || repository == "" {
		return Repository{}, fault.New(fault.Artifact, "the URL names no repository")
	}
	result.URL = host + repository
	result.Path = strings.TrimPrefix(path.Clean("/"+directory), "/")
	if first, _, _ := strings.Cut(path.Clean(strings.TrimPrefix(directory, "/")), "/"); first == ".." {
		return Repository{}, fault.New(fault.Artifact, "the URL leaves the repository")
	}
	return result, nil
}

// Explicit tells whether a URL can only mean a repository: it marks where the repository ends, or which revision is meant.
func Explicit(text string) bool {
	rest := scheme.ReplaceAllString(text, "")
	before, query, _ := strings.Cut(rest, "?")
	values, _ := url.ParseQuery(query)
	return !IsHTTP(text) || strings.Contains(before, "//") || strings.Contains(before, ".git") ||
		strings.Contains(before, "_git/") || values.Has("ref") || values.Has("version")
}

// IsHTTP tells whether kustomize would first ask for a URL as for a file.
func IsHTTP(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https")
}

func (r *Repository) query(text string) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return
	}
	r.Revision = values.Get("version")
	if ref := values.Get("ref"); ref != "" {
		r.Revision = ref
	}
	if wanted, err := strconv.ParseBool(values.Get("submodules")); err == nil {
		r.Submodules = wanted
	}
}

// hostOf splits a URL after its host; GitHub may be named without a scheme.
func hostOf(text string) (string, string, error) {
	prefix := strings.ToLower(scheme.FindString(text))
	rest := text[len(prefix):]
	name := user.FindString(rest)
	rest = rest[len(name):]
	github := strings.HasPrefix(strings.ToLower(rest), "github.com/") || strings.HasPrefix(strings.ToLower(rest), "github.com:")
	short := prefix == "" && (name != "" || github)
	if prefix == "file://" {
		return "", "", fault.New(fault.Refused, "fetching is refused: %s is a place on this machine", text)
	}
	if prefix == "" && !short {
		return "", "", fault.New(fault.Artifact, "the URL has no scheme")
	}
	end := strings.Index(rest, "/")
	if colon := strings.Index(rest, ":"); short && (end < 0 || colon > 0 && colon < end) {
		end = colon
	}
	if end < 0 {
		return "", "", fault.New(fault.Artifact, "the URL names no repository")
	}
	host, rest := rest[:end+1], rest[end+1:]
	switch {
	case github && (prefix == "ssh://" || name != ""):
		return name + "github.com:", rest, nil
	case github:
		return "https://github.com/", rest, nil
	}
	return prefix + name + host, rest, nil
}

// split tells the repository from the directory within: by a mark, else after two segments as GitHub has it.
func split(text string) (repository, directory string, found bool) {
	if index := strings.Index(text, "_git/"); index >= 0 {
		name, directory, _ := strings.Cut(text[index+5:], "/")
		return text[:index+5] + name, directory, true
	}
	if index := strings.Index(text, "//"); index >= 0 {
		return text[:index], text[index+2:], true
	}
	if index := strings.Index(text, ".git"); index >= 0 {
		return text[:index+4], text[index+4:], true
	}
	segments := strings.Split(text, "/")
	if len(segments) < 2 {
		return "", "", false
	}
	return strings.Join(segments[:2], "/"), strings.Join(segments[2:], "/"), true
}
