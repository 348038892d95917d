package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// directory loads charts of a tree.
type directory struct{ fs *tree.FileSystem }

// load loads the chart in a directory or an archive; at is relative to the tree's root.
func (d directory) load(at string) (*Loaded, error) {
	if !d.fs.Exists(tree.Absolute(at)) {
		problem := fault.New(Bad, "there is no chart at %s", orRoot(at))
		problem.File = at
		return nil, problem
	}
	if !d.fs.IsDir(tree.Absolute(at)) {
		return d.archive(at)
	}
	if !d.fs.Exists(tree.Absolute(at) + "/Chart.yaml") {
		problem := fault.New(Bad, "the directory %s is no chart: it has no Chart.yaml", orRoot(at))
		problem.File = at
		return nil, problem
	}
	files, err := d.files(at)
	if err != nil {
		return nil, fmt.Errorf("failed to load files from %s: %w", orRoot(at), err)
	}
	kept, err := charts.get(key{name: digestOfFiles(files)}, func() (*pristine, error) { return parse(files) })
	if err != nil {
		return nil, within(at, fmt.Errorf("failed to load chart from %s: %w", orRoot(at), err))
	}
	of := kept.chart()
	return &Loaded{Chart: of, place: placed(of, at, kept.entries)}, nil
}

// digestOfFiles tells charts in directories apart by what they hold.
func digestOfFiles(files []*archive.BufferedFile) string {
	hash := sha256.New()
	for _, file := range files {
		_, _ = fmt.Fprintf(hash, "%q %d ", file.Name, len(file.Data))
		_, _ = hash.Write(file.Data)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func (d directory) archive(at string) (*Loaded, error) {
	data, err := d.fs.ReadFile(tree.Absolute(at))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxArchive {
		return nil, tooLarge("the archive is larger than %d MiB", MaxArchive>>20)
	}
	unpacked, err := unpack(data)
	if err != nil {
		return nil, within(at, err)
	}
	return &Loaded{Chart: unpacked.loaded, place: &place{archive: at, inTree: true}}, nil
}

// within names the file or directory that an error is about.
func within(at string, err error) error {
	problem := *bad(err)
	if problem.File == "" {
		problem.File = at
		for name, said := range namedBy {
			if said.MatchString(problem.Message) {
				problem.File = path.Join(at, name)
				if line := yamlLine.FindStringSubmatch(problem.Message); line != nil {
					problem.Line, _ = strconv.Atoi(line[1])
				}
			}
		}
	}
	return &problem
}

// namedBy tells by what Helm says which of a chart's files it can't read.
var namedBy = map[string]*regexp.Regexp{
	"Chart.yaml":  regexp.MustCompile(`Chart\.yaml|chart\.metadata`),
	"Chart.lock":  regexp.MustCompile(`Chart\.lock`),
	"values.yaml": regexp.MustCompile(`values\.yaml`),
}

var yamlLine = regexp.MustCompile(`yaml: line (\d+)`)

// files reads a chart's files less those that its .helmignore matches, as source-controller's secureloader does.
func (d directory) files(at string) ([]*archive.BufferedFile, error) {
	rules, err := d.rules(at)
	if err != nil {
		return nil, fmt.Errorf("cannot load ignore rules for chart: %w", err)
	}
	var files []*archive.BufferedFile
	root := tree.Absolute(at)
	err = d.fs.Walk(root, func(name string, info fs.FileInfo, err error) error {
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, root+"/")
		switch {
		case name == root:
			return nil
		case info.IsDir() && rules.Ignore(short, info):
			return filepath.SkipDir
		case info.IsDir() || rules.Ignore(short, info):
			return nil
		case len(files) == MaxFiles:
			return tooLarge("the chart has more than %d files", MaxFiles)
		}
		data, err := d.fs.ReadFile(name)
		if err != nil {
			return fmt.Errorf("error reading %s: %w", short, errors.Join(err))
		}
		if len(data) > MaxFile {
			return tooLarge("cannot load file %s as file size (%d) exceeds limit (%d)", short, len(data), MaxFile)
		}
		files = append(files, &archive.BufferedFile{Name: short, Data: bytes.TrimPrefix(data, byteOrderMark)})
		return nil
	})
	return files, err
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func (d directory) rules(at string) (*ignore.Rules, error) {
	rules := ignore.Empty()
	if name := tree.Absolute(at) + "/" + ignore.HelmIgnore; d.fs.Exists(name) {
		data, err := d.fs.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, err
		}
	}
	rules.AddDefaults()
	return rules, nil
}

func orRoot(at string) string {
	if at == "" {
		return "the source's root"
	}
	return "'" + at + "'"
}
