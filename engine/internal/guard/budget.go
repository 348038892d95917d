package guard

import (
	"bytes"
	"sync"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
)

// The limits of one build. Bases and components that refer to each other in diamonds are read once for each way
// that leads to them, so these end builds that grow exponentially.
const (
	// MaxBytes bounds what a build reads, in bytes; a file that is read twice counts twice.
	MaxBytes = 64 << 20
	// MaxReads bounds the files that a build reads.
	MaxReads = 20_000
	// MaxVisits bounds how often it reads one of them.
	MaxVisits = 1_000
	// MaxDocuments bounds the YAML documents that a build reads: kustomize's time grows with the square of the
	// resources, 3,000 take 4.5 s.
	MaxDocuments = 3_000
)

// Budget is what one build may still read. The zero value is a whole one.
type Budget struct {
	mutex     sync.Mutex
	bytes     int
	reads     int
	documents int
	visits    map[string]int
	problem   *fault.Error
}

// Spend counts a file that is read as YAML, and returns a fault with the code limit once a limit is passed. kustomize
// hides such errors in others, so that Problem keeps the first.
func (b *Budget) Spend(name string, data []byte) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.problem != nil {
		return b.problem
	}
	b.bytes += len(data)
	b.reads++
	b.documents += documents(data)
	if b.visits == nil {
		b.visits = map[string]int{}
	}
	b.visits[name]++
	switch {
	case b.bytes > MaxBytes:
		b.fail(name, "the build reads more than %d MiB", MaxBytes>>20)
	case b.reads > MaxReads:
		b.fail(name, "the build reads more than %d files", MaxReads)
	case b.visits[name] > MaxVisits:
		b.fail(name, "the build reads the file more than %d times", MaxVisits)
	case b.documents > MaxDocuments:
		b.fail(name, "the build reads more than %d YAML documents", MaxDocuments)
	}
	if b.problem != nil {
		return b.problem
	}
	return nil
}

// Renew makes the budget whole again, unless it was passed.
func (b *Budget) Renew() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.bytes, b.reads, b.documents, b.visits = 0, 0, 0, nil
}

// Problem returns the fault that ended the build, nil where there is none.
func (b *Budget) Problem() *fault.Error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.problem
}

func (b *Budget) fail(name, format string, args ...any) {
	b.problem = limit(0, "split it into several Kustomizations; look for bases that are included more than once", format, args...)
	b.problem.File = name
}

// documents counts those that follow a separator; the first of a file is not worth counting.
func documents(data []byte) int {
	return bytes.Count(data, separator)
}
