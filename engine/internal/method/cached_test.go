package method_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/method"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
)

var small = map[string]string{
	"apps/kustomization.yaml":   "resources: [a.yaml]\n",
	"apps/a.yaml":               "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: \"${X}\"}\n",
	"flux.yaml":                 "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {path: apps}\n",
	"broken/kustomization.yaml": "resources: [none.yaml]\n",
}

func ask(tree any, path, x string) object {
	return object{"tree": tree, "path": path, "strict": true, "variables": []object{
		{"kind": "ConfigMap", "name": "vars", "values": object{"X": x}},
	}, "kustomization": object{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": object{"name": "a", "namespace": "b"},
		"spec": object{"postBuild": object{"substituteFrom": []object{{"kind": "ConfigMap", "name": "vars"}}}},
	}}
}

// TestCached answers from the cache while nothing that went into a build has changed, in this engine and the next.
func TestCached(t *testing.T) {
	root, directory := repotest.Write(t, small), t.TempDir()
	session := func() (*method.Engine, any) {
		engine := &method.Engine{Version: "1"}
		t.Cleanup(engine.Close)
		return engine, must(t, engine, "open", object{"root": root, "cache": directory})["tree"]
	}
	engine, tree := session()
	first := must(t, engine, "build", ask(tree, "apps", "one"))
	scanned := must(t, engine, "scan", object{"tree": tree})
	expect := func(name string, cached bool, request object) {
		t.Helper()
		engine, tree := session()
		request["tree"] = tree
		got := must(t, engine, "build", request)
		if got["cached"] != cached {
			t.Errorf("%s: cached is %v", name, got["cached"])
		}
		delete(got, "cached")
		if request["variables"].([]object)[0]["values"].(object)["X"] == "one" && name != "a file that was read" && !reflect.DeepEqual(got, without(first, "cached")) {
			t.Errorf("%s: got\n%v\nwant\n%v", name, got, first)
		}
	}
	if first["cached"] != false {
		t.Error("the first build is cached")
	}
	expect("the same", true, ask(nil, "apps", "one"))
	expect("another variable", false, ask(nil, "apps", "two"))
	uncacheable := ask(nil, "apps", "one")
	uncacheable["cacheable"] = false
	expect("not cacheable", false, uncacheable)
	repotest.Put(t, root, "other/x.yaml", "")
	expect("a file that was not read", true, ask(nil, "apps", "one"))
	repotest.Put(t, root, "apps/a.yaml", small["apps/a.yaml"]+"# changed\n")
	expect("a file that was read", false, ask(nil, "apps", "one"))
	expect("the change", true, ask(nil, "apps", "one"))

	engine, tree = session()
	again := must(t, engine, "scan", object{"tree": tree})
	if again["files"].(float64) != scanned["files"].(float64)+1 {
		t.Errorf("the scan has %v files after %v", again["files"], scanned["files"])
	}
	engine, tree = session()
	if cached := must(t, engine, "scan", object{"tree": tree}); !reflect.DeepEqual(cached, again) {
		t.Errorf("got\n%v\nwant\n%v", cached, again)
	}
}

func without(result object, key string) object {
	rest := object{}
	for name, value := range result {
		if name != key {
			rest[name] = value
		}
	}
	return rest
}

// TestCachedError keeps errors, too, until their cause is gone.
func TestCachedError(t *testing.T) {
	root, directory := repotest.Write(t, small), t.TempDir()
	repotest.Put(t, root, "broken/none.yaml", "apiVersion: v1: x\n")
	var errs []*fault.Error
	for range 2 {
		engine := &method.Engine{Version: "1"}
		tree := must(t, engine, "open", object{"root": root, "cache": directory})["tree"]
		_, err := call(t, engine, "build", ask(tree, "broken", "x"))
		var problem *fault.Error
		if !errors.As(err, &problem) {
			t.Fatalf("the error is %v", err)
		}
		errs = append(errs, problem)
		engine.Close()
	}
	if !reflect.DeepEqual(errs[0], errs[1]) {
		t.Errorf("got %+v, then %+v", errs[0], errs[1])
	}
	if entries, _ := filepath.Glob(filepath.Join(directory, "*", "*")); len(entries) != 1 {
		t.Errorf("there are %d entries", len(entries))
	}
	repotest.Put(t, root, "broken/none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\n")
	engine := &method.Engine{Version: "1"}
	tree := must(t, engine, "open", object{"root": root, "cache": directory})["tree"]
	must(t, engine, "build", ask(tree, "broken", "x"))
	engine.Close()
}

// TestCachedRemedy doesn't keep a remedy that goes by files which the build hasn't read.
func TestCachedRemedy(t *testing.T) {
	root, directory := repotest.Write(t, small), t.TempDir()
	var remedies []string
	for _, name := range []string{"other.yaml", "nona.yaml"} {
		repotest.Put(t, root, "broken/"+name, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\n")
		engine := &method.Engine{Version: "1"}
		tree := must(t, engine, "open", object{"root": root, "cache": directory})["tree"]
		_, err := call(t, engine, "build", ask(tree, "broken", "x"))
		remedies = append(remedies, fault.Of(err, fault.Build).Remedy)
		engine.Close()
	}
	if want := []string{"create it, or correct the path", "did you mean broken/nona.yaml?"}; !reflect.DeepEqual(remedies, want) {
		t.Errorf("got %q, want %q", remedies, want)
	}
}

// TestBrokenCache builds anew where an entry is damaged, and repairs it.
func TestBrokenCache(t *testing.T) {
	root, directory := repotest.Write(t, small), t.TempDir()
	engine := &method.Engine{Version: "1"}
	defer engine.Close()
	tree := must(t, engine, "open", object{"root": root, "cache": directory})["tree"]
	want := must(t, engine, "build", ask(tree, "apps", "x"))
	entries, err := filepath.Glob(filepath.Join(directory, "*", "*"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("the entries are %q, %v", entries, err)
	}
	if err := os.WriteFile(entries[0], []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := must(t, engine, "build", ask(tree, "apps", "x")); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	if got := must(t, engine, "build", ask(tree, "apps", "x")); got["cached"] != true {
		t.Error("the entry was not repaired")
	}
}

// TestUnknownTree says that a tree isn't open.
func TestUnknownTree(t *testing.T) {
	engine := &method.Engine{}
	for _, name := range []string{"scan", "build"} {
		_, err := call(t, engine, name, object{"tree": 1})
		var problem *fault.Error
		if !errors.As(err, &problem) || problem.Code != fault.Protocol || problem.Message != "tree 1 is not open" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
