//go:build !linux

package guard

// limitData does nothing where the kernel doesn't count private memory.
func limitData() {}
