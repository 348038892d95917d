// Package guard keeps hostile or accidental input from costing more than it may: YAML that is nested too deep, that
// aliases blow up, or that kustomize needs quadratic time for. The figures in the comments were measured with kyaml
// v0.21.1 on two cores.
package guard

import (
	"bytes"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// The limits of one file. The largest files in use, bundles of CRDs with 6 MB, come to half the values and a third of
// the depth.
const (
	// MaxDepth bounds the nesting. The YAML library gives up at 10,000 levels, for which kustomize takes 30 s.
	MaxDepth = 200
	// MaxValues bounds the keys and values with all aliases expanded; each costs kustomize about 1 KiB and 5 µs.
	MaxValues = 500_000
	// MaxKeys bounds the keys of one mapping: kustomize's time grows with their square, 10,000 keys take 0.8 s.
	MaxKeys = 10_000
	// MaxIndentation bounds the sum of all values' depths, which the indented output grows with.
	MaxIndentation = 10_000_000
)

type limits struct {
	depth, values, keys, indentation int
	// column and openers are what the quick look lets pass: the columns by which a line is indented, and the flow
	// collections of a document.
	column, openers int
}

var standard = limits{
	depth: MaxDepth, values: MaxValues, keys: MaxKeys, indentation: MaxIndentation,
	column: 150, openers: MaxDepth / 2,
}

// File returns a fault with the code limit where the contents of a file would cost too much as YAML. It costs a scan
// of the bytes; what that can't clear is parsed, one document at a time. It says nothing of contents that aren't YAML.
func File(name string, data []byte) error {
	line := 1
	for len(data) > 0 {
		document := data
		if at := bytes.Index(data, separator); at >= 0 {
			document = data[:at+1]
		}
		data = data[len(document):]
		if !standard.clear(document) {
			if problem := standard.measure(document, line); problem != nil {
				problem.File = name
				return problem
			}
		}
		line += bytes.Count(document, newline)
	}
	return nil
}

var (
	newline   = []byte("\n")
	separator = []byte("\n---")
)

func limit(line int, remedy, format string, args ...any) *fault.Error {
	problem := fault.New(fault.Limit, format, args...)
	problem.Line, problem.Remedy = line, remedy
	return problem
}
