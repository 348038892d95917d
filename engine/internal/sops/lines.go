package sops

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/ini.v1"
)

// loadDotenv reads lines of KEY=value.
func loadDotenv(data []byte) ([]mapping, error) {
	content := mapping{}
	for number, line := range strings.Split(string(data), "\n") {
		if line == "" {
			continue
		}
		if text, isComment := strings.CutPrefix(line, "#"); isComment {
			content = append(content, entry{key: comment{text: text}})
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			return nil, fmt.Errorf("has no = in line %d", number+1)
		}
		content = append(content, entry{key, strings.ReplaceAll(value, `\n`, "\n")})
	}
	return []mapping{content}, nil
}

const dotenvPrefix = metadataKey + "_"

// extractDotenv takes the metadata out of a dotenv file, where their keys have a prefix.
func extractDotenv(documents []mapping) (map[string]any, error) {
	flat := map[string]any{}
	rest := documents[0][:0]
	for _, item := range documents[0] {
		key, _ := item.key.(string)
		if name, isMetadata := strings.CutPrefix(key, dotenvPrefix); isMetadata {
			flat[name] = item.value
		} else {
			rest = append(rest, item)
		}
	}
	documents[0] = rest
	if len(flat) == 0 {
		return nil, ErrNoMetadata
	}
	return unflatten(flat), nil
}

func emitDotenv(documents []mapping) ([]byte, error) {
	if len(documents) == 0 {
		return nil, errors.New("holds no document")
	}
	var out bytes.Buffer
	for _, item := range documents[0] {
		switch key := item.key.(type) {
		case comment:
			fmt.Fprintf(&out, "#%s\n", key.text)
		case string:
			value, err := lineOf(item.value)
			if err != nil {
				return nil, fmt.Errorf("can't be written as a dotenv file: %s is no single value", key)
			}
			fmt.Fprintf(&out, "%s=%s\n", key, strings.ReplaceAll(value, "\n", `\n`))
		}
	}
	return out.Bytes(), nil
}

// lineOf returns a scalar as dotenv and ini files have it.
func lineOf(value any) (string, error) {
	switch value := value.(type) {
	case mapping, []any:
		return "", errors.New("no single value")
	case string:
		return value, nil
	case float64:
		text := strconv.FormatFloat(value, 'G', -1, 64)
		if !strings.ContainsAny(text, ".E") {
			text = strconv.FormatFloat(value, 'f', 1, 64)
		}
		return text, nil
	case time.Time:
		return value.Format(time.RFC3339), nil
	default:
		return fmt.Sprint(value), nil
	}
}

var iniOptions = ini.LoadOptions{AllowNonUniqueSections: true}

// loadINI reads sections, each as a mapping; a comment follows the key that it belongs to.
func loadINI(data []byte) ([]mapping, error) {
	file, err := ini.LoadSources(iniOptions, data)
	if err != nil {
		return nil, errors.New("is not an ini file")
	}
	document := mapping{}
	for _, section := range file.Sections() {
		content := remark(mapping{}, section.Comment)
		for _, key := range section.Keys() {
			content = remark(append(content, entry{key.Name(), key.Value()}), key.Comment)
		}
		document = append(document, entry{section.Name(), content})
	}
	return []mapping{document}, nil
}

func remark(content mapping, text string) mapping {
	if text == "" {
		return content
	}
	for _, mark := range []string{";", "#"} {
		if strings.HasPrefix(text, mark) {
			text = strings.TrimLeft(text, mark+" ")
			break
		}
	}
	return append(content, entry{key: comment{text: text}})
}

// extractINI takes the metadata out of the section that holds them.
func extractINI(documents []mapping) (map[string]any, error) {
	flat, err := extract(documents)
	if err != nil {
		return nil, err
	}
	for key, value := range flat {
		if text, isText := value.(string); isText {
			flat[key] = strings.ReplaceAll(text, `\n`, "\n")
		}
	}
	return unflatten(flat), nil
}

func emitINI(documents []mapping) ([]byte, error) {
	file := ini.Empty(iniOptions)
	file.DeleteSection(ini.DefaultSection)
	for _, document := range documents {
		for _, item := range document {
			name, isText := item.key.(string)
			if !isText {
				continue
			}
			content, isMapping := item.value.(mapping)
			if !isMapping {
				return nil, fmt.Errorf("can't be written as an ini file: %s is no section", name)
			}
			if err := addSection(file, name, content); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	if _, err := file.WriteTo(&out); err != nil {
		return nil, errors.New("can't be written as an ini file")
	}
	return out.Bytes(), nil
}

func addSection(file *ini.File, name string, content mapping) error {
	section, err := file.NewSection(name)
	if err != nil {
		return fmt.Errorf("can't be written as an ini file: there may be no section %q", name)
	}
	var last *ini.Key
	for at, item := range content {
		if text, isComment := item.key.(comment); isComment {
			if at == 0 {
				section.Comment = text.text
			} else if last != nil {
				last.Comment = text.text
			}
			continue
		}
		value, err := lineOf(item.value)
		if err != nil {
			value = fmt.Sprint(plain(item.value))
		}
		key, _ := item.key.(string)
		if last, err = section.NewKey(key, value); err != nil {
			return fmt.Errorf("can't be written as an ini file: there may be no key %q", key)
		}
	}
	return nil
}
