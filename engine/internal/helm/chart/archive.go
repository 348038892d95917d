package chart

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

const (
	// MaxArchive is the size in bytes of the largest archive: source-controller's limit.
	MaxArchive = 10 << 20
	// MaxFile is the size in bytes of the largest file in a chart: source-controller's and Helm's limit.
	MaxFile = 5 << 20
	// MaxFiles bounds the files of a chart with all charts that are in it.
	MaxFiles = 10_000
	// MaxContent bounds what a chart with all charts in it comes to when it is unpacked, in bytes.
	MaxContent = 100 << 20
	// maxNesting bounds how deep archives may lie in each other.
	maxNesting = 8
)

// fromDisk reads an archive, and parses it once for as long as the file stays the same.
func fromDisk(name string) (*pristine, error) {
	if !filepath.IsAbs(name) {
		return nil, fmt.Errorf("the archive's path is not absolute")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the archive can't be opened: %w", errors.Unwrap(err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("the archive is not a regular file")
	}
	if info.Size() > MaxArchive {
		return nil, tooLarge("the archive is larger than %d MiB", MaxArchive>>20)
	}
	return charts.get(key{name, info.Size(), info.ModTime()}, func() (*pristine, error) {
		data, err := io.ReadAll(io.LimitReader(file, MaxArchive))
		if err != nil {
			return nil, err
		}
		return unpack(data)
	})
}

// digestOf returns the digest of what an archive holds.
func digestOf(name string) (string, error) {
	kept, err := fromDisk(name)
	if err != nil {
		return "", err
	}
	return kept.digest.String(), nil
}

// unpack loads the chart in an archive.
func unpack(data []byte) (*pristine, error) {
	files, err := filesIn(data)
	if err != nil {
		return nil, err
	}
	unpacked, err := parse(files)
	if err != nil {
		return nil, err
	}
	unpacked.digest = sha256.Sum256(data)
	return unpacked, nil
}

func parse(files []*archive.BufferedFile) (*pristine, error) {
	limits := budget{files: MaxFiles, bytes: MaxContent}
	if err := limits.spend(files, 0); err != nil {
		return nil, err
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	return &pristine{loaded: loaded, size: MaxContent - limits.bytes, entries: names(files, loaded)}, nil
}

func filesIn(data []byte) ([]*archive.BufferedFile, error) {
	files, err := archive.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the archive can't be unpacked: %w", err)
	}
	return files, nil
}

// budget is what a chart and the archives within it may still unpack to.
type budget struct{ files, bytes int }

func (b *budget) spend(files []*archive.BufferedFile, depth int) error {
	if b.files -= len(files); b.files < 0 {
		return tooLarge("the chart has more than %d files", MaxFiles)
	}
	for _, file := range files {
		if b.bytes -= len(file.Data); b.bytes < 0 {
			return tooLarge("the chart unpacks to more than %d MiB", MaxContent>>20)
		}
		if !isSubchart(file.Name) {
			continue
		}
		if depth == maxNesting {
			return tooLarge("archives lie in each other more than %d levels deep", maxNesting)
		}
		inner, err := filesIn(file.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if err := b.spend(inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// isSubchart tells whether Helm unpacks a file as a chart that another one depends on.
func isSubchart(name string) bool {
	parent, base := path.Split(name)
	return path.Ext(base) == ".tgz" && (parent == "charts/" || strings.HasSuffix(parent, "/charts/")) &&
		strings.IndexAny(base, "_.") != 0
}

func tooLarge(format string, args ...any) error { return fault.New(fault.Limit, format, args...) }

// names returns under which entry of charts/ each dependency lies.
func names(files []*archive.BufferedFile, of *helmchart.Chart) map[string]string {
	found := map[string]string{}
	for _, file := range files {
		entry, rest, below := strings.Cut(strings.TrimPrefix(file.Name, "charts/"), "/")
		switch {
		case !strings.HasPrefix(file.Name, "charts/"):
		case below && rest == "Chart.yaml":
			if inner, err := loader.LoadFiles([]*archive.BufferedFile{{Name: rest, Data: file.Data}}); err == nil {
				found[inner.Name()] = entry
			}
		case !below && isSubchart(file.Name):
			for _, child := range of.Dependencies() {
				if rest, is := strings.CutPrefix(entry, child.Name()+"-"); is && strings.HasPrefix(rest, child.Metadata.Version) {
					found[child.Name()] = entry
				}
			}
		}
	}
	return found
}
