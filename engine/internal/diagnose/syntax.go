package diagnose

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// document is one YAML document of a file; first is the number of the line that it begins at.
type document struct {
	data  []byte
	first int
}

// split cuts a file at the lines that begin with ---, as kyaml does.
func split(data []byte) []document {
	var documents []document
	start, first := 0, 1
	for at, line := 0, 1; at < len(data); line++ {
		end := len(data)
		if newline := bytes.IndexByte(data[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		if bytes.HasPrefix(data[at:end], []byte("---")) {
			documents = append(documents, document{data[start:at], first})
			start, first = end, line+1
		}
		at = end
	}
	return append(documents, document{data[start:], first})
}

var (
	yamlPosition = regexp.MustCompile(`(?:MalformedYAMLError: )?yaml: (?:line \d+: )?`)
	inFileSuffix = regexp.MustCompile(` in File: \S+$`)
	wrapped      = regexp.MustCompile(`^(?:invalid Kustomization: |error converting YAML to JSON: |YAML file \[.*\] encounters a format error\.\n)+`)
)

// syntax returns the line of the first thing in a text that isn't YAML, and what the parser says of it; false where
// all of it is. The parser names the line at which it noticed, or at which what it was parsing began; this looks
// for the first line that the text can't be continued after.
func syntax(data []byte) (line int, message string, broken bool) {
	for _, doc := range split(data) {
		err := parse(doc.data)
		if err == nil {
			continue
		}
		message = yamlPosition.ReplaceAllString(err.Error(), "")
		return doc.first + firstBroken(doc.data, reportedLine(err)), message, true
	}
	return 0, "", false
}

// Syntax is syntax for those who read files without building them.
func Syntax(data []byte) (line int, message string, broken bool) { return syntax(data) }

func parse(data []byte) error {
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return err
	}
	return nil
}

// longestSearch bounds the search in a large document; it ends near the line then.
const longestSearch = time.Second

var lineInError = regexp.MustCompile(`line (\d+):`)

func reportedLine(err error) int {
	if match := lineInError.FindStringSubmatch(err.Error()); match != nil {
		line, _ := strconv.Atoi(match[1])
		return line
	}
	return 0
}

// firstBroken returns the index of the line after the longest beginning of a document that parses. It looks around
// the line that the parser reported first. Longer ones may
// parse again, after a list over several lines for example, so that it goes on from each for some lines.
func firstBroken(data []byte, reported int) int {
	const ahead = 200
	started := time.Now()
	hurried := func() bool { return time.Since(started) > longestSearch }
	ends := lineEnds(data)
	good, bad := 0, len(ends)
	for _, guess := range []int{reported - 3, reported + 3} {
		if guess <= good || guess >= bad {
			continue
		}
		if parse(data[:ends[guess-1]]) == nil {
			good = guess
		} else {
			bad = guess
		}
	}
	for good+1 < bad && !hurried() {
		middle := (good + bad) / 2
		if parse(data[:ends[middle-1]]) == nil {
			good = middle
		} else {
			bad = middle
		}
	}
	for next := good + 1; next < len(ends) && next <= good+ahead && !hurried(); next++ {
		if parse(data[:ends[next-1]]) == nil {
			good = next
		}
	}
	for good < len(ends) && blank(lineOfIndex(data, ends, good)) {
		good++
	}
	return beforeGlued(data, ends, min(good, max(len(ends)-1, 0)))
}

var glued = regexp.MustCompile(`^\s*(?:- )?[A-Za-z][\w.-]*:[^\s:/]\S*\s*$`)

// beforeGlued goes back to a line such as "name:web" just before the one that the text breaks at: without a space it
// is the beginning of a longer text, which the next line can't continue.
func beforeGlued(data []byte, ends []int, index int) int {
	if index == 0 || index >= len(ends) {
		return index
	}
	before, line := lineOfIndex(data, ends, index-1), lineOfIndex(data, ends, index)
	if glued.MatchString(before) && indent(before) == indent(line) && strings.Contains(line, ": ") {
		return index - 1
	}
	return index
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func lineEnds(data []byte) []int {
	var ends []int
	for at, char := range data {
		if char == '\n' {
			ends = append(ends, at+1)
		}
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		ends = append(ends, len(data))
	}
	return ends
}

func lineOfIndex(data []byte, ends []int, index int) string {
	start := 0
	if index > 0 {
		start = ends[index-1]
	}
	return string(data[start:ends[index]])
}

func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// remedyFor says what to do about a line that isn't YAML.
func remedyFor(data []byte, line int, message string) string {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	text := lines[line-1]
	indentation := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	switch {
	case strings.Contains(indentation, "\t"):
		return "indent with spaces: YAML allows no tabs there"
	case strings.Contains(text, "{{"):
		return "templates are rendered by Helm alone; Flux and kustomize need plain YAML here"
	case strings.HasPrefix(text, "<<<<<<<") || strings.HasPrefix(text, "=======") || strings.HasPrefix(text, ">>>>>>>"):
		return "resolve the merge conflict"
	case strings.Contains(message, "control characters"):
		return "the file is not text"
	case glued.MatchString(text):
		return "put a space after the colon"
	case strings.Contains(message, "mapping values are not allowed"):
		return "check the indentation, and quote values that contain ': '"
	case unbalanced(text):
		return "close the quotation mark, or take it out"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "could not find expected ':'"):
		return "check the indentation, and that each key is followed by ': '"
	case strings.Contains(message, "unexpected end of stream"), strings.Contains(message, "unexpected document indicator"):
		return "close the quotation mark that is opened there"
	case strings.Contains(message, "did not find expected ','"):
		return "close the bracket that is opened there, and put commas between its entries"
	case strings.Contains(message, "unknown anchor"), strings.Contains(message, "expected alphabetic or numeric"):
		return "quote the text, unless an alias (*) or anchor (&) is meant: that is defined above, in the same document"
	case strings.Contains(message, "unknown escape character"):
		return "use single quotes, or write \\\\ for a backslash"
	case strings.Contains(message, "cannot start any token"):
		return "quote values that begin with @, ` or %"
	}
	return ""
}

// unbalanced tells whether a line's value begins with a quotation mark that nothing on the line closes.
func unbalanced(line string) bool {
	value := strings.TrimSpace(line[strings.Index(line, ":")+1:])
	value = strings.TrimSpace(strings.TrimPrefix(value, "- "))
	return value != "" && (value[0] == '"' || value[0] == '\'') && strings.Count(value, value[:1])%2 == 1
}

// duplicateKey returns the line of a key that its mapping has already, and the line of the first.
func duplicateKey(data []byte, key string) (second, first int) {
	for _, doc := range split(data) {
		var node yaml.Node
		if yaml.Unmarshal(doc.data, &node) != nil {
			continue
		}
		if second, first := duplicateIn(&node, key, 0); second > 0 {
			return doc.first + second - 1, doc.first + first - 1
		}
	}
	return 0, 0
}

func duplicateIn(node *yaml.Node, key string, depth int) (second, first int) {
	if depth > maxNesting {
		return 0, 0
	}
	if node.Kind == yaml.MappingNode {
		for at := 0; at+1 < len(node.Content); at += 2 {
			if name := node.Content[at]; name.Value == key {
				if first > 0 {
					return name.Line, first
				}
				first = name.Line
			}
		}
	}
	for _, child := range node.Content {
		if second, first := duplicateIn(child, key, depth+1); second > 0 {
			return second, first
		}
	}
	return 0, 0
}
