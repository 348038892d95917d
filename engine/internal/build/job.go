package build

import (
	"bytes"
	"errors"
	"os"
	"regexp"

	securefs "github.com/fluxcd/pkg/kustomize/filesys"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/reference"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// sighting is what the files of a build were seen to hold while they were read.
type sighting struct {
	openAPI     bool
	annotations bool
	remote      *fault.Error
}

var errNotShared = errors.New("the file brings an OpenAPI schema of its own")

func (j *job) fileSystem() *tree.FileSystem {
	fs := tree.NewFileSystem(j.ctx, j.view, j.outside())
	fs.OnRead = j.look
	return fs
}

// outside is where kustomize clones remote bases to, as kustomize-controller allows it.
func (j *job) outside() filesys.FileSystem {
	if !j.request.Remote {
		return nil
	}
	prefix, err := securefs.TmpConfirmedDirPrefix()
	if err != nil {
		return nil
	}
	fs, err := securefs.MakeFsOnDiskSecure(tree.Root, prefix)
	if err != nil {
		return nil
	}
	return fs
}

// look is told of each file that is read. kustomize takes a kustomization file that can't be read for one that is
// not there; what was seen is therefore kept.
func (j *job) look(name string, data []byte) error {
	if !j.seen.annotations && touchesAnnotations(data) {
		j.seen.annotations = true
	}
	if !reference.IsKustomization(name) {
		return nil
	}
	file, err := j.kustomizationFile(name, data)
	if err != nil {
		return nil // kustomize says it better
	}
	if len(file.Remote) > 0 && !j.request.Remote {
		if j.seen.remote == nil {
			j.seen.remote = fault.New(fault.Remote, "remote bases are not allowed: %s", file.Remote[0])
			j.seen.remote.File, j.seen.remote.URL = name, file.Remote[0]
			j.seen.remote.Line = lineOf(data, file.Remote[0])
		}
		return j.seen.remote
	}
	if file.OpenAPI && !j.seen.openAPI && !j.exclusive {
		j.seen.openAPI = true
	}
	if file.OpenAPI && !j.exclusive {
		return errNotShared
	}
	return nil
}

type memoKey struct{ name string }

// kustomizationFile parses a kustomization file once a view; a generated one is parsed each time.
func (j *job) kustomizationFile(name string, data []byte) (*reference.File, error) {
	entry := j.view.Lookup(name)
	if entry == nil || tree.Absolute(name) == j.manifest {
		return reference.Parse(data)
	}
	if known, found := j.view.Memo.Load(memoKey{name}); found {
		file, _ := known.(*reference.File)
		return file, orUnparsed(file)
	}
	file, err := reference.Parse(data)
	j.view.Memo.Store(memoKey{name}, file)
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
	if !j.seen.openAPI {
		resources, err := shared(j.fs, j.dir)
		if !j.seen.openAPI {
			return resources, err
		}
	}
	j.exclusive = true
	defer func() { j.exclusive = false }()
	return alone(j.fs, j.dir)
}

func (j *job) explain(err error) error {
	if j.seen.remote != nil {
		return j.seen.remote
	}
	problem := *fault.Of(err, fault.Build)
	problem.Message = string(bytes.ReplaceAll(bytes.ReplaceAll([]byte(problem.Message), []byte(tree.Root+"/"), nil), []byte(tree.Root), []byte(".")))
	return &problem
}

var annotationTexts = [][]byte{
	[]byte("/metadata/annotations"), []byte("metadata.annotations"), []byte("annotationSelector"), []byte("needs-hash"),
}

// wholeMetadata finds a JSON pointer or a field path that names all of an object's metadata, or the object itself.
var wholeMetadata = regexp.MustCompile(`(?:/metadata|(?:path|from|fieldPath)"?:\s*["']?(?:metadata)?)["']?\s*[,}\n]|-\s+["']?metadata["']?\s*\n`)

// touchesAnnotations tells whether a file may make kustomize look at an object's annotations as a whole, so that
// annotations added by us could change what it does. It errs on the side of yes.
func touchesAnnotations(data []byte) bool {
	for _, text := range annotationTexts {
		if bytes.Contains(data, text) {
			return true
		}
	}
	return bytes.Contains(data, []byte("metadata")) && wholeMetadata.Match(data)
}

func lineOf(data []byte, text string) int {
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		return 0
	}
	return bytes.Count(data[:at], []byte("\n")) + 1
}
