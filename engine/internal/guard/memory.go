package guard

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// MaxMemory is what the Go runtime may hold, in bytes; with the program itself the process stays below 1 GiB, but for
	// the moment in which a large text is doubled: where other programs keep the machine busy, it is noticed when done.
	MaxMemory = 768 << 20
	// softMemory is where the garbage collector begins to work harder.
	softMemory = MaxMemory * 4 / 5
	// maxData is what the process may map for itself, be it used or not, in bytes.
	maxData = 960 << 20
	// ExitMemory is the status with which the process ends when it passes MaxMemory.
	ExitMemory = 77
	// memoryInterval is how often the memory is looked at. 64 cores fill less than 100 MiB meanwhile.
	memoryInterval = 10 * time.Millisecond
)

// Memory limits the memory of this process: the garbage collector holds it down where it can, and where it can't, the
// process says so on log and ends with ExitMemory, before the machine suffers. It returns at once.
func Memory(ctx context.Context, log io.Writer, exit func(status int)) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(softMemory)
	}
	limitData()
	go watch(ctx, MaxMemory, func(used uint64) {
		fmt.Fprintf(log, "out of memory: %d MiB in use, at most %d MiB are allowed; a request in work needs too much\n",
			used>>20, MaxMemory>>20)
		exit(ExitMemory)
	})
}

// watch calls over once the memory in use passes most, and ends then, or with ctx.
func watch(ctx context.Context, most uint64, over func(used uint64)) {
	ticker := time.NewTicker(memoryInterval)
	defer ticker.Stop()
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for {
		metrics.Read(samples)
		if used := samples[0].Value.Uint64() - samples[1].Value.Uint64(); used > most {
			over(used)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
