package sops

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var encryptedValue = regexp.MustCompile(`^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]`)

// errShape never quotes the value: it is what should have been encrypted, and may be a secret.
var errShape = errors.New("holds a value that should be encrypted and isn't")

// sealer decrypts the values of one document.
type sealer struct{ block cipher.Block }

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	return sealer{block}, err
}

// open decrypts one value; path authenticates its place. No error quotes what was decrypted.
func (s sealer) open(text, path string) (any, error) {
	if text == "" {
		return "", nil
	}
	match := encryptedValue.FindStringSubmatch(text)
	if match == nil {
		return nil, errShape
	}
	var parts [3][]byte
	for at := range parts {
		part, err := base64.StdEncoding.DecodeString(match[at+1])
		if err != nil {
			return nil, errors.New("holds an encrypted value that isn't Base64: it was cut or changed")
		}
		parts[at] = part
	}
	if len(parts[1]) == 0 {
		return nil, errors.New("holds an encrypted value without its initialization vector")
	}
	gcm, err := cipher.NewGCMWithNonceSize(s.block, len(parts[1]))
	if err != nil {
		return nil, err
	}
	decrypted, err := gcm.Open(nil, parts[1], append(parts[0], parts[2]...), []byte(path))
	if err != nil {
		return nil, errors.New("holds an encrypted value that was changed, or moved from another place or file")
	}
	return typed(decrypted, match[4])
}

func typed(data []byte, kind string) (value any, err error) {
	switch kind {
	case "str":
		return string(data), nil
	case "bytes":
		return data, nil
	case "comment":
		return comment{text: string(data)}, nil
	case "int":
		value, err = strconv.Atoi(string(data))
	case "float":
		value, err = strconv.ParseFloat(string(data), 64)
	case "bool":
		value, err = strconv.ParseBool(string(data))
	case "time":
		var moment time.Time
		err = moment.UnmarshalText(data)
		value = moment
	default:
		return nil, fmt.Errorf("holds an encrypted value of the unknown type %q", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("holds an encrypted value that is no %s", kind)
	}
	return value, nil
}

// bytesOf returns what a value adds to the hash that authenticates a document.
func bytesOf(value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return []byte(value), nil
	case []byte:
		return value, nil
	case int:
		return []byte(strconv.Itoa(value)), nil
	case float64:
		return []byte(strconv.FormatFloat(value, 'f', -1, 64)), nil
	case bool:
		// SOPS was once written in Python.
		if value {
			return []byte("True"), nil
		}
		return []byte("False"), nil
	case time.Time:
		return value.MarshalText()
	case comment:
		// SOPS makes an item of a list's comment when it encrypts it, and only sees that when it has decrypted it.
		return []byte(value.text), nil
	default:
		return nil, fmt.Errorf("a value of type %T can't be authenticated", value)
	}
}
