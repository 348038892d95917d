package guard

import (
	"bytes"
	"strings"
)

// clear tells whether a document certainly costs little. It counts what values, levels and keys can't do without,
// wherever that stands, and so takes too much for YAML but never too little. Deep blocks it lets pass up to a column:
// the spaces before them make the file as large as the work.
func (l limits) clear(document []byte) bool {
	if oddBreaks(document) || named(document, '*') && named(document, '&') {
		return false
	}
	tally := tally{siblings: make([]int, l.column+1)}
	for len(document) > 0 {
		line := document
		if at := bytes.IndexByte(document, '\n'); at >= 0 {
			line = document[:at+1]
		}
		document = document[len(line):]
		column, text := leading(line)
		if text > l.column || tally.keys(column) > l.keys {
			return false
		}
		tally.flow(line)
		tally.values += 2 + text - column
		tally.indentation += 2 * (text + 2)
	}
	return tally.clears(l)
}

// tally is what the lines of a document come to at most.
type tally struct {
	values, indentation int
	// siblings holds, by column, the lines since one further left.
	siblings []int
	deepest  int
	// commas counts all, as they part the keys of flow mappings; openers the brackets and braces that nothing on
	// their line closes, widest those of one line.
	commas, openers, widest int
}

// keys counts a line that begins at a column. Each key of a block mapping begins a line of its own, at the column of
// the mapping's other keys, with no line further left between them.
func (t *tally) keys(column int) int {
	for ; t.deepest > column; t.deepest-- {
		t.siblings[t.deepest] = 0
	}
	t.deepest = column
	t.siblings[column]++
	return t.siblings[column]
}

// flow counts the openers of a line. What closes them counts too, unless it may be text: in quotes or in a comment.
func (t *tally) flow(line []byte) {
	opened := openers(line, '{') + openers(line, '[')
	t.commas += bytes.Count(line, []byte(","))
	if opened == 0 {
		return
	}
	t.widest = max(t.widest, opened)
	if !bytes.ContainsAny(line, "'\"#") {
		opened -= bytes.Count(line, []byte("}")) + bytes.Count(line, []byte("]"))
	}
	t.openers += max(opened, 0)
}

// clears compares with the limits. A flow collection that begins after block text may be closed by that text as far
// as this can see, hence twice the widest line.
func (t *tally) clears(l limits) bool {
	commas := t.commas + t.widest
	if t.widest == 0 {
		commas = 0
	}
	return t.openers+2*t.widest <= l.openers && commas < l.keys &&
		t.values+2*commas <= l.values && t.indentation <= l.indentation
}

// leading returns the column of the first character that isn't a space, and of the first one after the "- " and "? "
// that follow: each of these opens a level.
func leading(line []byte) (column, text int) {
	for column < len(line) && line[column] == ' ' {
		column++
	}
	text = column
	for text < len(line) && strings.IndexByte("-? \t", line[text]) >= 0 {
		text++
	}
	return column, text
}

// openers counts the brackets or braces of a line that may open a flow collection.
func openers(line []byte, opener byte) int {
	found := 0
	for at := range positions(line, opener) {
		if at == 0 || strings.IndexByte(" \t\r{[,:?-\"'", line[at-1]) >= 0 {
			found++
		}
	}
	return found
}

// named tells whether a document may hold an anchor (&name) or an alias (*name).
func named(document []byte, indicator byte) bool {
	for at := range positions(document, indicator) {
		begins := at == 0 || strings.IndexByte(" \t\n\r{[,:?-\"'", document[at-1]) >= 0
		ends := at+1 == len(document) || strings.IndexByte(" \t\n\r", document[at+1]) >= 0
		if begins && !ends {
			return true
		}
	}
	return false
}

func positions(data []byte, wanted byte) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; ; at++ {
			next := bytes.IndexByte(data[at:], wanted)
			if next < 0 {
				return
			}
			at += next
			if !yield(at) {
				return
			}
		}
	}
}

// oddBreaks tells whether a document has line breaks other than \n and \r\n, or isn't UTF-8: the YAML library knows
// carriage returns, NEL, LS, PS, and UTF-16 that begins with a byte order mark.
func oddBreaks(document []byte) bool {
	for _, odd := range []string{"\u0085", "\u2028", "\u2029", "\ufeff"} {
		if bytes.Contains(document, []byte(odd)) {
			return true
		}
	}
	return bytes.HasPrefix(document, []byte("\xff\xfe")) || bytes.HasPrefix(document, []byte("\xfe\xff")) ||
		bytes.Count(document, []byte("\r")) != bytes.Count(document, []byte("\r\n"))
}
