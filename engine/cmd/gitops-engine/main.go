// Command gitops-engine renders GitOps repositories for pytest-gitops, which speaks to it over stdin and stdout.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/method"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/network"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
)

// flux is the release of Flux whose pins go.mod repeats.
const flux = "2.9.5"

type hello struct {
	Engine   string            `json:"engine"`
	Protocol int               `json:"protocol"`
	Versions map[string]string `json:"versions"`
}

func main() {
	// What libraries write to the log package is at level Info, and not for our user.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	// The garbage collector trades memory that is there for time, up to a limit.
	debug.SetGCPercent(400)
	guard.Memory(context.Background(), os.Stderr, os.Exit)
	// The parent ends the engine by closing its input; an interrupt at the terminal is meant for the parent.
	signal.Ignore(os.Interrupt)
	out := os.Stdout
	watch := guard.Endless(os.Stderr, os.Exit)
	quiet()
	serve := func(out io.Writer) error { return render(out, watch) }
	if len(os.Args) == 2 && os.Args[1] == "--fetch" {
		serve = fetch
	}
	if err := serve(out); err != nil {
		slog.Error("the engine ends", "reason", err)
		os.Exit(1)
	}
}

// render answers all methods but fetch, without the network.
func render(out io.Writer, watch func(context.Context) func()) error {
	network.Deny()
	engine := &method.Engine{Version: identity(), Watch: watch}
	defer engine.Close()
	server := protocol.Server{Methods: engine.Table()}
	return server.Serve(context.Background(), os.Stdin, out, greeting())
}

// fetching is how many fetches are in work at a time: they mostly wait.
const fetching = 8

// fetch answers the method fetch alone.
func fetch(out io.Writer) error {
	// Here, memory is dearer than time: what is waited for is the network.
	debug.SetGCPercent(100)
	server := protocol.Server{Methods: method.Fetching(), Workers: fetching}
	return server.Serve(context.Background(), os.Stdin, out, greeting())
}

func greeting() hello {
	return hello{
		Engine: version, Protocol: protocol.Version,
		Versions: map[string]string{"flux": flux, "go": runtime.Version(), "kustomize": "v0.21.1"},
	}
}

// quiet keeps what libraries print away from the protocol's stream, and kustomize's warnings off stderr.
func quiet() {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stdout, os.Stderr = null, null
	}
}
