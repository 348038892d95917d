package custom

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/validate/finding"
)

const (
	maxFiles = 50_000
	maxBytes = 16 << 20
)

// Folder is a directory of CustomResourceDefinitions (YAML or JSON) and of JSON schemas, named
// <group>/<kind>_<version>.json or <kind>-<first part of group>-<version>.json.
type Folder struct {
	// Kinds are those that definitions declare, by group/kind.
	Kinds map[string]*Kind
	// Findings are about files that can't be used.
	Findings []finding.Finding
	// Key changes with the folder's content.
	Key string

	root    *os.Root
	name    string
	schemas map[string]string // path of each JSON schema by its lower-case form
	mutex   sync.Mutex
	ready   map[string]*document
}

// OpenFolder lists a directory and reads the definitions in it. Nothing outside of it is ever read.
func OpenFolder(directory string) (*Folder, error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, fmt.Errorf("schema folder %s can't be opened: %w", path.Base(directory), reason(err))
	}
	folder := &Folder{
		Kinds: map[string]*Kind{}, root: root, name: path.Base(directory), schemas: map[string]string{},
		ready: map[string]*document{},
	}
	hash := sha256.New()
	files := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if files++; files > maxFiles {
			return fmt.Errorf("it holds more than %d files", maxFiles)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(hash, name, info.Size(), info.ModTime().UnixNano())
		return folder.add(name)
	})
	if err != nil {
		return nil, fmt.Errorf("schema folder %s: %w", folder.name, reason(err))
	}
	folder.Key = hex.EncodeToString(hash.Sum(nil))
	return folder, nil
}

func reason(err error) error {
	var problem *fs.PathError
	if errors.As(err, &problem) {
		return problem.Err
	}
	return err
}

func (f *Folder) add(name string) error {
	lower := strings.ToLower(name)
	switch path.Ext(lower) {
	case ".json":
		f.schemas[lower] = name
		if strings.Contains(path.Base(lower), "_v") || strings.Contains(path.Base(lower), "-v") {
			return nil // A schema by its name: read when it is needed.
		}
	case ".yaml", ".yml":
	default:
		return nil
	}
	text, err := f.read(name)
	if err != nil {
		f.report(name, err)
		return nil
	}
	if bytes.Contains(text, []byte("CustomResourceDefinition")) {
		f.definitions(name, text)
	}
	return nil
}

func (f *Folder) read(name string) ([]byte, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if len(text) > maxBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxBytes)
	}
	return text, err
}

// definitions reads every CustomResourceDefinition of a file; the first of a kind counts.
func (f *Folder) definitions(name string, text []byte) {
	documents := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			f.report(name, err)
			return
		}
		if bytes.Contains(document, []byte("CustomResourceDefinition")) {
			f.definition(name, document)
		}
	}
}

func (f *Folder) definition(name string, document []byte) {
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		f.report(name, err)
		return
	}
	var head struct {
		Kind string `json:"kind"`
	}
	if yaml.Unmarshal(text, &head) != nil || head.Kind != "CustomResourceDefinition" {
		return
	}
	kind, err := Parse(text, f.name+"/"+name)
	if err != nil {
		f.report(name, err)
		return
	}
	if _, known := f.Kinds[kind.Group+"/"+kind.Name]; !known {
		f.Kinds[kind.Group+"/"+kind.Name] = kind
	}
}

func (f *Folder) report(name string, err error) {
	f.Findings = append(f.Findings, finding.Finding{
		Message: fmt.Sprintf("%s/%s can't be used: %s", f.name, name, err), Path: finding.Path{},
		Rule: finding.Definition, Severity: finding.Error,
	})
}

// Judge returns what the folder's JSON schema for a kind says of an object; false where the folder has none.
func (f *Folder) Judge(kind schema.GroupVersionKind, object map[string]any) ([]finding.Finding, bool) {
	for _, candidate := range layouts(kind) {
		if name, ok := f.schemas[candidate]; ok {
			return f.document(name).judge(object), true
		}
	}
	return nil, false
}

func layouts(kind schema.GroupVersionKind) []string {
	name, group := strings.ToLower(kind.Kind), strings.ToLower(kind.Group)
	prefix, _, _ := strings.Cut(group, ".")
	return []string{
		group + "/" + name + "_" + kind.Version + ".json",
		name + "-" + prefix + "-" + kind.Version + ".json",
		name + "_" + kind.Version + ".json",
	}
}
