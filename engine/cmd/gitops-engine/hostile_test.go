package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/guard"
)

// program is the engine, built as it is shipped.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", "gitops-engine")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	program = filepath.Join(directory, "gitops-engine")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		log.Fatalf("%s: %s", err, output)
	}
	return m.Run()
}

// maxResident is what the engine may take whatever it is given, in KiB as the kernel counts: 1 GiB, and an eighth of it
// for a single allocation that is noticed late.
const maxResident = 1<<20 + 1<<17

// good is a directory beside the hostile one, which has to build whatever that does.
const good = "good"

// answers runs an engine on a tree, asks it to build all the given directories at once, and returns what it says of
// each, its exit status and what it wrote to stderr.
func answers(t *testing.T, files map[string]string, builds ...map[string]any) (replies []reply, status int, log string) {
	t.Helper()
	root := t.TempDir()
	writeAll(t, root, files)
	return ask(t, root, builds...)
}

type reply struct {
	ID     int          `json:"id"`
	Error  *fault.Error `json:"error"`
	Result *struct {
		Resources []struct {
			Name string `json:"name"`
		} `json:"resources"`
		Errors []any `json:"errors"`
	} `json:"result"`
}

func ask(t *testing.T, root string, builds ...map[string]any) (replies []reply, status int, log string) {
	t.Helper()
	return askFor(t, root, "build", builds...)
}

// askFor sends one request of a method for each of the parameters, all at once.
func askFor(t *testing.T, root, method string, builds ...map[string]any) (replies []reply, status int, log string) {
	t.Helper()
	var in bytes.Buffer
	fmt.Fprintf(&in, `{"id": 0, "method": "open", "params": {"root": %q}}`+"\n", root)
	engine := exec.Command(program)
	var stderr bytes.Buffer
	engine.Stderr = &stderr
	stdin, err := engine.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 64<<20)
	next := func() (answer reply, ended bool) {
		if !lines.Scan() {
			return answer, true
		}
		if err := json.Unmarshal(lines.Bytes(), &answer); err != nil {
			t.Fatalf("%s: %.200s", err, lines.Bytes())
		}
		return answer, false
	}
	_, _ = next() // hello
	_, _ = stdin.Write(in.Bytes())
	_, _ = next() // open
	replies = make([]reply, len(builds))
	for id, params := range builds {
		params["tree"] = 1
		request := map[string]any{"id": id, "method": method, "params": params}
		if method == "scan" {
			request["deadline_ms"] = 300_000
		}
		line, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = stdin.Write(append(line, '\n'))
	}
	for range builds {
		answer, ended := next()
		if ended {
			break
		}
		replies[answer.ID] = answer
	}
	_ = stdin.Close()
	err = engine.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if usage, ok := engine.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss > maxResident {
		t.Errorf("the engine took %d MiB", usage.Maxrss>>10)
	}
	return replies, engine.ProcessState.ExitCode(), stderr.String()
}

func writeAll(t *testing.T, root string, files map[string]string) {
	t.Helper()
	all := map[string]string{good + "/kustomization.yaml": "resources: [a.yaml]\n", good + "/a.yaml": configMap("good")}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

func underFlux(path string, spec map[string]any) map[string]any {
	return map[string]any{"path": path, "kustomization": map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": "a", "namespace": "b"}, "spec": spec,
	}}
}

func directory(path string) map[string]any { return map[string]any{"path": path} }

// expect compares the error of the first build, and wants the second, the neighbour, to succeed.
func expect(t *testing.T, replies []reply, want *fault.Error) {
	t.Helper()
	if !reflect.DeepEqual(replies[0].Error, want) {
		t.Errorf("got %s\nwant %s", described(replies[0].Error), described(want))
	}
	if replies[1].Result == nil || len(replies[1].Result.Resources) != 1 || replies[1].Result.Resources[0].Name != "good" {
		t.Errorf("the neighbour: %s", described(replies[1].Error))
	}
}

func described(problem *fault.Error) string {
	text, _ := json.Marshal(problem)
	return string(text)
}

func bomb(levels int) string {
	var text strings.Builder
	text.WriteString(configMap("a") + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for level := 1; level < levels; level++ {
		item := fmt.Sprintf("*a%d, ", level-1)
		fmt.Fprintf(&text, "a%d: &a%d [%s]\n", level, level, strings.TrimSuffix(strings.Repeat(item, 10), ", "))
	}
	return text.String()
}

func repeat(format string, times int) string {
	var text strings.Builder
	for number := range times {
		fmt.Fprintf(&text, format, number)
	}
	return text.String()
}

// mesh is a row of directories of which each names both of the next level: as many ways lead to the last as there are
// powers of two.
func mesh(levels int, list, header string) map[string]string {
	files := map[string]string{"bad/kustomization.yaml": list + ": [../a0, ../b0]\n"}
	for level := range levels {
		for _, side := range []string{"a", "b"} {
			next := fmt.Sprintf("%s: [../a%d, ../b%d]\n", list, level+1, level+1)
			if level == levels-1 {
				next = "namePrefix: x\n"
			}
			files[fmt.Sprintf("%s%d/kustomization.yaml", side, level)] = header + next
		}
	}
	return files
}

func TestHostileTrees(t *testing.T) {
	named := []fault.Place{{File: "bad/kustomization.yaml", Line: 1}}
	one := func(name, text string) map[string]string {
		return map[string]string{"bad/kustomization.yaml": "resources: [" + name + "]\n", "bad/" + name: text}
	}
	component := "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
	tooMuch := "split it into several Kustomizations; look for bases that are included more than once"
	for name, test := range map[string]struct {
		files map[string]string
		build map[string]any
		want  *fault.Error
	}{
		"aliases": {one("a.yaml", bomb(9)), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.yaml", Line: 10, Remedy: "split the file, or use fewer aliases",
			Message: "the YAML holds more than 500000 values once its aliases are expanded",
		}},
		"aliases by another name": {one("a.txt", bomb(9)), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.txt", Line: 10, Remedy: "split the file, or use fewer aliases",
			Message: "the YAML holds more than 500000 values once its aliases are expanded",
		}},
		"aliases in the kustomization": {map[string]string{"bad/kustomization.yaml": bomb(9)}, directory("bad"), &fault.Error{
			Code: fault.Limit, File: "bad/kustomization.yaml", Line: 10, Remedy: "split the file, or use fewer aliases",
			Message: "the YAML holds more than 500000 values once its aliases are expanded",
		}},
		"aliases without kustomization": {map[string]string{"bad/a.yaml": bomb(9)}, underFlux("bad", nil), &fault.Error{
			Code: fault.Limit, File: "bad/a.yaml", Line: 10, Remedy: "split the file, or use fewer aliases",
			Message: "the YAML holds more than 500000 values once its aliases are expanded",
		}},
		"an anchor in itself": {one("a.yaml", configMap("a")+"x: &x [*x]\n"), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.yaml", Line: 5, Remedy: "remove the alias",
			Message: `the anchor "x" contains itself`,
		}},
		"deep": {one("a.yaml", configMap("a")+"x: "+strings.Repeat("{a: ", 9000)+strings.Repeat("}", 9000)), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.yaml", Line: 5, Remedy: "flatten it",
			Message: "the YAML is nested more than 200 levels deep",
		}},
		"deep beyond the parser": {one("a.yaml", configMap("a")+"x: "+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), directory("bad"), &fault.Error{
			Code: fault.YAML, Chain: named, File: "bad/a.yaml", Line: 5, Message: "yaml: exceeded max depth of 10000",
		}},
		"wide": {one("a.yaml", configMap("a")+"data:\n"+repeat("  k%d: v\n", 100_000)), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.yaml", Line: 6, Remedy: "split it",
			Message: "the mapping has more than 10000 keys",
		}},
		"many documents": {one("a.yaml", repeat("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n---\n", 20_000)), directory("bad"), &fault.Error{
			Code: fault.Limit, Chain: named, File: "bad/a.yaml", Remedy: tooMuch,
			Message: "the build reads more than 3000 YAML documents",
		}},
		"binary": {one("a.yaml", "\x7fELF\x00\x01"+strings.Repeat("\x00", 100_000)), directory("bad"), &fault.Error{
			Code: fault.YAML, Chain: named, File: "bad/a.yaml", Line: 1, Message: "yaml: control characters are not allowed",
			Remedy: "the file is not text",
		}},
		"cyclic bases": {map[string]string{
			"bad/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../c]\n",
			"c/kustomization.yaml": "resources: [../b]\n",
		}, directory("bad"), &fault.Error{
			Code: fault.Build, File: "c/kustomization.yaml", Line: 1,
			Chain:   []fault.Place{{File: "bad/kustomization.yaml", Line: 1}, {File: "b/kustomization.yaml", Line: 1}},
			Message: "cycle detected: candidate root 'b' contains visited root 'b'",
			Remedy:  "remove the entry: it names this kustomization, one above it, or one that led here",
		}},
		"exponential bases": {mesh(40, "resources", ""), directory("bad"), &fault.Error{
			Code: fault.Limit, Message: "the build reads the file more than 1000 times", Remedy: tooMuch,
		}},
		"exponential components": {mesh(40, "components", component), directory("bad"), &fault.Error{
			Code: fault.Limit, Message: "the build reads the file more than 1000 times", Remedy: tooMuch,
		}},
		"out of the root": {map[string]string{"bad/kustomization.yaml": "resources: [../../../../../../etc/passwd]\n"}, directory("bad"), &fault.Error{
			Code: fault.Path, File: "bad/kustomization.yaml", Line: 1,
			Message: "the path ../../../../../../etc/passwd leads out of the source's root",
			Remedy:  "Flux builds from the source's artifact alone: move the files into the source",
		}},
		"out of the root by a generator": {map[string]string{
			"bad/kustomization.yaml": "configMapGenerator:\n- name: a\n  files:\n  - x=../../../../etc/passwd\n",
		}, directory("bad"), &fault.Error{
			Code: fault.Path, File: "bad/kustomization.yaml", Line: 4,
			Message: "the path ../../../../etc/passwd leads out of the source's root",
			Remedy:  "Flux builds from the source's artifact alone: move the files into the source",
		}},
		"out of the root by the Kustomization": {nil, underFlux("../../../etc", nil), &fault.Error{
			Code: fault.Path, Field: "spec.path", Message: "kustomization path not found: stat etc: no such file or directory",
			Remedy: "create it, or correct the path",
		}},
		"out of the root by a component": {one("a.yaml", configMap("a")), underFlux("bad", map[string]any{"components": []any{"../../.."}}), &fault.Error{
			Code: fault.Path, Field: "spec.components[0]", Message: "the path ../../.. leads out of the source's root",
			Remedy: "Flux builds from the source's artifact alone: move the files into the source",
		}},
		"deep expressions": {one("a.yaml", configMap("a")+"data: {a: '"+strings.Repeat("${a:=", 500_000)+"'}\n"), underFlux("bad", map[string]any{
			"postBuild": map[string]any{"substitute": map[string]any{"x": "y"}},
		}), &fault.Error{
			Code: fault.Limit, Resource: "ConfigMap/a", Message: "the resource holds more than 50000 dollar signs",
			Remedy: "split the resource, or switch the substitution off for it with the annotation " +
				"kustomize.toolkit.fluxcd.io/substitute: disabled",
		}},
		"long values": {one("a.yaml", configMap("a")+"data: {a: '"+strings.Repeat("${x}", 1000)+"'}\n"), underFlux("bad", map[string]any{
			"postBuild": map[string]any{"substitute": map[string]any{"x": strings.Repeat("y", 1<<20)}},
		}), &fault.Error{
			Code: fault.Limit, Resource: "ConfigMap/a", Message: "the values substituted in the resource come to more than 16 MiB",
			Remedy: "use shorter values",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			replies, status, _ := answers(t, test.files, test.build, directory(good))
			if problem := replies[0].Error; problem != nil && strings.HasPrefix(name, "exponential") {
				// Which file is one too many is of no interest.
				problem.File, problem.Line, problem.Chain = "", 0, nil
			}
			expect(t, replies, test.want)
			if status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

// TestHostileFiles has things that only a file system can hold.
func TestHostileFiles(t *testing.T) {
	root := t.TempDir()
	writeAll(t, root, map[string]string{
		"huge/kustomization.yaml": "resources: [a.yaml]\n", "loop/kustomization.yaml": "resources: [a.yaml]\n",
		"pipe/kustomization.yaml": "resources: [a.yaml]\n", "in/kustomization.yaml": "resources: [../loops/self/in]\n",
		"link/kustomization.yaml": "resources: [passwd.yaml]\n",
	})
	at := func(name string) string { return filepath.Join(root, name) }
	for _, err := range []error{
		os.WriteFile(at("huge/a.yaml"), []byte(configMap("a")), 0o600), os.Truncate(at("huge/a.yaml"), 200<<20),
		os.Symlink("b.yaml", at("loop/a.yaml")), os.Symlink("a.yaml", at("loop/b.yaml")), os.Mkdir(at("loops"), 0o700),
		os.Symlink(".", at("loops/self")), os.Symlink("/etc/passwd", at("link/passwd.yaml")), syscall.Mkfifo(at("pipe/a.yaml"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	missing := func(dir, file, where, what string) *fault.Error {
		return &fault.Error{
			Code: fault.Build, File: dir + "/kustomization.yaml", Line: 1, Message: file + ": no such file or directory",
			Remedy: where + what,
		}
	}
	const symlink = " is a symbolic link; Flux leaves symbolic links out of its artifacts: use a file or a kustomize base"
	const irregular = " is not a regular file; Flux leaves it out of its artifacts"
	for dir, want := range map[string]*fault.Error{
		"huge": {
			Code: fault.Limit, File: "huge/a.yaml", Message: "the file is larger than 16 MiB",
			Chain: []fault.Place{{File: "huge/kustomization.yaml", Line: 1}},
		},
		"loop": missing("loop", "loop/a.yaml", "loop/a.yaml", symlink),
		"in":   missing("in", "loops/self/in", "loops/self", symlink),
		"link": missing("link", "link/passwd.yaml", "link/passwd.yaml", symlink),
		"pipe": missing("pipe", "pipe/a.yaml", "pipe/a.yaml", irregular),
	} {
		t.Run(dir, func(t *testing.T) {
			replies, status, _ := ask(t, root, directory(dir), directory(good))
			expect(t, replies, want)
			if status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

func TestRemoteBases(t *testing.T) {
	for _, url := range []string{
		"https://github.com/a/b", "https://github.com/a/b//c?ref=v1", "http://localhost:1/a.yaml", "https://localhost/a.yaml",
		"git::https://localhost/a/b", "git@github.com:a/b", "git@github.com:a/b.git//c", "ssh://git@localhost/a/b.git", "github.com/a/b",
		"gh:a/b", "file:///etc", "git::file:///etc", "user@localhost:a/b.git", "HTTPS://GitHub.com/a/b", "org-1@ssh.localhost:v3/a/b",
	} {
		for _, list := range []string{"resources", "components"} {
			t.Run(list+" "+url, func(t *testing.T) {
				replies, _, _ := answers(t, map[string]string{"bad/kustomization.yaml": "namePrefix: x\n" + list + ":\n- " + url + "\n"},
					directory("bad"), directory(good))
				expect(t, replies, &fault.Error{
					Code: fault.Remote, File: "bad/kustomization.yaml", Line: 3, URL: url, Message: "the remote base " + url + " was not fetched",
				})
			})
		}
	}
}

// outOfMemory wants the guard to have ended the engine, or the kernel where that came first.
func outOfMemory(t *testing.T, status int, log string) {
	t.Helper()
	if status != guard.ExitMemory && status != 2 || !strings.Contains(log, "out of memory") {
		t.Errorf("exit status %d, stderr %.500q", status, log)
	}
}

// TestErrorBomb has components in a row: kustomize quotes the error of each in that of the next.
func TestErrorBomb(t *testing.T) {
	files := map[string]string{"bad/kustomization.yaml": "components: [../c0]\n"}
	for level := range 60 {
		files[fmt.Sprintf("c%d/kustomization.yaml", level)] = fmt.Sprintf(
			"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: [../c%d]\n", level+1)
	}
	replies, status, log := answers(t, files, directory("bad"))
	if status == 0 && len(replies) == 1 && replies[0].Error != nil && replies[0].Error.Code == fault.Deadline {
		return // a machine with much else to do comes to the deadline first
	}
	outOfMemory(t, status, log)
}

// TestMemory has a text double with each of many replacements: nothing can tell beforehand.
func TestMemory(t *testing.T) {
	double := "- source: {kind: ConfigMap, name: a, fieldPath: data.x}\n  targets:\n  - select: {kind: ConfigMap, name: a}\n" +
		"    fieldPaths: [data.x]\n    options: {delimiter: '-', index: 99999999}\n"
	_, status, log := answers(t, map[string]string{
		"bad/kustomization.yaml": "resources: [a.yaml]\nreplacements:\n" + strings.Repeat(double, 60),
		"bad/a.yaml":             configMap("a") + "data:\n  x: " + strings.Repeat("y", 1000) + "\n",
	}, directory("bad"))
	outOfMemory(t, status, log)
}

// TestLargeTree has more YAML than the engine may hold: it is read all the same, a part of it several times.
func TestLargeTree(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{"huge.yaml": strings.Repeat("# comment\n", 2<<20)}
	for number := range 20 {
		files[fmt.Sprintf("%d.yaml", number)] = "a: |\n" + strings.Repeat("  text\n", 1<<20) + "# fluxcd.io/\n"
	}
	writeAll(t, root, files)
	replies, status, log := ask(t, root, directory(good), directory(good))
	expect(t, replies, nil)
	scanned, status2, log2 := askFor(t, root, "scan", map[string]any{}, map[string]any{})
	for _, answer := range scanned {
		if answer.Error != nil || answer.Result == nil || len(answer.Result.Errors) != 0 {
			t.Errorf("the scan: %s, %v", described(answer.Error), answer.Result)
		}
	}
	if status != 0 || status2 != 0 {
		t.Errorf("exit status %d, %d: %s%s", status, status2, log, log2)
	}
}
