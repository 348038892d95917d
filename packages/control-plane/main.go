// Command control-plane is etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok in one program:
// the first argument, or the name it is called by, tells which.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// programs are what the binary can be, each with its own main.
var programs = map[string]func(arguments []string) int{
	"etcd":                    etcd,
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(controllers.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kwok":                    kwok,
	"keys":                    keys,
	"supervise":               supervise,
}

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if programs[name] == nil && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	}
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "control-plane: %q is not one of %s\n", name, strings.Join(names(), ", "))
		os.Exit(2)
	}
	// Each program parses os.Args itself, or asks them for its own name.
	os.Args = append([]string{name}, arguments...)
	os.Exit(program(arguments))
}

func names() []string {
	all := make([]string, 0, len(programs))
	for name := range programs {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

func etcd(arguments []string) int {
	etcdmain.Main(append([]string{"etcd"}, arguments...))
	return 0
}

func command(create func() *cobra.Command) func([]string) int {
	return func([]string) int { return cli.Run(create()) }
}
