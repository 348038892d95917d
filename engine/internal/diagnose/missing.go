package diagnose

import (
	"path"
	"regexp"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

var (
	missingKustomization = regexp.MustCompile(`^unable to find one of 'kustomization\.yaml'`)
	missingFile          = regexp.MustCompile(`(?:open|lstat|stat|read) (\S.*?): no such file or directory`)
	outsidePath          = regexp.MustCompile(`(?:open|lstat|stat|read) (\S*): the path is not in or below the source's root`)
	sourceFile           = regexp.MustCompile(`^(?:[-._a-zA-Z0-9]+=)?(.+)$`)
)

// missing explains a file or directory that a kustomization names and that isn't there.
func (s *scene) missing(target string) *fault.Error {
	entry := s.entry
	if entry == "" || s.resolve(entry) != target {
		entry = s.naming(target)
	}
	problem := s.atEntry(entry, fault.Build, target+": no such file or directory", s.build.whyMissing(target))
	problem.Fleeting = true
	return problem
}

// naming returns the value of this scene's kustomization that resolves to a path.
func (s *scene) naming(target string) string {
	fields := append(append([]field(nil), s.source.fields...), flatten(s.spec())...)
	for _, f := range fields {
		if !f.scalar || f.value == "" || strings.Contains(f.value, "\n") {
			continue
		}
		if s.resolve(f.value) == target {
			return f.value
		}
		if match := sourceFile.FindStringSubmatch(f.value); match != nil && s.resolve(match[1]) == target {
			return f.value
		}
	}
	return target
}

// atEntry returns a fault where this scene's kustomization holds a value: in its file, or in the Flux object.
func (s *scene) atEntry(entry string, code fault.Code, message, remedy string) *fault.Error {
	if f, found := s.source.find(nil, is(entry)); found {
		return s.at(f.line, code, message, remedy)
	}
	if f, found := findIn(flatten(s.spec()), nil, is(entry)); found {
		return atField("spec."+f.path, code, message, remedy)
	}
	return s.at(s.source.lineOf(nil, is(entry)), code, message, remedy)
}

// whyMissing says why a path isn't in the view although it may be on disk, else which name may have been meant.
func (b Build) whyMissing(target string) string {
	target = strings.TrimPrefix(path.Clean("/"+target), "/")
	if where, why, found := b.View.LeftOut(target); found {
		return leftOut(where, why)
	}
	wanted, dir := target, target
	for dir != "" && !b.isDir(dir) {
		target, dir = dir, strings.TrimPrefix(path.Dir("/"+dir), "/")
	}
	entry := b.View.Lookup(dir)
	if entry == nil {
		return ""
	}
	name := path.Base(target)
	if near := nearest(name, entry.Names); near != "" {
		if strings.EqualFold(near, name) {
			return "the name differs in case only from " + path.Join(dir, near) + ", and the cluster's file system tells them apart"
		}
		return "did you mean " + b.onwards(path.Join(dir, near), strings.TrimPrefix(wanted, target)) + "?"
	}
	return "create it, or correct the path"
}

// onwards goes on from a directory by the rest of a path, as far as that is there or something is called much like it.
func (b Build) onwards(dir, rest string) string {
	for _, name := range strings.Split(strings.Trim(rest, "/"), "/") {
		entry := b.View.Lookup(dir)
		if name == "" || entry == nil || !entry.IsDir() {
			return dir
		}
		if b.View.Lookup(path.Join(dir, name)) == nil {
			if name = nearest(name, entry.Names); name == "" {
				return dir
			}
		}
		dir = path.Join(dir, name)
	}
	return dir
}

func leftOut(where string, why tree.Reason) string {
	switch why {
	case tree.Symlink:
		return where + " is a symbolic link; Flux leaves symbolic links out of its artifacts: use a file or a kustomize base"
	case tree.Ignored:
		return where + " is there, but the source's ignore rules (.sourceignore, spec.ignore or Flux's default list) " +
			"leave it out of the artifact"
	case tree.Hidden:
		return where + " is there, but Git doesn't hold it: commit it, or take it out of .gitignore"
	default:
		return where + " is not a regular file; Flux leaves it out of its artifacts"
	}
}

// outside explains a path that leaves the source.
func (s *scene) outside(target string) *fault.Error {
	entry := s.entry
	for _, f := range append(append([]field(nil), s.source.fields...), flatten(s.spec())...) {
		if entry == "" && f.scalar && path.Join(tree.Root, s.dir, strings.TrimSpace(f.value)) == path.Clean(target) {
			entry = f.value
		}
	}
	if entry == "" {
		entry = target
	}
	shown := entry
	if _, file, keyed := strings.Cut(entry, "="); keyed && s.source.lineOf(generators, is(entry)) > 0 {
		shown = file
	}
	return s.atEntry(entry, fault.Path, "the path "+shown+" leads out of the source's root",
		"Flux builds from the source's artifact alone: move the files into the source")
}

// nearest returns the name that is most like the given one, "" where none is much like it.
func nearest(name string, names []string) string {
	stem := strings.TrimSuffix(name, path.Ext(name))
	best, least := "", 1+max(1, len(stem)/3)
	for _, other := range names {
		if other == name {
			continue
		}
		if strings.EqualFold(other, name) {
			return other
		}
		if distance := editDistance(strings.ToLower(name), strings.ToLower(other)); distance < least {
			best, least = other, distance
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours between two short texts.
func editDistance(a, b string) int {
	const longest = 100
	if len(a) > longest || len(b) > longest {
		return longest
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
