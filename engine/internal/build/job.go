package build

import (
	"bytes"
	"errors"
	"os"

	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// sighting is what the files of a build were seen to hold while they were read.
type sighting struct {
	openAPI     bool
	annotations bool
	remote      *fault.Error
	budget      guard.Budget
}

var errNotShared = errors.New("the file brings an OpenAPI schema of its own")

func (j *job) fileSystem() *tree.FileSystem {
	fs := tree.NewFileSystem(j.ctx, j.view)
	fs.OnRead = j.look
	return fs
}

// look is told of each file that is read, and has remote bases be where they were fetched to. kustomize takes a
// kustomization file that can't be read for one that is not there; what was seen is therefore kept.
func (j *job) look(name string, data []byte) ([]byte, error) {
	if err := j.seen.budget.Spend(name, data); err != nil {
		if j.building {
			// kustomize would pack the error of each base into that of the next, and quote it: twice as long each time.
			panic(err)
		}
		return nil, err
	}
	if !j.seen.annotations {
		j.seen.annotations = j.touches(name, data)
	}
	if !reference.IsKustomization(name) {
		return data, nil
	}
	file, err := j.kustomizationFile(name, data)
	if err != nil {
		return data, nil // kustomize says it better
	}
	for _, remote := range file.Remote {
		if _, fetched := j.bases[remote]; !fetched {
			return nil, j.missingBase(name, data, remote)
		}
	}
	if file.OpenAPI && j.weight != everyone {
		j.seen.openAPI = true
		return nil, errNotShared
	}
	return j.localized(name, data, file.Remote), nil
}

// touches is touchesAnnotations, once a view for each file.
func (j *job) touches(name string, data []byte) bool {
	if j.fs.IsLaid(tree.Absolute(name)) {
		return touchesAnnotations(data)
	}
	key := memoKey{"touches annotations", name}
	if known, found := j.view.Memo.Load(key); found {
		return known.(bool)
	}
	touches := touchesAnnotations(data)
	j.view.Memo.Store(key, touches)
	return touches
}

// memoKey names a fact about a file of a view.
type memoKey struct{ fact, file string }

// kustomizationFile parses a kustomization file that is read; one that is laid over the tree differs from its own.
func (j *job) kustomizationFile(name string, data []byte) (*reference.File, error) {
	if j.view.Lookup(name) == nil || j.fs.IsLaid(tree.Absolute(name)) {
		return reference.Parse(data)
	}
	return j.parsed(name, data)
}

// parsed parses a kustomization file of the tree, once a view.
func (j *job) parsed(name string, data []byte) (*reference.File, error) {
	if known, found := j.view.Memo.Load(memoKey{"kustomization", name}); found {
		file, _ := known.(*reference.File)
		return file, orUnparsed(file)
	}
	file, err := reference.Parse(data)
	j.view.Memo.Store(memoKey{"kustomization", name}, file)
	return file, err
}

func orUnparsed(file *reference.File) error {
	if file == nil {
		return os.ErrInvalid
	}
	return nil
}

// build runs kustomize once, alone where it has to.
func (j *job) build() (resmap.ResMap, error) {
	j.seen.budget.Renew()
	j.building = true
	defer func() { j.building = false }()
	if !j.seen.openAPI {
		resources, err := shared(j.fs, j.dir)
		if !j.seen.openAPI {
			return resources, err
		}
	}
	return j.alone()
}

var (
	metadataText    = []byte("metadata")
	annotationTexts = [][]byte{[]byte("annotationSelector"), []byte("needs-hash"), []byte(`path: ""`), []byte("path: ''")}
)

// touchesAnnotations tells whether a file may make kustomize look at an object's annotations as a whole, so that
// annotations added by us could change what it does: by a JSON pointer or a field path to them or to what holds them,
// by a selector, or by a hash of the object. It errs on the side of yes.
func touchesAnnotations(data []byte) bool {
	for _, text := range annotationTexts {
		if bytes.Contains(data, text) {
			return true
		}
	}
	for at := bytes.Index(data, metadataText); at >= 0; {
		rest := data[at+len(metadataText):]
		if endsPath(rest) || bytes.HasPrefix(rest, []byte("/annotations")) || bytes.HasPrefix(rest, []byte(".annotations")) {
			return true
		}
		next := bytes.Index(rest, metadataText)
		if next < 0 {
			break
		}
		at += len(metadataText) + next
	}
	return false
}

// endsPath tells whether the word before rest ends there, and is not a key.
func endsPath(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	switch rest[0] {
	case '\n', '\r', ' ', '\t', ',', '}', ']':
		return true
	case '"', '\'':
		return len(rest) == 1 || rest[1] != ':'
	default:
		return false
	}
}

func lineOf(data []byte, text string) int {
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		return 0
	}
	return bytes.Count(data[:at], []byte("\n")) + 1
}
