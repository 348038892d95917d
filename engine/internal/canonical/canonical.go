// Package canonical writes YAML nodes as JSON with sorted keys, as kustomize and the Kubernetes decoders read them.
package canonical

import (
	"encoding/json"
	"errors"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// ErrUnusual is returned for nodes whose meaning is better left to a full decoder: aliases, merge keys, tags of
// other kinds, keys that aren't strings or that come twice, texts that don't survive being written.
var ErrUnusual = errors.New("the node has aliases, merge keys, or unusual tags or texts")

// Append appends a node's JSON to dst. Numbers keep their value: integers are written as they are.
func Append(dst []byte, node *yaml.Node) ([]byte, error) { return appendNode(dst, node, false) }

// appendNode appends a node that is written in flow style or not: the style of a node is that of all below it.
func appendNode(dst []byte, node *yaml.Node, flow bool) ([]byte, error) {
	flow = flow || node.Style&yaml.FlowStyle != 0
	switch node.Kind {
	case yaml.DocumentNode:
		if len(node.Content) != 1 {
			return dst, ErrUnusual
		}
		return appendNode(dst, node.Content[0], flow)
	case yaml.MappingNode:
		return appendMapping(dst, node, flow)
	case yaml.SequenceNode:
		return appendSequence(dst, node, flow)
	case yaml.ScalarNode:
		if flow && node.Value == "" && node.Style&quoted == 0 {
			// The writer makes an empty text of nothing here.
			return dst, ErrUnusual
		}
		return appendScalar(dst, node)
	default:
		return dst, ErrUnusual
	}
}

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle

func appendSequence(dst []byte, node *yaml.Node, flow bool) ([]byte, error) {
	if tag := node.ShortTag(); tag != "!!seq" {
		return dst, ErrUnusual
	}
	var err error
	dst = append(dst, '[')
	for index, item := range node.Content {
		if index > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendNode(dst, item, flow); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

type pair struct{ key, value *yaml.Node }

func appendMapping(dst []byte, node *yaml.Node, flow bool) ([]byte, error) {
	if tag := node.ShortTag(); tag != "!!map" {
		return dst, ErrUnusual
	}
	pairs, err := sortedPairs(node)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '{')
	for index, pair := range pairs {
		if index > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, pair.key.Value), ':')
		if dst, err = appendNode(dst, pair.value, flow); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func sortedPairs(node *yaml.Node) ([]pair, error) {
	pairs := make([]pair, 0, len(node.Content)/2)
	for at := 0; at+1 < len(node.Content); at += 2 {
		key := node.Content[at]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return nil, ErrUnusual
		}
		pairs = append(pairs, pair{key, node.Content[at+1]})
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].key.Value < pairs[j].key.Value })
	for index := 1; index < len(pairs); index++ {
		if pairs[index-1].key.Value == pairs[index].key.Value {
			return nil, ErrUnusual
		}
	}
	return pairs, nil
}

func appendScalar(dst []byte, node *yaml.Node) ([]byte, error) {
	switch node.ShortTag() {
	case "!!str":
		if rewritten(node) {
			return dst, ErrUnusual
		}
		return appendString(dst, node.Value), nil
	case "!!null":
		return append(dst, "null"...), nil
	case "!!bool", "!!int", "!!float", "!!timestamp":
		return appendDecoded(dst, node)
	default:
		return dst, ErrUnusual
	}
}

// rewritten tells whether a text may come out otherwise when the node is written as YAML and read again, as kustomize
// does with each object: the writer (go.yaml.in/yaml/v3) doubles line breaks of folded texts, for one. It errs on the
// side of yes.
func rewritten(node *yaml.Node) bool {
	value := node.Value
	if value == "" || node.Style&quoted != 0 {
		return false
	}
	if !strings.Contains(value, "\n") {
		return node.Style&(yaml.FoldedStyle|yaml.LiteralStyle) != 0 && strings.TrimSpace(value) != value
	}
	return node.Style&yaml.FoldedStyle != 0 || strings.ContainsAny(value[:1], " \t\n") ||
		strings.HasSuffix(value, "\n\n") || strings.Contains(value, " \n") || strings.ContainsAny(value, "\r\u0085\u2028\u2029\ufeff")
}

func appendDecoded(dst []byte, node *yaml.Node) ([]byte, error) {
	if plainInteger(node.Value) && node.ShortTag() == "!!int" {
		return append(dst, node.Value...), nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return dst, ErrUnusual
	}
	data, err := json.Marshal(value)
	if err != nil {
		return dst, ErrUnusual
	}
	return append(dst, data...), nil
}

// plainInteger tells whether a text reads the same in YAML and JSON: no sign but a minus, no leading zero.
func plainInteger(text string) bool {
	digits := text
	if len(digits) > 1 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(text) > 1 {
		return false
	}
	for at := range len(digits) {
		if digits[at] < '0' || digits[at] > '9' {
			return false
		}
	}
	return true
}

const hex = "0123456789abcdef"

// appendString appends a JSON string; invalid UTF-8 becomes the replacement character, as in encoding/json.
func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	start := 0
	for at := 0; at < len(text); {
		char := text[at]
		if char < utf8.RuneSelf {
			if char >= ' ' && char != '"' && char != '\\' {
				at++
				continue
			}
			dst = appendEscaped(append(dst, text[start:at]...), char)
			at++
			start = at
			continue
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, text[start:at]...), `\ufffd`...)
			start = at + size
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, text[start:at]...), `\u202`...)
			dst = append(dst, hex[r&0xf])
			start = at + size
		}
		at += size
	}
	return append(append(dst, text[start:]...), '"')
}

func appendEscaped(dst []byte, char byte) []byte {
	switch char {
	case '"', '\\':
		return append(dst, '\\', char)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	default:
		return append(dst, '\\', 'u', '0', '0', hex[char>>4], hex[char&0xf])
	}
}
