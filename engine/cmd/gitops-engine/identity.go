package main

import (
	"fmt"
	"os"
)

// version is the package's, and build tells the engine's sources apart; the package's build sets both.
var version, build = "devel", ""

// identity is part of every cache key: what one engine kept, another one of the same version must not use.
func identity() string {
	if build != "" {
		return version + " " + build
	}
	executable, err := os.Executable()
	if err != nil {
		return version
	}
	info, err := os.Stat(executable)
	if err != nil {
		return version
	}
	return fmt.Sprintf("%s %d %d", version, info.Size(), info.ModTime().UnixNano())
}
