package build_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/build"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/tree"
)

// encryptedFiles is a directory that has something encrypted in each place where Flux decrypts, before encryption. Each
// secret is the file's name and hunter2.
var encryptedFiles = map[string]string{
	"apps/kustomization.yaml": `resources: [secret.yaml, custom.yaml, plain.yaml, sub]
components: [part]
namespace: shop
labels: [{pairs: {team: a}}]
secretGenerator:
- name: generated
  options: {disableNameSuffixHash: true}
  envs: [vars.env]
  files: [auth.json, settings.ini, token, values.yaml=values.enc.yaml, .dockerconfigjson=registry.json]
- name: late
  options: {disableNameSuffixHash: true}
  files: [late.yaml=late]
configMapGenerator:
- name: same
  options: {disableNameSuffixHash: true}
  files: [vars.env]
patches:
- path: patch.yaml
`,
	"apps/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: secret}\nstringData: {password: secret-hunter2, url: \"${HOST}\"}\n" +
		"data: {encoded: c2VjcmV0LWh1bnRlcjI=}\n",
	"apps/custom.yaml":             "apiVersion: example.org/v1\nkind: Custom\nmetadata: {name: custom}\nspec: {port: 8080, tls: true, deep: [{key: custom-hunter2}]}\n",
	"apps/plain.yaml":              "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web}]}}}\n",
	"apps/patch.yaml":              "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, args: [patch-hunter2]}]}}}\n",
	"apps/vars.env":                "# a comment\nUSER=env-hunter2\n",
	"apps/auth.json":               `{"user": "json-hunter2"}`,
	"apps/settings.ini":            "[main]\nuser = ini-hunter2\n",
	"apps/token":                   "binary-hunter2",
	"apps/registry.json":           `{"auths": {"r": {"auth": "registry-hunter2"}}}`,
	"apps/values.enc.yaml":         "user: yaml-hunter2 # who\n",
	"apps/late":                    "user: late-hunter2\n",
	"apps/sub/kustomization.yaml":  "secretGenerator: [{name: sub, options: {disableNameSuffixHash: true}, envs: [vars.env]}]\n",
	"apps/sub/vars.env":            "SUB=sub-hunter2\n",
	"apps/part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nsecretGenerator: [{name: part, options: {disableNameSuffixHash: true}, envs: [vars.env]}]\n",
	"apps/part/vars.env":           "PART=part-hunter2\n",
}

// encryptAll encrypts what Flux decrypts.
func encryptAll(t *testing.T, tool *repotest.Sops) string {
	t.Helper()
	root := repotest.Write(t, encryptedFiles)
	tool.Encrypt(t, root, "apps/secret.yaml", "--encrypted-regex", "^(data|stringData)$")
	tool.Encrypt(t, root, "apps/custom.yaml", "--encrypted-regex", "^spec$")
	tool.Encrypt(t, root, "apps/patch.yaml", "--encrypted-regex", "^args$")
	tool.Encrypt(t, root, "apps/late", "--input-type", "yaml", "--output-type", "yaml")
	for _, name := range []string{"vars.env", "auth.json", "settings.ini", "token", "registry.json", "values.enc.yaml", "sub/vars.env", "part/vars.env"} {
		tool.Encrypt(t, root, "apps/"+name)
	}
	return root
}

func decryption(t *testing.T, keys ...string) *build.Decryption {
	t.Helper()
	data, err := json.Marshal(map[string][]string{"age": keys})
	if err != nil {
		t.Fatal(err)
	}
	var parsed build.Decryption
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	return &parsed
}

func buildEncrypted(t *testing.T, root string, keys *build.Decryption, spec map[string]any) (*build.Result, *tree.Trace, error) {
	t.Helper()
	view, err := tree.Open(root, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close() })
	return build.Run(t.Context(), view, build.Request{
		Path: "apps", Strict: true, Decryption: keys,
		Variables: []substitute.Source{{Kind: "ConfigMap", Name: "vars", Values: map[string]string{"HOST": "example.org"}}},
		Kustomization: map[string]any{
			"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
			"metadata": map[string]any{"name": "apps", "namespace": "flux-system"}, "spec": spec,
		},
	})
}

var decrypting = map[string]any{
	"decryption": map[string]any{"provider": "sops", "secretRef": map[string]any{"name": "sops-age"}},
	"postBuild":  map[string]any{"substituteFrom": []any{map[string]any{"kind": "ConfigMap", "name": "vars"}}},
}

// contents are the parts of objects that hold what was encrypted, by kind and name.
func contents(t *testing.T, result *build.Result) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, res := range result.Resources {
		var object map[string]any
		if err := json.Unmarshal([]byte(res.Object), &object); err != nil {
			t.Fatal(err)
		}
		parts := map[string]any{}
		for _, key := range []string{"data", "stringData", "spec", "sops"} {
			if part, there := object[key]; there {
				parts[key] = part
			}
		}
		text, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		found[res.Kind+"/"+res.Name] = string(text)
	}
	return found
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d objects, want %d", len(got), len(want))
	}
}

// TestDecryption decrypts in every place where kustomize-controller does, and nowhere else.
func TestDecryption(t *testing.T) {
	tool := repotest.NewSops(t)
	root := encryptAll(t, tool)
	result, trace, err := buildEncrypted(t, root, decryption(t, repotest.NewSops(t).Key, tool.Key), decrypting)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, contents(t, result), map[string]string{
		"Secret/secret": `{"data":{"encoded":"c2VjcmV0LWh1bnRlcjI="},"stringData":{"password":"secret-hunter2","url":"example.org"}}`,
		"Custom/custom": `{"spec":{"deep":[{"key":"custom-hunter2"}],"port":8080,"tls":true}}`,
		"Secret/generated": `{"data":{".dockerconfigjson":"` + wrapped("{\n\t\"auths\": {\n\t\t\"r\": {\n\t\t\t\"auth\": \"registry-hunter2\"\n\t\t}\n\t}\n}\n") +
			`","USER":"` + base64of("env-hunter2") + `","auth.json":"` + base64of("{\n\t\"user\": \"json-hunter2\"\n}\n") +
			`","settings.ini":"` + base64of("[main]\nuser = ini-hunter2\n") + `","token":"` + base64of("binary-hunter2") +
			`","values.yaml":"` + base64of("# who\nuser: yaml-hunter2\n") + `"}}`,
		"Secret/late":    `{"data":{"late.yaml":"` + base64of("user: late-hunter2\n") + `"}}`,
		"Secret/sub":     `{"data":{"SUB":"` + base64of("sub-hunter2") + `"}}`,
		"Secret/part":    `{"data":{"PART":"` + base64of("part-hunter2") + `"}}`,
		"Deployment/web": `{"spec":{"template":{"spec":{"containers":[{"args":["patch-hunter2"],"name":"web"}]}}}}`,
		// The file is decrypted in place, whoever reads it.
		"ConfigMap/same": `{"data":{"vars.env":"# a comment\nUSER=env-hunter2\n"}}`,
	})
	if len(result.Encrypted) != 0 {
		t.Errorf("something is told of: %v", result.Encrypted)
	}
	if trace.Complete() {
		t.Error("what was decrypted may be kept")
	}
	for _, secret := range []string{"secret", "custom", "env", "json", "ini", "binary", "registry", "yaml", "late", "sub", "part", "patch"} {
		if !strings.Contains(strings.Join(result.Secrets, "\n"), secret+"-hunter2") {
			t.Errorf("%s-hunter2 is not among the secrets", secret)
		}
	}
}

func base64of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// wrapped is Base64 as kustomize writes long texts: with a line feed in JSON after each 70 characters.
func wrapped(text string) string {
	var lines []string
	for encoded := base64of(text); encoded != ""; {
		size := min(70, len(encoded))
		lines, encoded = append(lines, encoded[:size]), encoded[size:]
	}
	return strings.Join(lines, `\n`) + `\n`
}

// TestDecryptor gives what kustomize-controller's own decryptor gives, object by object.
func TestDecryptor(t *testing.T) {
	controller, tool := repotest.Tool(t, "kustomize-controller-decrypt"), repotest.NewSops(t)
	root := encryptAll(t, tool)
	result, _, err := buildEncrypted(t, root, decryption(t, tool.Key), map[string]any{"decryption": decrypting["decryption"]})
	if err != nil {
		t.Fatal(err)
	}
	// The controller works in place.
	command := exec.CommandContext(t.Context(), controller, root, "apps")
	command.Env = []string{"SOPS_AGE_KEY=" + tool.Key, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []any
	for _, res := range result.Resources {
		got = append(got, decodedWithout(t, res.Object, "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"))
	}
	for line := range strings.Lines(string(output)) {
		want = append(want, decodedWithout(t, line))
	}
	if len(want) != 8 || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// decodedWithout decodes an object and leaves out labels.
func decodedWithout(t *testing.T, text string, names ...string) any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	marks, _ := object["metadata"].(map[string]any)["labels"].(map[string]any)
	for _, name := range names {
		delete(marks, name)
	}
	return object
}

// TestProgram decrypts as sops does where only sops can: here it is the one that has the key.
func TestProgram(t *testing.T) {
	tool := repotest.NewSops(t)
	root := encryptAll(t, tool)
	want, _, err := buildEncrypted(t, root, decryption(t, tool.Key), decrypting)
	if err != nil {
		t.Fatal(err)
	}
	program := map[string]any{"path": tool.Path(), "environment": map[string]string{"SOPS_AGE_KEY": tool.Key, "HOME": t.TempDir()}}
	data, err := json.Marshal(map[string]any{"program": program})
	if err != nil {
		t.Fatal(err)
	}
	var keys build.Decryption
	if err := json.Unmarshal(data, &keys); err != nil {
		t.Fatal(err)
	}
	got, trace, err := buildEncrypted(t, root, &keys, decrypting)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, contents(t, got), contents(t, want))
	if len(got.Encrypted) != 0 || trace.Complete() {
		t.Errorf("got %v, %v", got.Encrypted, trace.Complete())
	}
	for _, secret := range []string{"secret", "custom", "env", "json", "ini", "binary", "registry", "yaml", "late", "sub", "part", "patch"} {
		if !strings.Contains(strings.Join(got.Secrets, "\n"), secret+"-hunter2") {
			t.Errorf("%s-hunter2 is not among the secrets", secret)
		}
	}
}

// TestNoKey puts placeholders of the right shape for what no key decrypts, and says for whom it is encrypted.
func TestNoKey(t *testing.T) {
	tool := repotest.NewSops(t)
	root := encryptAll(t, tool)
	for name, keys := range map[string]*build.Decryption{"none": nil, "another": decryption(t, repotest.NewSops(t).Key)} {
		result, trace, err := buildEncrypted(t, root, keys, decrypting)
		if err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		compare(t, contents(t, result), map[string]string{
			"Secret/secret": `{"data":{"encoded":"` + base64of("gitops-placeholder-encoded") + `"},"stringData":{"password":"gitops-placeholder-password","url":"gitops-placeholder-url"}}`,
			"Custom/custom": `{"spec":{"deep":[{"key":"gitops-placeholder-key"}],"port":"gitops-placeholder-port","tls":"gitops-placeholder-tls"}}`,
			"Secret/generated": `{"data":{".dockerconfigjson":"` + wrapped("{\n\t\"auths\": {\n\t\t\"r\": {\n\t\t\t\"auth\": \"gitops-placeholder-auth\"\n\t\t}\n\t}\n}\n") +
				`","USER":"` + base64of("gitops-placeholder-user") + `","auth.json":"` + base64of("{\n\t\"user\": \"gitops-placeholder-user\"\n}\n") +
				`","settings.ini":"` + base64of("[main]\nuser = gitops-placeholder-user\n") + `","token":"` + base64of("gitops-placeholder-token") +
				`","values.yaml":"` + base64of("# encrypted\nuser: gitops-placeholder-user\n") + `"}}`,
			"Secret/late":    `{"data":{"late.yaml":"` + base64of("user: gitops-placeholder-user\n") + `"}}`,
			"Secret/sub":     `{"data":{"SUB":"` + base64of("gitops-placeholder-sub") + `"}}`,
			"Secret/part":    `{"data":{"PART":"` + base64of("gitops-placeholder-part") + `"}}`,
			"Deployment/web": `{"spec":{"template":{"spec":{"containers":[{"args":["gitops-placeholder-args"],"name":"web"}]}}}}`,
			"ConfigMap/same": `{"data":{"vars.env":"# encrypted\nUSER=gitops-placeholder-user\n"}}`,
		})
		if len(result.Encrypted) != 12 || len(result.Secrets) != 0 || !trace.Complete() {
			t.Errorf("%s: got %v, %v, %v", name, result.Encrypted, result.Secrets, trace.Complete())
		}
		for _, note := range result.Encrypted {
			if note.Problem != "key" || fmt.Sprint(note.Wanted) != "["+tool.Recipient+"]" || note.Line == 0 {
				t.Errorf("%s: got %+v", name, note)
			}
		}
	}
}

// TestUnbuildable doesn't call a build failed that needs what no key decrypts.
func TestUnbuildable(t *testing.T) {
	tool := repotest.NewSops(t)
	root := repotest.Write(t, map[string]string{
		"apps/kustomization.yaml": "configMapGenerator: [{name: a}]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n",
		"apps/p.yaml":             "- op: add\n  path: /data\n  value: {a: b}\n",
	})
	// SOPS takes no list in YAML: the patch is encrypted whole.
	tool.Encrypt(t, root, "apps/p.yaml", "--input-type", "binary", "--output-type", "binary")
	edit(t, root, "apps/kustomization.yaml", "p.yaml", "p.txt")
	if err := os.Rename(filepath.Join(root, "apps/p.yaml"), filepath.Join(root, "apps/p.txt")); err != nil {
		t.Fatal(err)
	}
	_, _, err := buildEncrypted(t, root, nil, decrypting)
	var problem *fault.Error
	if !errors.As(err, &problem) || problem.Code != fault.Encrypted ||
		problem.Message != "apps/p.txt is encrypted for "+tool.Recipient+", and the build needs it" {
		t.Errorf("got %+v", err)
	}
	if _, _, err = buildEncrypted(t, root, decryption(t, tool.Key), decrypting); err != nil {
		t.Errorf("with the key: %s", err)
	}
}

// TestEncrypted leaves what is encrypted as it is where Flux does.
func TestEncrypted(t *testing.T) {
	tool := repotest.NewSops(t)
	root := repotest.Write(t, map[string]string{
		"apps/kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
		"apps/a.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n",
		"apps/b.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: b, annotations: {kustomize.toolkit.fluxcd.io/decrypt: Disabled}}\nstringData: {a: b}\n",
	})
	tool.Encrypt(t, root, "apps/a.yaml", "--encrypted-regex", "^stringData$")
	tool.Encrypt(t, root, "apps/b.yaml", "--encrypted-regex", "^stringData$")
	for name, spec := range map[string]map[string]any{
		"b": decrypting,
		"a": {},
	} {
		result, _, err := buildEncrypted(t, root, decryption(t, tool.Key), spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, result)["Secret/"+name]; !strings.Contains(got, `"sops":{`) || !strings.Contains(got, `"a":"ENC[`) {
			t.Errorf("%s is decrypted: %s", name, got)
		}
	}
}

// TestNotes tells what kustomize-controller passes over: values that were changed without SOPS, and that nothing can
// decrypt any more.
func TestNotes(t *testing.T) {
	tool := repotest.NewSops(t)
	root := repotest.Write(t, map[string]string{
		"apps/kustomization.yaml": "resources: [a.yaml, b.yaml, c.yaml]\nnamespace: shop\nsecretGenerator: [{name: d, envs: [d.env]}, {name: e, envs: [e.env]}]\n",
		"apps/a.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n",
		"apps/b.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {a: b}\n",
		"apps/c.yaml":             "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData: {a: b}\n",
		"apps/d.env":              "A=hunter2\n",
		"apps/e.env":              "A=hunter2\nB=hunter3\n",
	})
	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml", "d.env", "e.env"} {
		tool.Encrypt(t, root, "apps/"+name, "--encrypted-regex", "^(stringData|A|B)$")
	}
	edit(t, root, "apps/a.yaml", "name: a", "name: a\n    labels: {added: by-hand}")
	edit(t, root, "apps/c.yaml", "(?s)\nsops:.*", "\n")
	edit(t, root, "apps/d.env", "(?s)\nsops_.*", "\n")
	edit(t, root, "apps/e.env", "\nB=[^\n]*", "")
	result, _, err := buildEncrypted(t, root, decryption(t, tool.Key), decrypting)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", result.Encrypted)
	want := "[{File:apps/d.env Line:1 Problem:metadata Resource: Wanted:[]} {File:apps/e.env Line:2 Problem:mac Resource: Wanted:[]} " +
		"{File:apps/a.yaml Line:8 Problem:mac Resource: Wanted:[]} {File:apps/c.yaml Line:6 Problem:metadata Resource:Secret/shop/c Wanted:[]}]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDecryptionErrors tells file and line of what can't be decrypted, and none of the secrets.
func TestDecryptionErrors(t *testing.T) {
	tool := repotest.NewSops(t)
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2-long, b: other}\n"
	for name, test := range map[string]struct {
		file, content, kustomization, old, new, want string
	}{
		"a value changed": {"a.yaml", secret, "resources: [a.yaml]", "b: ENC.AES256_GCM,data:", "b: ENC[AES256_GCM,data:AAAA",
			"a.yaml:7 Secret/a: a.yaml: holds an encrypted value that was changed, or moved from another place or file at stringData.b"},
		"a value added": {"a.yaml", secret, "resources: [a.yaml]", "    b: ENC", "    c: hunter2-long\n    b: ENC",
			"a.yaml:7 Secret/a: a.yaml: holds a value that should be encrypted and isn't at stringData.c"},
		"a key damaged": {"a.yaml", secret, "resources: [a.yaml]", "-----BEGIN AGE ENCRYPTED FILE-----\n *\\w{9}", "-----BEGIN AGE ENCRYPTED FILE-----\n            AAAAAAAAA",
			"a.yaml:8 Secret/a: a.yaml: the data key can't be decrypted, although it is encrypted for a key that is given: it was cut or changed"},
		"a file cut": {"a.env", "A=hunter2-long\nB=other\n", "secretGenerator: [{name: a, envs: [a.env]}]", "(?s)\nsops_lastmod[^\n]*", "",
			"a.env:3: a.env: the sops metadata have no lastmodified that is a time: they were cut or changed"},
		"a file that isn't one": {"a.env", "A=hunter2-long\n", "secretGenerator: [{name: a, envs: [a.env]}]", "\nsops_version", "\nrubbish\nsops_version",
			"a.env:2: a.env: has no = in line 7"},
		"a patch": {"p.yaml", "- {op: hunter2-long, path: /data, value: hunter2-long}\n", "patches: [{path: p.yaml, target: {kind: ConfigMap}}]\nconfigMapGenerator: [{name: a}]", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := repotest.Write(t, map[string]string{"apps/kustomization.yaml": test.kustomization, "apps/" + test.file: test.content})
			if name == "a patch" {
				tool.Encrypt(t, root, "apps/p.yaml", "--input-type", "binary", "--output-type", "binary")
				edit(t, root, "apps/kustomization.yaml", "p.yaml", "p.txt")
				if err := os.Rename(filepath.Join(root, "apps/p.yaml"), filepath.Join(root, "apps/p.txt")); err != nil {
					t.Fatal(err)
				}
			} else {
				options := []string{"--encrypted-regex", "^(stringData|A|B|A B)$"}
				tool.Encrypt(t, root, "apps/"+test.file, options...)
				edit(t, root, "apps/"+test.file, test.old, test.new)
			}
			_, trace, err := buildEncrypted(t, root, decryption(t, tool.Key), decrypting)
			var problem *fault.Error
			if !errors.As(err, &problem) {
				t.Fatalf("the error is %v", err)
			}
			text := fmt.Sprintf("%+v", problem)
			if strings.Contains(text, "hunter2") || strings.Contains(text, base64of("hunter2-long")) {
				t.Errorf("the error tells a secret: %s", text)
			}
			got := fmt.Sprintf("%s:%d %s: %s", strings.TrimPrefix(problem.File, "apps/"), problem.Line, problem.Resource, problem.Message)
			got = strings.ReplaceAll(strings.Replace(got, " : ", ": ", 1), "apps/", "")
			if strings.Contains(test.want, ": ") && (got != test.want || problem.Code != fault.Decryption || problem.Remedy == "") {
				t.Errorf("got\n%s (%s)\nwant\n%s", got, problem.Code, test.want)
			}
			if name == "a patch" && (trace.Complete() || !strings.Contains(got, "<redacted>")) {
				t.Errorf("what was decrypted may be kept, or isn't redacted: %s", got)
			}
		})
	}
}

// edit changes what a regular expression finds first in a file.
func edit(t *testing.T, root, name, old, new string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(old).FindIndex(data)
	if at == nil {
		t.Fatalf("%s has no %s:\n%s", name, old, data)
	}
	if err := os.WriteFile(file, []byte(string(data[:at[0]])+new+string(data[at[1]:])), 0o600); err != nil {
		t.Fatal(err)
	}
}
