package build

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/fault"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/sops"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/substitute"
)

// Decryption are the keys for what SOPS encrypted. In JSON it reads private keys and writes public ones: what is written
// is part of a cache's keys.
type Decryption struct {
	keys *sops.Keys
	// program decrypts what the keys don't, nil where it may not.
	program *sops.Program
}

// UnmarshalJSON reads the age identities.
func (d *Decryption) UnmarshalJSON(data []byte) error {
	var fields struct {
		Age     []string      `json:"age"`
		Program *sops.Program `json:"program"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return fault.New(fault.Protocol, "decryption: not what the protocol says")
	}
	keys, err := sops.ParseKeys(fields.Age)
	if err != nil {
		return fault.New(fault.Decryption, "%s", err)
	}
	d.keys, d.program = keys, fields.Program
	return nil
}

// MarshalJSON writes the public halves, and whether there is a program.
func (d *Decryption) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"program": d.program != nil, "recipients": d.Recipients()})
}

// Recipients are the public halves of the keys.
func (d *Decryption) Recipients() []string {
	if d == nil {
		return nil
	}
	return d.keys.Recipients()
}

// Encrypted is something that SOPS encrypted and that isn't, or isn't only, what it should be. Its fields are in the
// order of their JSON keys.
type Encrypted struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Problem  string `json:"problem"`
	Resource string `json:"resource"`
	// Wanted names the keys that it is encrypted for.
	Wanted []string `json:"wanted"`
}

// The problems of something encrypted.
const (
	// noKey: none of the keys decrypts it; placeholders stand for its values.
	noKey = "key"
	// badMAC: it was changed without SOPS, which kustomize-controller doesn't look at.
	badMAC = "mac"
	// noMetadata: it holds encrypted values, and not what is needed to decrypt them; they are used as they are.
	noMetadata = "metadata"
)

// decryptor decrypts for one Kustomization as kustomize-controller does.
type decryptor struct {
	keys    *sops.Keys
	program *sops.Program
	// decrypted are the values that were, given those of variables that are secret.
	decrypted, given []string
	notes            []Encrypted
	// concealed is the first file in which placeholders stand for what may be more than values, such as a patch's path.
	concealed *Encrypted
	// checked are the files whose integrity was looked at.
	checked map[string]bool
}

// decrypts tells whether the Kustomization asks for decryption.
func (j *job) decrypts() bool {
	provider, _, _ := unstructured.NestedString(j.request.Kustomization, "spec", "decryption", "provider")
	return provider == "sops"
}

func (j *job) startDecryption() {
	j.decryption.checked = map[string]bool{}
	j.decryption.keys = &sops.Keys{}
	if j.request.Decryption != nil {
		j.decryption.keys, j.decryption.program = j.request.Decryption.keys, j.request.Decryption.program
	}
	for _, source := range j.request.Variables {
		if source.Secret {
			for _, value := range source.Values {
				j.decryption.given = append(j.decryption.given, value)
			}
			j.fs.Trace().Secret = true
		}
	}
}

// open decrypts a document, or puts placeholders for its values where no key fits. The error of what was changed
// without SOPS is none.
func (j *job) open(document *sops.Document, standIn func([]string) string, note *Encrypted) error {
	err := document.DecryptBy(j.ctx, j.decryption.keys, j.decryption.program)
	if err == nil || errors.Is(err, sops.ErrMAC) {
		j.fs.Trace().Secret = true
		j.decryption.decrypted = append(j.decryption.decrypted, document.Secrets()...)
		if err != nil {
			note.Problem = badMAC
		}
		return nil
	}
	var missing *sops.KeyError
	if !errors.As(err, &missing) || missing.Corrupt {
		return err
	}
	note.Problem, note.Wanted = noKey, missing.Wanted
	return document.Conceal(standIn)
}

// decryptResource follows DecryptResource of kustomize-controller's decryptor: an object with SOPS' metadata is
// decrypted whole, in a Secret without them each value that is an encrypted file by itself. It tells whether it changed
// anything.
func (j *job) decryptResource(res *resource.Resource, from origin) (bool, error) {
	if strings.EqualFold(res.GetAnnotations()[group+"/decrypt"], "disabled") {
		return false, nil
	}
	note := Encrypted{Resource: identity(res.GetKind(), res.GetNamespace(), res.GetName()), Wanted: []string{}}
	if from.file != nil {
		note.File = *from.file
	}
	if isEncrypted(res) {
		return true, j.decryptObject(res, note)
	}
	if holdsValues(res.YNode()) {
		note.Problem = noMetadata
		note.Line = j.lineOf(note.File, "ENC[AES256_GCM,")
		j.note(note)
	}
	if res.GetKind() != "Secret" {
		return false, nil
	}
	note.Problem, note.Line = "", 0
	return true, j.decryptData(res, note)
}

// holdsValues tells whether an object holds a value that SOPS encrypted.
func holdsValues(node *yaml.Node) bool {
	if node.Kind == yaml.ScalarNode {
		return strings.HasPrefix(node.Value, "ENC[AES256_GCM,")
	}
	return slices.ContainsFunc(node.Content, holdsValues)
}

func isEncrypted(res *resource.Resource) bool {
	metadata := res.Field("sops")
	return !metadata.IsNilOrEmpty() && !metadata.Value.Field("mac").IsNilOrEmpty()
}

func (j *job) decryptObject(res *resource.Resource, note Encrypted) error {
	data, err := res.MarshalJSON()
	if err != nil {
		return err
	}
	document, err := sops.Load(data, sops.JSON)
	if err != nil {
		return j.cannot(note, err)
	}
	secret := res.GetKind() == "Secret"
	if err := j.open(document, func(keys []string) string { return standIn(keys, secret) }, &note); err != nil {
		return j.cannot(note, err)
	}
	if data, err = document.Emit(sops.JSON); err != nil {
		return j.cannot(note, err)
	}
	// kustomize changes objects after SOPS did its work; only the file tells whether anybody else did.
	if note.Problem != noKey {
		note.Problem = ""
		if j.isChanged(note.File) {
			note.Problem, note.Resource = badMAC, ""
		}
	}
	j.note(note)
	return res.UnmarshalJSON(data)
}

// standIn returns what stands for an encrypted value of an object: in a Secret's data it is Base64.
func standIn(keys []string, secret bool) string {
	value := placeholder(keys[len(keys)-1])
	if secret && keys[0] == "data" {
		return base64.StdEncoding.EncodeToString([]byte(value))
	}
	return value
}

// placeholder returns what stands for the value of a key; the API server wants some to be JSON.
func placeholder(key string) string {
	value := substitute.PlaceholderFor(strings.TrimLeft(key, "."))
	switch {
	case strings.HasSuffix(key, ".dockerconfigjson"):
		return `{"auths":{"` + value + `":{}}}`
	case strings.HasSuffix(key, ".dockercfg"):
		return `{"` + value + `":{}}`
	default:
		return value
	}
}

func (j *job) decryptData(res *resource.Resource, note Encrypted) error {
	values := res.GetDataMap()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		data, err := base64.StdEncoding.DecodeString(values[key])
		if err != nil {
			continue
		}
		in, encrypted := sops.Detect(data)
		if !encrypted {
			continue
		}
		opened, err := j.decryptBytes(data, in, sops.FormatOf(key), key, note)
		if err != nil {
			return err
		}
		values[key] = base64.StdEncoding.EncodeToString(opened)
	}
	res.SetDataMap(values)
	return nil
}

// decryptBytes decrypts what is a file by itself.
func (j *job) decryptBytes(data []byte, in, out sops.Format, name string, note Encrypted) ([]byte, error) {
	document, err := sops.Load(data, in)
	if err != nil {
		return nil, j.cannot(note, err)
	}
	whole := in == sops.Binary || out == sops.Binary
	err = j.open(document, func(keys []string) string {
		if whole {
			return placeholder(path.Base(name))
		}
		return placeholder(keys[len(keys)-1])
	}, &note)
	if err != nil {
		return nil, j.cannot(note, err)
	}
	opened, err := document.Emit(out)
	if err != nil {
		return nil, j.cannot(note, err)
	}
	j.note(note)
	return opened, nil
}

// unbuildable tells whether a build that failed may well succeed with what is encrypted.
func (j *job) unbuildable(problem *fault.Error) *fault.Error {
	hidden := j.decryption.concealed
	if hidden == nil || problem.Code != fault.Build && problem.Code != fault.YAML {
		return problem
	}
	unknown := fault.New(fault.Encrypted, "%s is encrypted for %s, and the build needs it", hidden.File, strings.Join(hidden.Wanted, ", "))
	unknown.File, unknown.Line = hidden.File, hidden.Line
	return unknown
}

func (j *job) note(note Encrypted) {
	known := func(other Encrypted) bool {
		return other.File == note.File && other.Resource == note.Resource && other.Problem == note.Problem
	}
	if note.Problem == "" || slices.ContainsFunc(j.decryption.notes, known) {
		return
	}
	if note.Line == 0 {
		note.Line = j.lineOf(note.File, "sops")
	}
	j.decryption.notes = append(j.decryption.notes, note)
}

// isChanged tells whether a file was changed without SOPS. It can't be told of a file that SOPS didn't write as a whole.
func (j *job) isChanged(name string) bool {
	if name == "" || j.decryption.checked[name] {
		return false
	}
	j.decryption.checked[name] = true
	data, err := j.contents(name)
	if err != nil {
		return false
	}
	document, err := sops.Load(data, sops.FormatOf(name))
	if err != nil || !document.Whole() {
		return false
	}
	return errors.Is(document.Decrypt(j.decryption.keys), sops.ErrMAC)
}

// cannot says where something that can't be decrypted is. No such error quotes a decrypted value.
func (j *job) cannot(note Encrypted, err error) error {
	problem := fault.New(fault.Decryption, "%s", err)
	problem.File, problem.Resource = note.File, note.Resource
	problem.Remedy = "take the file from before it was damaged, or encrypt it again with sops"
	subject := note.File
	if subject == "" {
		subject = note.Resource
	}
	problem.Message = subject + ": " + err.Error()
	var value *sops.ValueError
	if errors.As(err, &value) {
		problem.Line = j.lineOf(note.File, value.CipherText)
		if value.CipherText == "" {
			problem.Line = j.lineOfKey(note.File, value.Path[len(value.Path)-1])
			problem.Remedy = "encrypt the file again: sops decrypt no longer reads it, so take the other values from before"
		}
	}
	if problem.Line == 0 {
		problem.Line = j.lineOf(note.File, "sops")
	}
	return problem
}

// lineOf finds the line of a text in a file of the tree, 0 where it isn't there.
func (j *job) lineOf(name, text string) int {
	data, err := j.contents(name)
	if err != nil || text == "" {
		return 0
	}
	return lineOf(data, text)
}

// lineOfKey finds the line that begins with a key, in any of the formats.
func (j *job) lineOfKey(name, key string) int {
	data, err := j.contents(name)
	if err != nil {
		return 0
	}
	at := regexp.MustCompile(`(?m)^[\s{-]*"?` + regexp.QuoteMeta(key) + `"?\s*[:=]`).FindIndex(data)
	if at == nil {
		return 0
	}
	return bytes.Count(bytes.TrimRight(data[:at[1]], "\n"), []byte("\n")) + 1
}

func (j *job) contents(name string) ([]byte, error) {
	entry := j.view.Lookup(name)
	if name == "" || entry == nil || entry.IsDir() {
		return nil, errNotShared
	}
	return j.view.Read(entry)
}
