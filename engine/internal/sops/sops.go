// Package sops reads what SOPS 3 encrypted, as kustomize-controller 1.9 does. SOPS' own packages bring the clients of
// all clouds along; what is needed of them is little: the formats, AES-GCM with the place of a value as additional data,
// and age. What is decrypted is in what Emit returns and in Secrets, and in no error.
package sops

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// format is how one of SOPS' formats is read and written.
type format struct {
	load    func([]byte) ([]mapping, error)
	extract func([]mapping) (map[string]any, error)
	emit    func([]mapping) ([]byte, error)
}

var known = map[Format]format{
	Binary: {loadJSON, extract, emitBinary},
	Dotenv: {loadDotenv, extractDotenv, emitDotenv},
	INI:    {loadINI, extractINI, emitINI},
	JSON:   {loadJSON, extract, emitJSON},
	YAML:   {loadYAML, extract, emitYAML},
}

// Document is an encrypted file or object.
type Document struct {
	documents []mapping
	metadata  *metadata
	secrets   []string
	whole     bool
	// data is the document as it was read, in its format.
	data   []byte
	format Format
}

// Load reads a document; the error is ErrNoMetadata where it isn't encrypted.
func Load(data []byte, in Format) (_ *Document, err error) {
	// The parsers of some formats panic on some malformed inputs.
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("is no valid %s file", in)
		}
	}()
	documents, err := known[in].load(data)
	if err != nil {
		return nil, err
	}
	if len(documents) == 0 {
		return nil, ErrNoMetadata
	}
	whole := isWhole(documents)
	fields, err := known[in].extract(documents)
	if err != nil {
		return nil, err
	}
	meta, err := read(fields)
	if err != nil {
		return nil, err
	}
	return &Document{documents: documents, metadata: meta, whole: whole, data: data, format: in}, nil
}

// isWhole tells whether the documents of a file have the same metadata, as they have where SOPS wrote the file.
func isWhole(documents []mapping) bool {
	macs := map[string]bool{}
	for _, document := range documents[1:] {
		macs[macOf(document)] = true
	}
	return len(macs) == 0 || len(macs) == 1 && macs[macOf(documents[0])]
}

func macOf(document mapping) string {
	for _, item := range document {
		if fields, isMapping := plain(item.value).(map[string]any); item.key == metadataKey && isMapping {
			return text(fields["mac"])
		}
	}
	return ""
}

// Whole tells whether SOPS encrypted the file as a whole, so that its message authentication code is about all of it.
func (d *Document) Whole() bool { return d.whole }

// ErrMAC says that values were changed, added or removed without SOPS.
var ErrMAC = errors.New("was changed without SOPS: its message authentication code doesn't fit its content")

// Decrypt decrypts all values. It returns a KeyError where none of the keys fits, and ErrMAC, with everything
// decrypted nonetheless, where the document isn't what SOPS wrote: kustomize-controller doesn't look at that.
func (d *Document) Decrypt(keys *Keys) error {
	key, err := d.metadata.dataKey(keys)
	if err != nil {
		return err
	}
	return d.decryptWith(key)
}

func (d *Document) decryptWith(key []byte) error {
	seal, err := newSealer(key)
	if err != nil {
		return errors.New("the data key has the wrong size: it was cut or changed")
	}
	sum := sha512.New()
	if d.metadata.onlyEnc {
		sum.Write(onlyEncrypted)
	}
	for _, document := range d.documents {
		err := document.walk(nil, nil, func(value any, path []string, comments [][]string) (any, error) {
			return d.decryptLeaf(seal, sum, value, path, comments)
		})
		if err != nil {
			return err
		}
	}
	mac, err := seal.open(d.metadata.mac, d.metadata.lastModified)
	want, isText := mac.(string)
	got := strings.ToUpper(hex.EncodeToString(sum.Sum(nil)))
	if err != nil || !isText || subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return ErrMAC
	}
	return nil
}

// onlyEncrypted begins the hash where it goes over encrypted values alone, so that the two kinds never agree. It is the
// SHA-256 of "sops".
var onlyEncrypted = []byte{
	0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
	0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
}

func (d *Document) decryptLeaf(seal sealer, sum hash.Hash, value any, path []string, comments [][]string) (any, error) {
	line, isComment := value.(comment)
	encrypted := d.metadata.rule(path, comments, isComment)
	if isComment {
		if encrypted {
			if opened, err := seal.open(line.text, place(path)); err == nil {
				return asComment(opened), nil
			}
		}
		return value, nil
	}
	if encrypted {
		text, isText := value.(string)
		if !isText {
			return nil, &ValueError{path, "", errShape}
		}
		opened, err := seal.open(text, place(path))
		if err != nil {
			return nil, &ValueError{path, cipherText(text), err}
		}
		value = opened
		d.keep(value)
	}
	if encrypted || !d.metadata.onlyEnc {
		data, err := bytesOf(value)
		if err != nil {
			return nil, err
		}
		sum.Write(data)
	}
	return value, nil
}

func asComment(opened any) comment {
	if text, isText := opened.(string); isText {
		return comment{text: text}
	}
	line, _ := opened.(comment)
	return line
}

// place is how SOPS writes a value's path.
func place(path []string) string { return strings.Join(path, ":") + ":" }

// cipherText returns a value if it is encrypted: then it may be searched for, and shown.
func cipherText(text string) string {
	if strings.HasPrefix(text, string(valueMark)) {
		return text
	}
	return ""
}

func (d *Document) keep(value any) {
	if data, err := bytesOf(value); err == nil && len(data) > 0 {
		d.secrets = append(d.secrets, string(data))
	}
}

// Secrets are the values that were decrypted, as texts.
func (d *Document) Secrets() []string { return d.secrets }

// Conceal puts what the caller makes of a path's keys in place of each encrypted value, without decrypting any.
func (d *Document) Conceal(standIn func(keys []string) string) error {
	for _, document := range d.documents {
		err := document.walk(nil, nil, func(value any, path []string, _ [][]string) (any, error) {
			if line, isComment := value.(comment); isComment {
				if cipherText(line.text) != "" {
					return comment{text: " encrypted"}, nil
				}
				return value, nil
			}
			if text, isText := value.(string); isText && cipherText(text) != "" {
				return standIn(path), nil
			}
			return value, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Emit writes the document in a format, without the metadata.
func (d *Document) Emit(out Format) (data []byte, err error) {
	// The writers of some formats panic on values that the format hasn't.
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("can't be written as %s", out)
		}
	}()
	return known[out].emit(d.documents)
}

// Wanted names the keys that the document is encrypted for.
func (d *Document) Wanted() []string {
	var names []string
	for _, group := range d.metadata.groups {
		for _, key := range group {
			names = append(names, key.String())
		}
	}
	return names
}

// ValueError says which value can't be decrypted.
type ValueError struct {
	// Path are the keys that lead to the value.
	Path []string
	// CipherText is the encrypted value as the document has it, "" where it isn't encrypted.
	CipherText string
	reason     error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s at %s", e.reason, strings.Join(e.Path, "."))
}
