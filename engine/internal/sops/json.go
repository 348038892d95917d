package sops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// loadJSON reads an object; integers stay integers.
func loadJSON(data []byte) ([]mapping, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := jsonValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	object, isObject := value.(mapping)
	if !isObject {
		return nil, errors.New("is not a JSON object")
	}
	return []mapping{object}, nil
}

// maxNesting is far more than any real file has.
const maxNesting = 1000

func jsonValue(decoder *json.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, errors.New("nests too deep")
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return jsonObject(decoder, depth)
		}
		return jsonList(decoder, depth)
	case json.Number:
		if integer, err := token.Int64(); err == nil {
			return int(integer), nil
		}
		float, err := token.Float64()
		if err != nil {
			return nil, errors.New("holds a number that is out of range")
		}
		return float, nil
	default:
		return token, nil
	}
}

func jsonObject(decoder *json.Decoder, depth int) (any, error) {
	object := mapping{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		value, err := jsonValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		object = append(object, entry{key, value})
	}
	_, err := decoder.Token()
	return object, notJSON(err)
}

func jsonList(decoder *json.Decoder, depth int) (any, error) {
	items := []any{}
	for decoder.More() {
		value, err := jsonValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, value)
	}
	_, err := decoder.Token()
	return items, notJSON(err)
}

func notJSON(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is not JSON: it ends too early")
	default:
		return fmt.Errorf("is not JSON: %s", err)
	}
}

// emitJSON writes the first document, indented with tabs as SOPS does by default.
func emitJSON(documents []mapping) ([]byte, error) {
	if len(documents) == 0 {
		return nil, errors.New("holds no document")
	}
	var compact, out bytes.Buffer
	if err := appendJSON(&compact, documents[0]); err != nil {
		return nil, err
	}
	if err := json.Indent(&out, compact.Bytes(), "", "\t"); err != nil {
		return nil, errors.New("can't be written as JSON")
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func appendJSON(out *bytes.Buffer, value any) error {
	switch value := value.(type) {
	case mapping:
		return appendObject(out, value)
	case []any:
		return appendList(out, value)
	default:
		data, err := json.Marshal(value)
		if err != nil {
			return errors.New("holds a value that can't be written as JSON")
		}
		out.Write(data)
		return nil
	}
}

func appendObject(out *bytes.Buffer, object mapping) error {
	separator := "{"
	for _, item := range object {
		key, isText := item.key.(string)
		if !isText {
			continue
		}
		out.WriteString(separator)
		separator = ","
		if err := appendJSON(out, key); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := appendJSON(out, item.value); err != nil {
			return err
		}
	}
	if separator == "{" {
		out.WriteByte('{')
	}
	out.WriteByte('}')
	return nil
}

func appendList(out *bytes.Buffer, items []any) error {
	separator := "["
	for _, item := range items {
		if _, isComment := item.(comment); isComment {
			continue
		}
		out.WriteString(separator)
		separator = ","
		if err := appendJSON(out, item); err != nil {
			return err
		}
	}
	if separator == "[" {
		out.WriteByte('[')
	}
	out.WriteByte(']')
	return nil
}

// emitBinary returns what a file without a format held.
func emitBinary(documents []mapping) ([]byte, error) {
	if len(documents) == 1 {
		for _, item := range documents[0] {
			if data, isText := item.value.(string); isText && item.key == "data" {
				return []byte(data), nil
			}
		}
	}
	return nil, errors.New("has no data that could be written as a binary file: its name should tell its format")
}
