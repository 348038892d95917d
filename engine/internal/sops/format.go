package sops

import (
	"bytes"
	"strings"
)

// Format is one of the file formats that SOPS encrypts.
type Format string

// The formats of SOPS; what has none of the others' suffixes is binary.
const (
	Binary Format = "binary"
	Dotenv Format = "dotenv"
	INI    Format = "INI"
	JSON   Format = "JSON"
	YAML   Format = "YAML"
)

// suffixes follow FormatForPath of SOPS, and kustomize-controller in what it adds: a registry's credentials.
var suffixes = []struct {
	suffix string
	format Format
}{
	{".dockerconfigjson", JSON}, {".yaml", YAML}, {".yml", YAML}, {".json", JSON}, {".env", Dotenv}, {".ini", INI},
}

// FormatOf returns the format that a file has by its name.
func FormatOf(name string) Format {
	for _, known := range suffixes {
		if strings.HasSuffix(name, known.suffix) {
			return known.format
		}
	}
	return Binary
}

// markers are the texts by which kustomize-controller tells that data is encrypted.
var markers = map[Format][]byte{
	Binary: []byte(`"mac": "ENC[`),
	Dotenv: []byte("sops_mac=ENC["),
	INI:    []byte("[sops]"),
	JSON:   []byte(`"mac": "ENC[`),
	YAML:   []byte("mac: ENC["),
}

// IsEncrypted tells whether data of this format is encrypted.
func IsEncrypted(data []byte, format Format) bool { return bytes.Contains(data, markers[format]) }

// Detect returns the format that encrypted data has, and whether it is encrypted at all. JSON stands for binary data
// too: encrypted, both are the same.
func Detect(data []byte) (Format, bool) {
	for _, format := range []Format{JSON, YAML, Dotenv, INI} {
		if IsEncrypted(data, format) {
			return format, true
		}
	}
	return Binary, false
}

// valueMark begins every value that SOPS encrypts.
var valueMark = []byte("ENC[AES256_GCM,")

// HoldsValues tells whether data holds encrypted values, wherever what is needed to decrypt them is.
func HoldsValues(data []byte) bool { return bytes.Contains(data, valueMark) }
