package tree

import (
	"crypto/sha256"
	"errors"
	"sort"
	"strings"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// Trace is what a build asked of a view: enough to tell whether another view would have answered the same.
type Trace struct {
	// Files are the hashes of the files read, "" where reading failed.
	Files map[string]string `json:"files"`
	// Kinds are what the paths that were looked for turned out to be.
	Kinds map[string]string `json:"kinds"`
	// Lists are the hashes of the names in the directories that were listed.
	Lists map[string]string `json:"lists"`
	// Paths is the hash of the paths of all files, "" where nobody asked for them.
	Paths string `json:"paths,omitempty"`
	// Fault is the first that a file's contents gave: kustomize takes such a file for one that isn't there.
	Fault *fault.Error `json:"-"`
	// Secret is set once something was decrypted: nothing that was made of it may be kept.
	Secret bool `json:"-"`
}

// TraceOf returns what a reading of the given files, and of the list of all files, would have been traced as.
func TraceOf(view *View, files []string) *Trace {
	trace := newTrace()
	trace.Paths = pathsOf(view)
	for _, name := range files {
		trace.read(view, view.Lookup(name))
	}
	return trace
}

func newTrace() *Trace {
	return &Trace{Files: map[string]string{}, Kinds: map[string]string{}, Lists: map[string]string{}}
}

// Reads returns the files read, sorted.
func (t *Trace) Reads() []string {
	names := make([]string, 0, len(t.Files))
	for name := range t.Files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Complete tells whether the trace accounts for all that was read: not where a file couldn't be read, nor where
// something was decrypted.
func (t *Trace) Complete() bool {
	for _, hash := range t.Files {
		if hash == "" {
			return false
		}
	}
	return !t.Secret
}

// Holds tells whether the view would answer as it did when the trace was taken.
func (t *Trace) Holds(view *View) bool {
	if t.Paths != "" && t.Paths != pathsOf(view) {
		return false
	}
	for name, kind := range t.Kinds {
		if kindOf(view, name, view.Lookup(name)) != kind {
			return false
		}
	}
	for name, list := range t.Lists {
		entry := view.Lookup(name)
		if entry == nil || !entry.IsDir() || listOf(view, entry) != list {
			return false
		}
	}
	for name, hash := range t.Files {
		entry := view.Lookup(name)
		if entry == nil || entry.IsDir() || hash == "" || hashOf(view, entry) != hash {
			return false
		}
	}
	return true
}

func (t *Trace) probe(view *View, name string, entry *Entry) {
	if _, known := t.Kinds[name]; !known {
		t.Kinds[name] = kindOf(view, name, entry)
	}
}

func (t *Trace) read(view *View, entry *Entry) {
	if _, known := t.Files[entry.Path]; !known {
		t.Files[entry.Path] = hashOf(view, entry)
	}
}

func (t *Trace) failed(err error) {
	if t.Fault == nil {
		errors.As(err, &t.Fault)
	}
}

func (t *Trace) list(view *View, entry *Entry) {
	if _, known := t.Lists[entry.Path]; !known {
		t.Lists[entry.Path] = listOf(view, entry)
	}
}

// kindOf tells why a path is absent as well: error messages do.
func kindOf(view *View, name string, entry *Entry) string {
	switch {
	case entry == nil:
		_, why, _ := view.LeftOut(name)
		return "absent " + string(why)
	case entry.IsDir():
		return "directory"
	default:
		return "file"
	}
}

func hashOf(view *View, entry *Entry) string {
	hash, err := view.HashOf(entry)
	if err != nil {
		return ""
	}
	return hash.String()
}

func pathsOf(view *View) string {
	sum := sha256.New()
	for _, name := range view.Files() {
		_, _ = sum.Write([]byte(name + "\x00"))
	}
	var hash Hash
	sum.Sum(hash[:0])
	return hash.String()
}

func listOf(view *View, entry *Entry) string {
	sum := sha256.New()
	for _, name := range entry.Names {
		kind := "f"
		if view.Lookup(strings.TrimPrefix(entry.Path+"/"+name, "/")).IsDir() {
			kind = "d"
		}
		_, _ = sum.Write([]byte(kind + name + "\x00"))
	}
	var hash Hash
	sum.Sum(hash[:0])
	return hash.String()
}
