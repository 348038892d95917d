package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// attributes has the kernel kill a child when the thread that started it ends, in case the supervisor is killed itself,
// and puts it into a process group of its own, so that Ctrl-C in a terminal reaches whoever decides and not the child.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

var starts = make(chan func())

func init() {
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
}

// startFromLastingThread starts a command from a thread that ends with the process and not before.
func startFromLastingThread(command *exec.Cmd) error {
	done := make(chan error)
	starts <- func() { done <- command.Start() }
	return <-done
}
