package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// An order is one line of JSON on the supervisor's standard input.
//
// Start begins a program (an absolute path) whose output is added to the file Log; Stop ends it: with SIGTERM, and with
// SIGKILL after Grace milliseconds.
type order struct {
	Start string   `json:"start"`
	Stop  string   `json:"stop"`
	Grace int      `json:"grace"`
	Argv  []string `json:"argv"`
	Env   []string `json:"env"`
	Dir   string   `json:"dir"`
	Log   string   `json:"log"`
}

// A report is one line of JSON on its standard output.
type report struct {
	Name   string `json:"name"`
	Event  string `json:"event"` // started, failed or exited
	Pid    int    `json:"pid,omitempty"`
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
}

// supervise starts and stops programs as it is told, and ends them all when its standard input ends: so they die with
// whoever started them, however that one died.
func supervise(arguments []string) int {
	family := &family{children: map[string]*child{}, output: json.NewEncoder(os.Stdout)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var given order
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			fmt.Fprintln(os.Stderr, "supervise:", err)
			break
		}
		switch {
		case given.Start != "":
			family.start(given)
		case given.Stop != "":
			family.stop(given.Stop, time.Duration(given.Grace)*time.Millisecond)
		}
	}
	family.end()
	return 0
}

type child struct {
	process *os.Process
	gone    chan struct{}
}

type family struct {
	mutex    sync.Mutex
	children map[string]*child
	output   *json.Encoder
}

func (f *family) start(given order) {
	log, err := os.OpenFile(given.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		f.tell(report{Name: given.Start, Event: "failed", Error: err.Error()})
		return
	}
	defer log.Close()
	command := exec.Command(given.Argv[0], given.Argv[1:]...)
	command.Env, command.Dir, command.Stdout, command.Stderr = given.Env, given.Dir, log, log
	command.SysProcAttr = attributes()
	if err := startFromLastingThread(command); err != nil {
		f.tell(report{Name: given.Start, Event: "failed", Error: err.Error()})
		return
	}
	started := &child{command.Process, make(chan struct{})}
	f.mutex.Lock()
	f.children[given.Start] = started
	f.mutex.Unlock()
	f.tell(report{Name: given.Start, Event: "started", Pid: command.Process.Pid})
	go f.wait(given.Start, command, started)
}

func (f *family) wait(name string, command *exec.Cmd, started *child) {
	_ = command.Wait()
	close(started.gone)
	f.mutex.Lock()
	if f.children[name] == started {
		delete(f.children, name)
	}
	f.mutex.Unlock()
	f.tell(report{Name: name, Event: "exited", Status: command.ProcessState.ExitCode()})
}

func (f *family) stop(name string, grace time.Duration) {
	f.mutex.Lock()
	found := f.children[name]
	f.mutex.Unlock()
	if found == nil {
		return
	}
	_ = found.process.Signal(syscall.SIGTERM)
	go func() {
		select {
		case <-found.gone:
		case <-time.After(grace):
			_ = found.process.Kill()
		}
	}()
}

// end kills what is left: nothing of a cluster that ends is worth waiting for.
func (f *family) end() {
	f.mutex.Lock()
	left := make([]*child, 0, len(f.children))
	for _, one := range f.children {
		left = append(left, one)
	}
	f.mutex.Unlock()
	for _, one := range left {
		_ = one.process.Kill()
	}
	for _, one := range left {
		<-one.gone
	}
}

func (f *family) tell(what report) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	_ = f.output.Encode(what)
}
