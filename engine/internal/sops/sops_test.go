package sops_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/pytest-gitops/pytest-gitops/engine/internal/repotest"
	"github.com/pytest-gitops/pytest-gitops/engine/internal/sops"
)

// plain are files whose values have every type and every place that a format allows.
var plain = map[string]string{
	"all.yaml": `# A comment at the head
apiVersion: v1
kind: Secret # inline
metadata:
    name: all
    # nothing but a comment
    labels: {}
stringData:
    text: s3cret
    empty: ""
    nothing: null
    number: 42
    big: 9007199254740993
    float: 1.50
    exponent: 2e-07
    truth: true
    day: 2001-12-14
    moment: 2001-12-14T21:59:43.1-05:00
    quoted: "123"
    multiline: |
        first
        second
    folded: >-
        one
        two
    umlaut: größe
    # encrypt what follows
    list:
        # before an item
        - one # beside it
        - 2
        - {a: b, c: [d, e]}
        # after the items
    plain_unencrypted: stays
    # at the end
anchor: &a {x: y}
alias: *a
`,
	"documents.yaml": "a: one\n---\nb: two\n---\n# only a comment\n",
	"empty.yaml":     "a: {}\nb: []\nc: [[], {}]\n",
	"all.json":       `{"a": "text <&>", "b": [1, 2.5, true, null, "", {"c": [["x"]]}], "d": {}, "e": 9007199254740993, "f_unencrypted": 3.0}`,
	"all.env":        "# a comment\nA=text\nB=\nC=with = sign\nD=\"quoted\"\nE=line\\nbreak\n\nF_unencrypted=stays\n",
	"all.ini":        "; of the section\n[one]\n; of the key\nkey = value\nother = \"quoted; value\"\n\n[two]\nempty =\nnumber = 5\n",
	"token":          "just\x00 bytes \xc3\xa4\n",
	"auth.json":      `{"auths": {"registry": {"auth": "abc"}}}`,
}

// options are those of sops that change what is encrypted.
var options = map[string]string{
	"default":                   "",
	"encrypted_regex":           "encrypted_regex: '^(stringData|b|one|data|[B-E])$'",
	"unencrypted_regex":         "unencrypted_regex: '^(apiVersion|metadata|kind)$'",
	"encrypted_suffix":          "encrypted_suffix: a",
	"unencrypted_suffix":        "unencrypted_suffix: e",
	"mac_only_encrypted":        "{encrypted_regex: '^(text|list|b)$', mac_only_encrypted: true}",
	"encrypted_comment_regex":   "encrypted_comment_regex: encrypt what",
	"unencrypted_comment_regex": "unencrypted_comment_regex: 'before an item|A comment|^ a comment'",
}

// TestFormats compares with sops itself: what it encrypts in every format and by every rule, this decrypts to what it
// decrypts itself, byte by byte.
func TestFormats(t *testing.T) {
	tool := repotest.NewSops(t)
	for name, content := range plain {
		for called, option := range options {
			t.Run(name+"/"+called, func(t *testing.T) {
				t.Parallel()
				directory := repotest.Write(t, map[string]string{name: content, ".sops.yaml": rules(tool.Recipient, option)})
				file := filepath.Join(directory, name)
				encrypted, err := tool.Run(t, "--config", filepath.Join(directory, ".sops.yaml"), "encrypt", file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, encrypted, 0o600); err != nil {
					t.Fatal(err)
				}
				_, mismatch := tool.Run(t, "decrypt", file)
				want, err := tool.Run(t, "decrypt", "--ignore-mac", file)
				if err != nil {
					t.Fatal(err)
				}
				got, err := decrypt(t, encrypted, sops.FormatOf(name), tool.Key)
				// What sops writes it can't always read: it makes items of a list's comments, and counts them then.
				if errors.Is(err, sops.ErrMAC) != (mismatch != nil) || err != nil && mismatch == nil {
					t.Errorf("got %v, want %v", err, mismatch)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// TestGroups puts a data key together from the shares of several groups of keys.
func TestGroups(t *testing.T) {
	first, second, third := repotest.NewSops(t), repotest.NewSops(t), repotest.NewSops(t)
	directory := repotest.Write(t, map[string]string{
		"a.yaml": "a: secret\n",
		".sops.yaml": fmt.Sprintf("creation_rules:\n- shamir_threshold: 2\n  key_groups:\n  - age: [%s]\n  - age: [%s]\n  - age: [%s]\n",
			first.Recipient, second.Recipient, third.Recipient),
	})
	encrypted, err := first.Run(t, "--config", filepath.Join(directory, ".sops.yaml"), "encrypt", filepath.Join(directory, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decrypt(t, encrypted, sops.YAML, first.Key+"\n"+second.Key); err != nil || string(got) != "a: secret\n" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = decrypt(t, encrypted, sops.YAML, first.Key)
	var problem *sops.KeyError
	if !errors.As(err, &problem) {
		t.Errorf("with one of two shares the error is %v", err)
	}
}

// TestErrors tells what is wrong with files that were damaged, and never what they hold.
func TestErrors(t *testing.T) {
	tool := repotest.NewSops(t)
	keys, recipient, other := tool.Key, tool.Recipient, repotest.NewSops(t).Key
	file := filepath.Join(repotest.Write(t, map[string]string{"a.yaml": "a: hunter2\nb: 12345678\nc: [x]\n"}), "a.yaml")
	data, err := tool.Run(t, "encrypt", "--age", recipient, file)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := string(data)
	value := regexp.MustCompile(`a: (ENC\[.*\])`).FindStringSubmatch(encrypted)[1]
	mac := regexp.MustCompile(`mac: (ENC\[.*\])`).FindStringSubmatch(encrypted)[1]
	key := regexp.MustCompile(`(?s)BEGIN AGE ENCRYPTED FILE-----\n *(\S{10})`).FindStringSubmatch(encrypted)[1]
	for name, test := range map[string]struct{ data, keys, want string }{
		"another key":       {encrypted, other, "encrypted for " + recipient},
		"no key":            {encrypted, "", "encrypted for " + recipient},
		"a damaged key":     {strings.Replace(encrypted, key, "AAAAAAAAAA", 1), keys, "the data key can't be decrypted, although it is encrypted for a key that is given: it was cut or changed"},
		"another MAC":       {strings.Replace(encrypted, mac, value, 1), keys, sops.ErrMAC.Error()},
		"no MAC":            {strings.Replace(encrypted, mac, `""`, 1), keys, sops.ErrMAC.Error()},
		"a value moved":     {strings.Replace(encrypted, "b: ", "d: "+value+"\nb: ", 1), keys, "holds an encrypted value that was changed, or moved from another place or file at d"},
		"another type":      {strings.Replace(encrypted, "type:int", "type:str", 1), keys, ""},
		"a value's type":    {strings.Replace(encrypted, "type:str", "type:int", 1), keys, "holds an encrypted value that is no int at a"},
		"a value's data":    {strings.Replace(encrypted, "data:", "data:AAAA", 1), keys, "holds an encrypted value that was changed, or moved from another place or file at a"},
		"a value's Base64":  {strings.Replace(encrypted, "data:", "data:*", 1), keys, "holds an encrypted value that isn't Base64: it was cut or changed at a"},
		"a plain value":     {strings.Replace(encrypted, value, "hunter2", 1), keys, "holds a value that should be encrypted and isn't at a"},
		"a value removed":   {strings.Replace(encrypted, "a: "+value+"\n", "", 1), keys, sops.ErrMAC.Error()},
		"cut in a value":    {encrypted[:len("a: ENC[AES")], keys, sops.ErrNoMetadata.Error()},
		"cut in a key":      {encrypted[:strings.Index(encrypted, key)+5], keys, "the sops metadata have no lastmodified that is a time: they were cut or changed"},
		"cut in the MAC":    {encrypted[:strings.Index(encrypted, mac)+20], keys, "is not YAML: line 17: mapping values are not allowed in this context"},
		"no YAML":           {"a: [\n" + encrypted, keys, "is not YAML: line 3: did not find expected ',' or ']'"},
		"two rules":         {encrypted + "    encrypted_regex: a\n", keys, "the sops metadata have both unencrypted_suffix and encrypted_regex; SOPS allows one of them"},
		"no keys":           {"a: b\nsops: {lastmodified: \"2026-01-01T00:00:00Z\", mac: x}\n", keys, "the sops metadata name no keys: they were cut or changed"},
		"empty":             {"", keys, sops.ErrNoMetadata.Error()},
		"a list":            {"- a\n", keys, "is not a YAML mapping"},
		"a key that is one": {strings.Replace(encrypted, "a: ", "1: ", 1), keys, "a key that is no text (int) can't be decrypted"},
	} {
		_, err := decrypt(t, []byte(test.data), sops.YAML, test.keys)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want && !(name == "no YAML" && strings.HasPrefix(got, "is not YAML: line ")) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if strings.Contains(got, "hunter2") || strings.Contains(got, "12345678") {
			t.Errorf("%s: the error holds a secret: %s", name, got)
		}
	}
}

// TestParseKeys names no key that it can't read.
func TestParseKeys(t *testing.T) {
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := sops.ParseKeys([]string{"# created: today\n# public key: x\n" + identity.String() + " # of the cluster\n", ""})
	if err != nil || len(keys.Recipients()) != 1 || keys.Recipients()[0] != identity.Recipient().String() {
		t.Errorf("got %v, %v", keys.Recipients(), err)
	}
	for text, want := range map[string]string{
		"AGE-SECRET-KEY-1SECRET":    "an age key can't be read: it was cut or changed",
		"AGE-SECRET-KEY-PQ-1SECRET": "an age key can't be read: it was cut or changed",
		"AGE-PLUGIN-YUBIKEY-1X":     "an age key needs a plugin of age, which is a program and isn't run",
		"hunter2":                   "an age key doesn't begin with AGE-SECRET-KEY-1",
	} {
		if _, err := sops.ParseKeys([]string{text}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestConceal keeps the shape of a document, and nothing of its values.
func TestConceal(t *testing.T) {
	tool := repotest.NewSops(t)
	recipient := tool.Recipient
	directory := repotest.Write(t, map[string]string{"a.yaml": "kind: Secret\ndata:\n    a: one\n    m: 5\n    list: [x, {k: y}]\n    e: \"\"\n    # hidden\n    b: true\n"})
	encrypted, err := tool.Run(t, "encrypt", "--age", recipient, "--unencrypted-regex", "kind", filepath.Join(directory, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := sops.Load(encrypted, sops.YAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Conceal(func(keys []string) string { return "<" + keys[len(keys)-1] + ">" }); err != nil {
		t.Fatal(err)
	}
	got, err := document.Emit(sops.YAML)
	want := "kind: Secret\ndata:\n    a: <a>\n    m: <m>\n    list:\n        - <list>\n        - k: <k>\n    e: \"\"\n    # encrypted\n    b: <b>\n"
	if err != nil || string(got) != want {
		t.Errorf("got\n%s\n%v\nwant\n%s", got, err, want)
	}
	if fmt.Sprint(document.Wanted()) != "["+recipient+"]" {
		t.Errorf("it is wanted for %v", document.Wanted())
	}
}

// FuzzLoad never panics, whatever a file holds.
func FuzzLoad(f *testing.F) {
	keys, err := sops.ParseKeys(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, content := range plain {
		f.Add([]byte(content + "\nsops:\n  lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: x\n  age: [{recipient: a, enc: b}]\n"))
		f.Add([]byte(content))
	}
	f.Add([]byte("A=ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\nsops_mac=x\nsops_age__list_0__map_enc=y\nsops_lastmodified=2026-01-01T00:00:00Z\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, format := range []sops.Format{sops.Binary, sops.Dotenv, sops.INI, sops.JSON, sops.YAML} {
			document, err := sops.Load(data, format)
			if err != nil {
				continue
			}
			_ = document.Decrypt(keys)
			_ = document.Conceal(func(keys []string) string { return keys[0] })
			_, _ = document.Emit(format)
		}
	})
}

// rules are sops' configuration with one option more than the key.
func rules(recipient, option string) string {
	if text, isMapping := strings.CutPrefix(option, "{"); isMapping {
		option = strings.ReplaceAll(strings.TrimSuffix(text, "}"), ", ", "\n  ")
	}
	return fmt.Sprintf("creation_rules:\n- age: %s\n  %s\n", recipient, option)
}

func decrypt(t *testing.T, data []byte, format sops.Format, keys string) ([]byte, error) {
	t.Helper()
	parsed, err := sops.ParseKeys([]string{keys})
	if err != nil {
		t.Fatal(err)
	}
	document, err := sops.Load(data, format)
	if err != nil {
		return nil, err
	}
	err = document.Decrypt(parsed)
	if err != nil && !errors.Is(err, sops.ErrMAC) {
		return nil, err
	}
	content, problem := document.Emit(format)
	return content, errors.Join(err, problem)
}
