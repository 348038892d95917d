package guard

import "syscall"

// limitData makes the kernel refuse memory that Memory wouldn't notice in time: a single large allocation. The Go
// runtime ends the process then, with "fatal error: runtime: out of memory" and status 2.
func limitData() {
	var now syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_DATA, &now) == nil && now.Cur > maxData {
		_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: min(maxData, now.Max), Max: now.Max})
	}
}
