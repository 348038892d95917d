package method_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/method"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/protocol"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
)

type object = map[string]any

// call runs a method and decodes its result.
func call(t testing.TB, engine *method.Engine, name string, params any) (object, error) {
	t.Helper()
	data, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	result, err := engine.Table()[name](context.Background(), data)
	if err != nil {
		return nil, err
	}
	data, err = protocol.Encode(result)
	if raw, ok := result.(protocol.Raw); ok {
		data, err = raw, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	decoded := object{}
	if err := json.Unmarshal(data, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded, nil
}

// must is call, without an error.
func must(t testing.TB, engine *method.Engine, name string, params any) object {
	t.Helper()
	result, err := call(t, engine, name, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// kustomizations returns a build request for each Kustomization that a scan finds, with unknown variables.
func kustomizations(t testing.TB, engine *method.Engine, tree any) []object {
	var requests []object
	for _, found := range must(t, engine, "scan", object{"tree": tree})["objects"].([]any) {
		ks := found.(object)["object"].(object)
		if ks["kind"] != "Kustomization" || !strings.HasPrefix(ks["apiVersion"].(string), "kustomize.toolkit") {
			continue
		}
		spec, _ := ks["spec"].(object)
		requests = append(requests, object{
			"tree": tree, "path": spec["path"], "kustomization": ks, "variables": unknown(spec), "strict": true,
		})
	}
	return requests
}

func unknown(spec object) []object {
	variables := []object{}
	postBuild, _ := spec["postBuild"].(object)
	references, _ := postBuild["substituteFrom"].([]any)
	for _, reference := range references {
		entry := reference.(object)
		variables = append(variables, object{"kind": entry["kind"], "name": entry["name"], "complete": false})
	}
	return variables
}

// BenchmarkBuild renders all Kustomizations of a home-ops repository, two at a time.
func BenchmarkBuild(b *testing.B) {
	root := repotest.Corpora(b, "repos", "onedr0p__home-ops")
	for b.Loop() {
		engine := &method.Engine{}
		tree := must(b, engine, "open", object{"root": root})["tree"]
		build := engine.Table()["build"]
		var workers sync.WaitGroup
		queue := make(chan []byte)
		for range 2 {
			workers.Go(func() {
				for params := range queue {
					_, _ = build(context.Background(), params)
				}
			})
		}
		for _, request := range kustomizations(b, engine, tree) {
			params, _ := json.Marshal(request)
			queue <- params
		}
		close(queue)
		workers.Wait()
	}
}

// BenchmarkScan lists and scans the same repository.
func BenchmarkScan(b *testing.B) {
	root := repotest.Corpora(b, "repos", "onedr0p__home-ops")
	for b.Loop() {
		engine := &method.Engine{}
		tree := must(b, engine, "open", object{"root": root})["tree"]
		params, _ := json.Marshal(object{"tree": tree})
		if _, err := engine.Table()["scan"](context.Background(), params); err != nil {
			b.Fatal(err)
		}
	}
}
