package build

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/sops"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// maxSource is the size up to which kustomize-controller decrypts a file.
const maxSource = 5 << 20

// decryptSources follows DecryptSources of kustomize-controller's decryptor: before the build, it decrypts the files of
// secretGenerators and of patches, in every directory that the kustomization files lead to. Here they are laid over the
// tree.
func (j *job) decryptSources() error {
	visited := map[string]bool{}
	todo := []string{j.dir}
	for len(todo) > 0 {
		dir := todo[0]
		todo = todo[1:]
		if visited[dir] || !j.fs.IsDir(dir) {
			continue
		}
		visited[dir] = true
		file := j.kustomizationIn(dir)
		if file == nil {
			continue // the build says it better
		}
		if err := j.decryptReferences(dir, file); err != nil {
			return err
		}
		for _, reference := range slices.Concat(file.Resources, file.Components) {
			todo = append(todo, within(dir, reference))
		}
	}
	return nil
}

// within resolves a path as securejoin does: what leads out of the tree stays at its root.
func within(dir, name string) string {
	if path.IsAbs(name) {
		if rest, below := tree.Relative(path.Clean(name)); below {
			return tree.Absolute(rest)
		}
		return tree.Absolute(path.Clean(name))
	}
	at, _ := tree.Relative(dir)
	return tree.Absolute(path.Clean("/" + at + "/" + name))
}

// kustomizationIn reads the kustomization file of a directory, nil where there isn't just one.
func (j *job) kustomizationIn(dir string) *types.Kustomization {
	var found []string
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if name := path.Join(dir, base); j.fs.Exists(name) && !j.fs.IsDir(name) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return nil
	}
	data, err := j.fs.ReadFile(found[0])
	if err != nil {
		return nil
	}
	var file types.Kustomization
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil
	}
	return &file
}

func (j *job) decryptReferences(dir string, file *types.Kustomization) error {
	for _, generator := range file.SecretGenerator {
		for _, source := range generator.FileSources {
			key, name, named := strings.Cut(source, "=")
			if !named {
				name = key
			}
			if err := j.decryptSource(within(dir, name), sops.FormatOf(key)); err != nil {
				return err
			}
		}
		for _, name := range generator.EnvSources {
			format := sops.FormatOf(name)
			if format == sops.Binary {
				format = sops.Dotenv
			}
			if err := j.decryptSource(within(dir, name), format); err != nil {
				return err
			}
		}
	}
	for _, patch := range file.Patches {
		if patch.Path == "" || isURL(patch.Path) {
			continue
		}
		if err := j.decryptSource(within(dir, patch.Path), sops.FormatOf(patch.Path)); err != nil {
			return err
		}
	}
	return nil
}

func isURL(name string) bool {
	parsed, err := url.Parse(name)
	return err == nil && parsed.Scheme != "" && parsed.Host != ""
}

// decryptSource lays the decrypted file over an encrypted one. What isn't there is left to the build.
func (j *job) decryptSource(name string, format sops.Format) error {
	if j.fs.IsLaid(name) || !j.fs.Exists(name) || j.fs.IsDir(name) {
		return nil
	}
	data, err := j.fs.ReadFile(name)
	if err != nil {
		return nil
	}
	file, _ := tree.Relative(name)
	if len(data) > maxSource {
		problem := fault.New(fault.Decryption, "%s has %d bytes; kustomize-controller decrypts files up to %d bytes", file, len(data), maxSource)
		problem.File, problem.Remedy = file, "make it smaller, or keep it out of secretGenerators and patches"
		return problem
	}
	note := Encrypted{File: file, Wanted: []string{}}
	if !sops.IsEncrypted(data, format) {
		// A whole file that is encrypted in another format may be decrypted as a Secret's value yet.
		if _, encrypted := sops.Detect(data); !encrypted && sops.HoldsValues(data) {
			note.Problem, note.Line = noMetadata, lineOf(data, "ENC[AES256_GCM,")
			j.note(note)
		}
		return nil
	}
	opened, err := j.decryptBytes(data, format, format, file, note)
	if err != nil {
		return err
	}
	j.fs.Lay(name, opened)
	if notes := j.decryption.notes; len(notes) > 0 && notes[len(notes)-1].File == file && notes[len(notes)-1].Problem == noKey {
		j.decryption.concealed = &notes[len(notes)-1]
	}
	return nil
}
