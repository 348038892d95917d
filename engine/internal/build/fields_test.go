package build_test

import (
	"maps"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.0
          envFrom:
            - configMapRef:
                name: settings
`

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: plain
  annotations:
    note: kept
data:
  big: "${BIG}"
  text: a ${NAME:=default} and $${ESCAPED}
`

// base is a repository with an overlay, a directory that has no kustomization file, and components.
var base = map[string]string{
	"apps/web/deployment.yaml": deployment,
	"apps/web/config.yaml":     configMap,
	"apps/web/kustomization.yaml": `resources: [deployment.yaml, config.yaml]
configMapGenerator:
  - name: settings
    literals: [a=b]
`,
	"apps/prod/kustomization.yaml": `resources: [../web]
namePrefix: prod-
images:
  - name: nginx
    newTag: "1.1"
patches:
  - path: patch.yaml
`,
	"apps/prod/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: 3\n",
	"plain/a.yaml":         configMap,
	"plain/deep/b.yml":     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\nstringData: {a: b}\n",
	"plain/deep/notes.txt": "not a manifest",
	"plain/sub/kustomization.yaml": `resources: [c.yaml]
namespace: inner
`,
	"plain/sub/c.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: c\n",
	"plain/list.yaml":  "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: one}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: two}\n",
	"empty/.gitkeep":   "",
	"parts/one/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
labels:
  - pairs: {component: one}
`,
	"odd/kustomization.yaml":     "resources: [items.yaml, numbers.yaml, labels.yaml]\n",
	"odd/items.yaml":             "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: thing}\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: inner}\n",
	"odd/numbers.yaml":           "apiVersion: example.org/v1\nkind: Numbers\nmetadata: {name: numbers}\nspec:\n  big: 12345678901234567\n  huge: 123456789012345678901234567890\n  float: 1.0\n  small: 1e-7\n  octal: 0o17\n  old: 017\n  hex: 0x1F\n  date: 2024-01-02\n  yes: yes\n  on: on\n  none: ~\n  folded: >-\n    one\n      two\n\n    three\n  literal: |+\n    a \n\n  'quoted ': 'x '\n",
	"odd/labels.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: labels\n  labels:\n    number: 5\n    text: five\n",
	"anchors/kustomization.yaml": "resources: [a.yaml]\n",
	"anchors/a.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: &name anchored\n  labels: &labels\n    app: *name\ndata:\n  <<: *labels\n  other: *name\n",
}

// specs are the fields of a Kustomization that shape its output, each alone and some together. The path is the first.
var specs = map[string][2]string{
	"nothing":                        {"apps/prod", `{}`},
	"no kustomization file":          {"plain", `{}`},
	"the root":                       {"", `{}`},
	"a path from the root":           {"/apps/prod", `{}`},
	"a path above the root":          {"../../apps/web/../prod", `{}`},
	"a missing path":                 {"apps/none", `{}`},
	"a file":                         {"apps/web/config.yaml", `{}`},
	"targetNamespace":                {"apps/prod", `{"targetNamespace":"other"}`},
	"targetNamespace, generated":     {"plain", `{"targetNamespace":"other"}`},
	"namePrefix and nameSuffix":      {"apps/prod", `{"namePrefix":"a-","nameSuffix":"-z"}`},
	"commonMetadata":                 {"apps/prod", `{"commonMetadata":{"labels":{"team":"a"},"annotations":{"owner":"b"}}}`},
	"odd texts in commonMetadata":    {"odd", `{"commonMetadata":{"labels":{"team":""},"annotations":{"lines":"\n a \n\n","none":""}}}`},
	"labels that are no texts":       {"odd", `{"commonMetadata":{"labels":{"team":"a"}}}`},
	"images":                         {"apps/prod", `{"images":[{"name":"nginx","newName":"registry.example.org/nginx","newTag":"2"}]}`},
	"an image's digest":              {"apps/prod", `{"images":[{"name":"nginx","digest":"sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3"}]}`},
	"components":                     {"apps/prod", `{"components":["../../parts/one"]}`},
	"a missing component":            {"apps/prod", `{"components":["../../parts/one","../../parts/none"]}`},
	"ignoreMissingComponents":        {"apps/prod", `{"components":["../../parts/one","../../parts/none"],"ignoreMissingComponents":true}`},
	"a remote component":             {"apps/prod", `{"components":["https://example.org/x"]}`},
	"a merge patch":                  {"apps/prod", `{"patches":[{"patch":"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: 5\n"}]}`},
	"a patch by target":              {"apps/prod", `{"patches":[{"patch":"- op: replace\n  path: /spec/replicas\n  value: 7\n","target":{"kind":"Deployment","name":".*web"}}]}`},
	"a patch that matches nothing":   {"apps/prod", `{"patches":[{"patch":"- op: remove\n  path: /spec\n","target":{"kind":"DaemonSet"}}]}`},
	"a patch that fails":             {"apps/prod", `{"patches":[{"patch":"- op: remove\n  path: /spec/none\n","target":{"kind":"Deployment"}}]}`},
	"a patch of one annotation":      {"apps/prod", `{"patches":[{"patch":"- op: add\n  path: /metadata/annotations/new\n  value: x\n","target":{"kind":"ConfigMap","name":".*plain"}}]}`},
	"an annotation without parent":   {"apps/prod", `{"patches":[{"patch":"- op: add\n  path: /metadata/annotations/new\n  value: x\n","target":{"kind":"Deployment"}}]}`},
	"all annotations replaced":       {"apps/prod", `{"patches":[{"patch":"- op: replace\n  path: /metadata/annotations\n  value: {only: this}\n","target":{"kind":"ConfigMap","name":".*plain"}}]}`},
	"all annotations removed":        {"apps/prod", `{"patches":[{"patch":"- op: remove\n  path: /metadata/annotations\n","target":{"kind":"ConfigMap","name":".*plain"}}]}`},
	"annotations that are not there": {"apps/prod", `{"patches":[{"patch":"- op: remove\n  path: /metadata/annotations\n","target":{"kind":"Deployment"}}]}`},
	"all metadata copied":            {"apps/prod", `{"patches":[{"patch":"- op: copy\n  from: /metadata\n  path: /spec/copy\n","target":{"kind":"Deployment"}}]}`},
	"annotations set to null":        {"apps/prod", `{"patches":[{"patch":"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: null\n","target":{"kind":"ConfigMap"}}]}`},
	"an annotationSelector":          {"apps/prod", `{"patches":[{"patch":"- op: add\n  path: /data/new\n  value: x\n","target":{"annotationSelector":"note=kept"}}]}`},
	"an inverse annotationSelector":  {"apps/prod", `{"patches":[{"patch":"- op: add\n  path: /new\n  value: x\n","target":{"annotationSelector":"!config.kubernetes.io/origin"}}]}`},
	"a labelSelector":                {"apps/prod", `{"components":["../../parts/one"],"patches":[{"patch":"- op: add\n  path: /new\n  value: x\n","target":{"labelSelector":"component=one"}}]}`},
	"a deleting patch":               {"apps/prod", `{"patches":[{"patch":"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n$patch: delete\n"}]}`},
	"everything deleted":             {"plain/deep", `{"patches":[{"patch":"$patch: delete\nkind: Secret\nmetadata: {name: b}\n","target":{"kind":"Secret"}}]}`},
	"buildMetadata":                  {"apps/prod", `{"buildMetadata":["originAnnotations","managedByLabel"]}`},
	"transformerAnnotations":         {"apps/prod", `{"buildMetadata":["transformerAnnotations"]}`},
	"substitute":                     {"apps/prod", `{"postBuild":{"substitute":{"NAME":"one","BIG":"5"}}}`},
	"substitute, unset":              {"apps/prod", `{"postBuild":{"substitute":{"NAME":"one"}}}`},
	"substitute, nothing given":      {"apps/prod", `{"postBuild":{}}`},
	"substitute, null":               {"apps/prod", `{"postBuild":null}`},
	"substituteStrategy Always":      {"plain", `{"postBuild":{"substituteStrategy":"Always"}}`},
	"substituteFrom":                 {"apps/prod", `{"postBuild":{"substitute":{"NAME":"inline"},"substituteFrom":[{"kind":"ConfigMap","name":"vars"},{"kind":"Secret","name":"secrets"}]}}`},
	"substituteFrom, missing":        {"apps/prod", `{"postBuild":{"substituteFrom":[{"kind":"ConfigMap","name":"none"}]}}`},
	"substituteFrom, optional":       {"apps/prod", `{"postBuild":{"substituteFrom":[{"kind":"ConfigMap","name":"none","optional":true}]}}`},
	"a variable's invalid name":      {"apps/prod", `{"postBuild":{"substitute":{"not-valid":"x"}}}`},
	"numbers substituted":            {"odd", `{"postBuild":{"substitute":{"NAME":"one"}}}`},
	"a substitute that isn't text":   {"apps/prod", `{"postBuild":{"substitute":{"NAME":5}}}`},
	"numbers, dates and styles":      {"odd", `{}`},
	"aliases and merge keys":         {"anchors", `{"commonMetadata":{"labels":{"team":"a"}}}`},
	"aliases substituted":            {"anchors", `{"postBuild":{"substitute":{"NAME":"one"}}}`},
	"an empty directory":             {"empty", `{}`},
	"all together": {"apps/prod", `{"targetNamespace":"all","namePrefix":"x-","components":["../../parts/one"],
		"images":[{"name":"nginx","newTag":"9"}],"commonMetadata":{"labels":{"team":"${NAME}"}},
		"patches":[{"patch":"- op: add\n  path: /metadata/labels/new\n  value: ${NAME}\n","target":{"kind":"Deployment"}}],
		"postBuild":{"substitute":{"NAME":"one","BIG":"5"}}}`},
}

// failing are the specs that Flux refuses, unset those that it refuses in strict mode.
var (
	failing = set("a missing path", "a file", "a missing component", "a remote component", "a patch that fails",
		"substituteFrom, missing", "a variable's invalid name", "a substitute that isn't text")
	unset = set("substitute, unset", "substituteStrategy Always")
)

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// TestFields compares each of the fields with the controller, with strict substitution and without.
func TestFields(t *testing.T) {
	root := repotest.Write(t, base)
	repotest.Put(t, root, "kustomization.yaml", "resources: [apps/prod]\n")
	view, flux := open(t, root), newController(t, root)
	for name, spec := range specs {
		for _, version := range []string{"v1", "v1beta2"} {
			for _, strict := range []bool{true, false} {
				if testing.Short() && (!strict || version != "v1") {
					continue
				}
				t.Run(name+" "+version, func(t *testing.T) {
					result := same(t, view, flux, request(t, version, spec, strict))
					if failing[name] != (result == nil) && !(strict && unset[name]) {
						t.Errorf("it is not as expected that the build fails: %t", result == nil)
					}
				})
			}
		}
	}
}

func request(t testing.TB, version string, spec [2]string, strict bool) build.Request {
	t.Helper()
	text := `{"apiVersion":"kustomize.toolkit.fluxcd.io/` + version + `","kind":"Kustomization",` +
		`"metadata":{"name":"apps","namespace":"flux-system"},"spec":` + spec[1] + `}`
	return build.Request{
		Path: spec[0], Kustomization: kustomization(t, text), Strict: strict,
		Variables: []substitute.Source{
			{Kind: "ConfigMap", Name: "vars", Values: map[string]string{"NAME": "from\nvars", "BIG": "9007199254740993"}},
			{Kind: "Secret", Name: "secrets", Values: map[string]string{"BIG": "true"}},
		},
	}
}

// TestOldPatches holds v1beta2 to patchesStrategicMerge and patchesJson6902, which v1 doesn't have: the API server
// drops them there.
func TestOldPatches(t *testing.T) {
	root := repotest.Write(t, base)
	view, flux := open(t, root), newController(t, root)
	spec := [2]string{"apps/prod", `{
		"patchesStrategicMerge":[{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":8}}],
		"patchesJson6902":[{"target":{"group":"apps","version":"v1","kind":"Deployment","name":"web"},"patch":[{"op":"add","path":"/spec/paused","value":true}]}]}`}
	with := same(t, view, flux, request(t, "v1beta2", spec, true))
	without := same(t, view, flux, request(t, "v1beta2", [2]string{"apps/prod", `{}`}, true))
	pruned := request(t, "v1", spec, true)
	got, _, err := build.Run(t.Context(), view, pruned)
	if err != nil {
		t.Fatal(err)
	}
	if text(got) != text(without) || text(got) == text(with) {
		t.Errorf("v1 has\n%s\nwant what it has without the fields\n%s", text(got), text(without))
	}
}

func text(result *build.Result) string {
	all := ""
	for _, resource := range result.Resources {
		all += resource.Object + "\n"
	}
	return all
}

// TestOverlays compares the fields of kustomization files that annotations added during the build could disturb.
func TestOverlays(t *testing.T) {
	overlays := map[string]string{
		"plain":                  "resources: [../apps/web]\n",
		"managed by":             "resources: [../apps/web]\nbuildMetadata: [managedByLabel]\n",
		"origins asked for":      "resources: [../apps/web]\nbuildMetadata: [originAnnotations]\n",
		"transformers asked for": "resources: [../apps/prod]\nbuildMetadata: [transformerAnnotations, originAnnotations]\n",
		"replacement of annotations": "resources: [../apps/web]\nreplacements:\n- source: {kind: ConfigMap, name: plain, fieldPath: metadata.annotations}\n" +
			"  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.metadata.annotations]\n    options: {create: true}\n",
		"replacement of metadata": "resources: [../apps/web]\nreplacements:\n- source:\n    kind: ConfigMap\n    name: plain\n    fieldPath: metadata\n" +
			"  targets:\n  - select: {kind: Deployment}\n    fieldPaths:\n    - spec.copy\n    options: {create: true}\n",
		"hash of any object": "resources: [hashed.yaml]\n",
		"hash suffix":        "resources: [../apps/web]\nnameSuffix: -x\nconfigMapGenerator:\n- name: settings\n  namespace: shop\n  behavior: create\n  literals: [c=d]\n",
		"merged generator":   "resources: [../apps/web]\nconfigMapGenerator:\n- name: settings\n  behavior: merge\n  literals: [c=d]\n  options: {annotations: {x: y}}\n",
		"common annotations": "resources: [../apps/web]\ncommonAnnotations: {a: b}\n",
		"json patch file":    "resources: [../apps/web]\npatches:\n- path: annotations.json\n  target: {kind: ConfigMap, name: plain}\n",
		"transformers":       "resources: [../apps/web]\ntransformers: [transformer.yaml]\n",
		"generators only":    "secretGenerator:\n- name: s\n  literals: [a=b]\n",
		"components only":    "components: [../parts/one]\n",
		"empty":              "",
		"unknown field":      "resources: [../apps/web]\nnonsense: true\n",
		"two documents":      "resources: [../apps/web]\n---\nresources: [../apps/prod]\n",
		"a cycle":            "resources: [../overlay]\n",
		"broken":             "resources: [\n",
		"sorted":             "resources: [../apps/prod]\nsortOptions: {order: legacy}\n",
		"JSON":               `{"resources": ["../apps/web"], "namePrefix": "j-"}`,
		"old fields":         "bases: [../apps/web]\ncommonLabels: {a: b}\npatchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: plain}\n  patch: |-\n    - op: add\n      path: /metadata/annotations/x\n      value: y\n",
	}
	for name, file := range overlays {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(base)
			files["overlay/kustomization.yaml"] = file
			files["overlay/annotations.json"] = `[{"op": "replace", "path": "/metadata/annotations", "value": {"a": "b"}}]`
			files["overlay/hashed.yaml"] = "apiVersion: v1\nkind: Service\nmetadata:\n  name: hashed\n  annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}\n"
			files["overlay/transformer.yaml"] = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npatch: '[{\"op\":\"test\",\"path\":\"/metadata/annotations\",\"value\":{\"note\":\"kept\"}}]'\ntarget: {kind: ConfigMap, name: plain}\n"
			root := repotest.Write(t, files)
			view, flux := open(t, root), newController(t, root)
			same(t, view, flux, build.Request{Path: "overlay"})
			same(t, view, flux, request(t, "v1", [2]string{"overlay", `{}`}, true))
			same(t, view, flux, request(t, "v1", [2]string{"overlay", `{"namePrefix":"p-","postBuild":{"substitute":{"NAME":"n","BIG":"b"}}}`}, true))
		})
	}
}
