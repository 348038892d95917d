package tree

import (
	"io/fs"
	"path"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

// readIgnoreFile reads a directory's .sourceignore; a link is not followed.
func (l *lister) readIgnoreFile(name string, entries []fs.DirEntry) {
	at := path.Join(name, sourceignore.IgnoreFile)
	for _, entry := range entries {
		if entry.Name() != sourceignore.IgnoreFile || !entry.Type().IsRegular() || l.hidden[at] {
			continue
		}
		if data, err := readRegular(l.view.root, at); err == nil {
			patterns := sourceignore.ReadPatterns(strings.NewReader(string(data)), split(name))
			l.patterns = append(l.patterns, patterns...)
		}
	}
}

// matcherOf follows pkg/artifact's SourceIgnoreFilter: patterns of the user's replace the default ones.
func matcherOf(patterns []gitignore.Pattern, ignore *string) gitignore.Matcher {
	if ignore != nil {
		patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(*ignore), nil)...)
	}
	if len(patterns) == 0 {
		return &byName{sourceignore.NewDefaultMatcher(nil, nil), map[string]bool{}}
	}
	return sourceignore.NewMatcher(append(sourceignore.VCSPatterns(nil), patterns...))
}

// byName asks a matcher once for each name, where a path matches if one of its names does: true of the default
// patterns, and a fifth of the time that it takes to open a tree otherwise.
type byName struct {
	gitignore.Matcher
	known map[string]bool
}

func (b *byName) Match(path []string, isDir bool) bool {
	for index, name := range path {
		if b.name(name, isDir || index < len(path)-1) {
			return true
		}
	}
	return false
}

func (b *byName) name(name string, isDir bool) bool {
	key := name
	if isDir {
		key += "/"
	}
	matches, found := b.known[key]
	if !found {
		matches = b.Matcher.Match([]string{name}, isDir)
		b.known[key] = matches
	}
	return matches
}
