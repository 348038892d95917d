//go:build !linux

package main

import (
	"os/exec"
	"syscall"
)

// attributes puts a child into a process group of its own, so that Ctrl-C in a terminal reaches whoever decides and not
// the child.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func startFromLastingThread(command *exec.Cmd) error { return command.Start() }
