package diagnose

import (
	"regexp"
	"strconv"
	"strings"
)

// kustomize nests the error of a base in those of all that lead to it, the text of a failed attempt to read it as a
// file included. peel follows that nesting down, entry by entry, to the scene where the error arose.
func (b Build) peel(text string) *scene {
	s := b.scene(b.Dir)
	s.text = text
	for range maxDepth {
		next := s.descend()
		if next == nil {
			break
		}
		s = next
	}
	return s
}

// maxDepth ends the descent in case the texts lead in a circle.
const maxDepth = 100

var (
	prefixes = []string{
		"accumulating resources: ", "accumulating components: ", "loading generator plugins: ", "failed to load generator: ",
	}
	attempt    = regexp.MustCompile(`^(?s)accumulation err='(?:accumulating|merging) resources from '(.*)$`)
	asFile     = regexp.MustCompile(`^(?s)(accumulating|merging) resources from '(.*?)': (.*)$`)
	asBase     = regexp.MustCompile(`^(?s)(recursed accumulation of|couldn't make target for|recursed merging from) path '(.*?)': (.*)$`)
	quoted     = regexp.MustCompile(`^(?s)(?:accumulateDirectory: |loader\.New )(".*")$`)
	afterEntry = regexp.MustCompile(`': (?:recursed |couldn't make target|expected kind |must build at directory|new root |cycle detected|security; |URL is |trouble |exec: |failed to run|open |git |'.*' refers|".*" refers)`)
)

// descend takes one layer off; nil where there is none.
func (s *scene) descend() *scene {
	for _, prefix := range prefixes {
		if rest, found := strings.CutPrefix(s.text, prefix); found {
			return s.with(rest)
		}
	}
	if match := quoted.FindStringSubmatch(s.text); match != nil {
		if inner, err := strconv.Unquote(match[1]); err == nil {
			return s.with(inner)
		}
	}
	if attempt.MatchString(s.text) {
		return s.splitAttempt(strings.TrimPrefix(s.text, "accumulation err='"))
	}
	if match := asFile.FindStringSubmatch(s.text); match != nil && s.entry == "" {
		next := s.with(match[3])
		next.entry, next.inFile = match[2], match[1] == "accumulating"
		return next
	}
	if match := asBase.FindStringSubmatch(s.text); match != nil {
		return s.descendBase(match[1], match[2], match[3])
	}
	return nil
}

func (s *scene) with(text string) *scene {
	next := *s
	next.text = text
	return &next
}

// separator ends a path that kustomize quotes.
const separator = "': "

// splitAttempt parts what reading the entry as a file gave from what taking it for a base gave.
func (s *scene) splitAttempt(text string) *scene {
	start := strings.Index(text, separator) + len(separator)
	at := afterEntry.FindStringIndex(text[start:])
	if at == nil {
		return nil
	}
	first := asFile.FindStringSubmatch(text[:start+at[0]])
	if first == nil {
		return nil
	}
	next := s.with(text[start+at[0]+len(separator):])
	next.entry = first[2]
	if entry := s.resolve(next.entry); s.build.isFile(entry) {
		// It is a file: what it isn't as a directory is of no interest.
		next.text, next.inFile = first[3], first[1] == "accumulating"
	}
	return next
}

func (s *scene) descendBase(how, dir, text string) *scene {
	entry := s.entry
	if entry == "" || s.resolve(entry) != strings.TrimPrefix(dir, "./") {
		entry = s.entryFor(dir)
	}
	if how == "recursed merging from" {
		next := s.with(text)
		next.entry = entry
		return next
	}
	next := s.enter(entry, text)
	if missingKustomization.MatchString(text) {
		next = s.with(text)
		next.entry = entry
	}
	return next
}

// entryFor returns the component or resource by which this scene's kustomization names a directory.
func (s *scene) entryFor(dir string) string {
	for _, value := range s.source.values(bases) {
		if s.resolve(value) == strings.TrimSuffix(dir, "/") || dir == "." && s.resolve(value) == "" {
			return value
		}
	}
	for _, field := range flatten(s.spec()) {
		if bases.MatchString(field.path) && s.resolve(field.value) == dir {
			return field.value
		}
	}
	return dir
}

var bases = regexp.MustCompile(`^(?:resources|bases|components)\[`)
